import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { constants, createSecureServer, Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import { EdmpError, InvalidArgumentError } from '@edmp/interface';
import { semaphore } from '@edmp/interface/bounded';
import { type Http2Bindings, type HttpBindings, serve } from '@hono/node-server';
import { AnswerBudget } from './answer-budget.ts';
import { clientOf } from './client-address.ts';
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
  /** Longest that nothing of an answer is read before it is given up, ms. Default 60 000. */
  readonly idleMs?: number;
}

const MAX_CONNECTIONS = 512;
const MAX_STREAMS_PER_CONNECTION = 64;
/** Of one connection, or one answer of a connection that has many, that does nothing, ms. */
const IDLE_MS = 60_000;
/** Blocks read at the same time, each 1 MiB at most. */
const MAX_READS = 32;
/** Requests that wait for one of those reads; more are refused. */
const MAX_WAITING = 1_024;
/** Answers that were made and not read yet, bytes: eight of the largest blocks for one client. */
const ANSWERS = { perClient: 8 << 20, total: 64 << 20, graceMs: 5_000 };
/** What a CAR counts, whose length nobody knows: the block that it is at. */
const CAR_BYTES = 1 << 20;
/** Slowest that a block may be read, bytes a second, besides the idle time: many that drip must not hold the budget. */
const MIN_BYTES_PER_SECOND = 16 * 1024;

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
  const reads = semaphore(MAX_READS, { max: MAX_WAITING });
  const budget = new AnswerBudget({ ...ANSWERS, now: () => performance.now() });
  const answer = async (
    request: Request,
    { client, connection }: Asker,
    out: Outgoing,
  ): Promise<Response> => {
    try {
      const response =
        reads.size >= MAX_WAITING
          ? busy()
          : await reads.run(() => ipfsAnswer(request, options.gateway, client));
      if (response === undefined) return text(404, 'Only /ipfs/{cid} is served');
      return counted(
        response,
        out,
        (bytes, giveUp) => budget.take(client ?? connection, bytes, giveUp),
        options.idleMs ?? IDLE_MS,
      );
    } catch (error) {
      options.onFailure(error);
      return text(500, 'The request failed');
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

/** Who asks: an address where that tells clients apart, and a connection. */
interface Asker {
  readonly client: string | undefined;
  readonly connection: string;
}

type Outgoing = HttpBindings['outgoing'] | Http2Bindings['outgoing'];

const text = (status: number, words: string, headers: Record<string, string> = {}): Response =>
  new Response(`${words}\n`, { status, headers: { 'content-type': 'text/plain', ...headers } });

const busy = (): Response => text(429, 'Too much waits to be read: ask again', { 'retry-after': '1' });

/**
 * The response, when what it takes until its client has read it can be held; else one that says so. HTTP/2 lets a client
 * have many answers made and read none of them.
 */
function counted(
  response: Response,
  out: Outgoing,
  take: (bytes: number, giveUp: () => void) => (() => void) | undefined,
  idleMs: number,
): Response {
  if (response.body === null) return response;
  const length = response.headers.get('content-length');
  const isCar = length === null && response.ok;
  const bytes = isCar ? CAR_BYTES : Number(length ?? 0);
  const end = (): void => {
    if (out instanceof Http2ServerResponse) out.stream.close(constants.NGHTTP2_CANCEL);
    else out.destroy();
  };
  const giveBack = take(bytes, end);
  if (giveBack === undefined) {
    void response.body.cancel().catch(() => undefined);
    return busy();
  }
  // A CAR that is read slowly gives way when others wait for its place (see the gateway's slots).
  const late = isCar ? undefined : setTimeout(end, idleMs + (bytes * 1_000) / MIN_BYTES_PER_SECOND);
  late?.unref();
  if (out instanceof Http2ServerResponse) out.stream.setTimeout(idleMs, end);
  const over = (): void => {
    clearTimeout(late);
    giveBack();
  };
  if (out.destroyed || out.writableEnded) over();
  else out.once('close', over);
  return response;
}

const askerOf = (socket: Partial<Socket> | undefined): Asker => ({
  client: clientOf(socket?.remoteAddress),
  connection: `${socket?.remoteAddress} ${socket?.remotePort}`,
});

/** A server with its open sockets: HTTP/2 ones cannot close them by themselves. */
type Listening = Server & { readonly sockets: ReadonlySet<{ destroy(): unknown }> };

function listen(
  { host, port, tls }: StartGatewayOptions,
  answer: (request: Request, asker: Asker, out: Outgoing) => Promise<Response>,
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
    const fetch = (
      request: Request,
      { incoming, outgoing }: HttpBindings | Http2Bindings,
    ): Promise<Response> => answer(request, askerOf(incoming.socket), outgoing);
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
