import type { Server } from 'node:http';
import { EdmpError, InvalidArgumentError } from '@edmp/interface';
import { serve } from '@hono/node-server';
import type { Hono } from 'hono';

/** Options of {@link startHttp}. */
export interface StartHttpOptions {
  readonly app: Hono;
  /** A loopback address: `127.0.0.1` (default) or `::1`. */
  readonly host?: string;
  /** TCP port; 0 = any free one. */
  readonly port: number;
  /** How long a caller may take. Defaults: {@link HTTP_LIMITS}. */
  readonly limits?: Partial<HttpLimits>;
}

/** How long a caller may take, ms, so that those who send or read nothing do not keep others out. */
export interface HttpLimits {
  /** Until a request's head is there. */
  readonly headMs: number;
  /** Until a whole request is there: 64 MiB at some 4 Mbit/s. */
  readonly requestMs: number;
  /** Until the next request on an open connection. */
  readonly idleMs: number;
  /** Without a byte in either direction: a file may be worked on for ten minutes. Streams say something every minute. */
  readonly silentMs: number;
  /** How often the first two are looked at. */
  readonly everyMs: number;
}

/** See {@link StartHttpOptions.limits}. */
export const HTTP_LIMITS: HttpLimits = {
  headMs: 10_000,
  requestMs: 150_000,
  idleMs: 10_000,
  silentMs: 620_000,
  everyMs: 2_000,
};

/** A listening HTTP server. */
export interface HttpServer extends AsyncDisposable {
  /** E.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Ends every connection, streams too. Idempotent. */
  stop(): Promise<void>;
}

const MAX_CONNECTIONS = 256;

/**
 * Listens on a loopback address only: the API has no transport encryption. Throws `ERR_INVALID_ARGUMENT` for another
 * host, `ERR_HTTP_LISTEN` when the port cannot be had.
 */
export async function startHttp(options: StartHttpOptions): Promise<HttpServer> {
  const host = options.host ?? '127.0.0.1';
  if (host !== '127.0.0.1' && host !== '::1') {
    throw new InvalidArgumentError(
      `The HTTP API listens on 127.0.0.1 or ::1 only, got ${JSON.stringify(host)}; reach it from elsewhere through an SSH tunnel`,
    );
  }
  const limits = { ...HTTP_LIMITS, ...options.limits };
  const { server, port } = await listen(options.app, host, options.port, limits);
  let stopping: Promise<void> | undefined;
  return {
    url: `http://${host === '::1' ? '[::1]' : host}:${port}`,
    [Symbol.asyncDispose](this: HttpServer) {
      return this.stop();
    },
    stop() {
      stopping ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return stopping;
    },
  };
}

/** What the system says when a port cannot be had, in words for people. */
export function whyNotListening(cause: Error & { readonly code?: string }): string {
  if (cause.code === 'EADDRINUSE') return 'it is in use; choose another port';
  if (cause.code === 'EACCES') return 'the system does not allow it to this user; choose a port above 1023';
  return cause.message;
}

function listen(
  app: Hono,
  hostname: string,
  port: number,
  limits: HttpLimits,
): Promise<{ readonly server: Server; readonly port: number }> {
  return new Promise((resolve, reject) => {
    const server = serve(
      {
        fetch: app.fetch,
        hostname,
        port,
        overrideGlobalObjects: false,
        serverOptions: {
          connectionsCheckingInterval: limits.everyMs,
          headersTimeout: limits.headMs,
          requestTimeout: limits.requestMs,
          keepAliveTimeout: limits.idleMs,
          maxHeaderSize: 16_384,
        },
      },
      (info) => {
        server.off('error', onError);
        resolve({ server, port: info.port });
      },
    ) as Server;
    const onError = (cause: Error & { readonly code?: string }): void => {
      const why = whyNotListening(cause);
      reject(
        new EdmpError('ERR_HTTP_LISTEN', `Cannot listen on ${hostname} port ${port}: ${why}`, { cause }),
      );
    };
    server.once('error', onError);
    server.maxConnections = MAX_CONNECTIONS;
    server.timeout = limits.silentMs;
  });
}
