import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createSecureServer } from 'node:http2';
import { EdmpError, InvalidArgumentError } from '@edmp/interface';
import { type Http2Bindings, serve } from '@hono/node-server';
import { ipfsAnswer } from './ipfs-routes.ts';
import { type HttpServer, whyNotListening } from './start.ts';

/** Options of {@link startGateway}. */
export interface StartGatewayOptions {
  readonly gateway: (request: Request) => Promise<Response>;
  readonly host: string;
  /** TCP port; 0 = any free one. */
  readonly port: number;
  /** Files of a certificate chain and its key, PEM. With them it speaks TLS, HTTP/2 and 1.1; without them it stays on loopback. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Hears of failures that the client is told nothing about. */
  readonly onFailure: (error: unknown) => void;
}

const MAX_CONNECTIONS = 512;
const MAX_STREAMS_PER_CONNECTION = 64;
/** Of one connection that does nothing, ms. */
const IDLE_MS = 60_000;

/**
 * A listener for the trustless gateway alone: nothing of the node's API is reached through it. Throws
 * `ERR_INVALID_ARGUMENT` for an address beyond loopback without TLS, `ERR_HTTP_LISTEN` when it cannot listen.
 */
export async function startGateway(options: StartGatewayOptions): Promise<HttpServer> {
  const { host, tls } = options;
  if (tls === undefined && host !== '127.0.0.1' && host !== '::1') {
    throw new InvalidArgumentError(
      `The gateway listens on ${JSON.stringify(host)} only with a certificate; without one it listens on 127.0.0.1 or ::1, where a reverse proxy that has one can reach it`,
    );
  }
  const answer = async (request: Request): Promise<Response> => {
    try {
      return (
        (await ipfsAnswer(request, options.gateway)) ??
        new Response('Only /ipfs/{cid} is served\n', {
          status: 404,
          headers: { 'content-type': 'text/plain' },
        })
      );
    } catch (error) {
      options.onFailure(error);
      return new Response('The request failed\n', { status: 500, headers: { 'content-type': 'text/plain' } });
    }
  };
  const { server, port } = await listen(options, answer);
  let stopping: Promise<void> | undefined;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    [Symbol.asyncDispose](this: HttpServer) {
      return this.stop();
    },
    stop() {
      stopping ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of server.sockets) socket.destroy();
      });
      return stopping;
    },
  };
}

/** A server with its open sockets: HTTP/2 ones cannot close them by themselves. */
type Listening = Server & { readonly sockets: ReadonlySet<{ destroy(): unknown }> };

function listen(
  { host, port, tls }: StartGatewayOptions,
  answer: (request: Request) => Promise<Response>,
): Promise<{ readonly server: Listening; readonly port: number }> {
  const secure =
    tls === undefined
      ? {}
      : {
          createServer: createSecureServer,
          serverOptions: {
            allowHTTP1: true,
            cert: read(tls.certificate),
            key: read(tls.key),
            settings: { maxConcurrentStreams: MAX_STREAMS_PER_CONNECTION },
          },
        };
  return new Promise((resolve, reject) => {
    const sockets = new Set<{ destroy(): unknown }>();
    const fetch = (request: Request, _: Http2Bindings | object): Promise<Response> => answer(request);
    const server = serve({ fetch, hostname: host, port, overrideGlobalObjects: false, ...secure }, (info) => {
      server.off('error', onError);
      resolve({ server: Object.assign(server, { sockets }), port: info.port });
    }) as Server;
    const onError = (cause: Error): void =>
      reject(
        new EdmpError(
          'ERR_HTTP_LISTEN',
          `The gateway cannot listen on ${host} port ${port}: ${whyNotListening(cause)}`,
          {
            cause,
          },
        ),
      );
    server.once('error', onError);
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.setTimeout(IDLE_MS, () => socket.destroy());
    });
    server.maxConnections = MAX_CONNECTIONS;
    server.headersTimeout = 10_000;
    server.requestTimeout = 30_000;
  });
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new InvalidArgumentError(`The file ${path} of the gateway's certificate cannot be read`, { cause });
  }
}
