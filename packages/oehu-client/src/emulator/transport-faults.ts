import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Environment, SeededRandom } from '@edmp/interface';
import type { EmulatedFault, TransportFault } from './faults.ts';

/** Picks transport faults for requests and keeps outages going. */
export interface TransportFaults {
  /** The fault of the next request, if any. */
  pick(): TransportFault | undefined;
}

/** Draws at most one fault a request from `faults`, by their rates. */
export function transportFaults(
  faults: () => readonly EmulatedFault[],
  random: SeededRandom,
  environment: Environment,
): TransportFaults {
  let outageUntil = 0;
  return {
    pick() {
      if (environment.now() < outageUntil) return 'outage';
      for (const { kind, rate, durationMs } of faults()) {
        if (random.unit() >= (rate ?? 0.01)) continue;
        if (kind === 'outage') outageUntil = environment.now() + (durationMs ?? 60_000);
        return kind as TransportFault;
      }
      return undefined;
    },
  };
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

/**
 * Answers a request faultily. `body` is the right answer. Timers of faults that take time are the environment's; what
 * hangs is ended by the client or by the server's stop.
 */
export function sendFault(
  fault: TransportFault,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  environment: Environment,
): void {
  const half = body.subarray(0, Math.max(1, Math.floor(body.length / 2)));
  switch (fault) {
    case 'status-500':
      response
        .writeHead(500, JSON_TYPE)
        .end(JSON.stringify({ code: "Cannot read property 'collection' of null", status: 500, context: {} }));
      return;
    case 'html-502':
      response
        .writeHead(502, { 'content-type': 'text/html' })
        .end('<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>');
      return;
    case 'status-429':
      response
        .writeHead(429, { ...JSON_TYPE, 'retry-after': '0' })
        .end('{"code":"too-many-requests","status":429}');
      return;
    case 'hang':
      return;
    case 'stall':
      response.writeHead(200, { ...JSON_TYPE, 'content-length': body.length }).write(half);
      return;
    case 'truncated-json':
      response.writeHead(200, JSON_TYPE).end(half);
      return;
    case 'reset':
      response.writeHead(200, { ...JSON_TYPE, 'content-length': body.length });
      response.write(half, () => request.socket.destroy());
      return;
    case 'outage':
      request.socket.destroy();
      return;
    case 'slow':
      drip(response, body, environment);
      return;
    case 'wrong-type':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><p>It works!</p>');
      return;
    case 'bare-304':
      response.writeHead(304).end();
      return;
    case 'oversize':
      oversize(response);
      return;
  }
}

/** Sends a byte every 10 ms: a body that comes, and never in time. */
function drip(response: ServerResponse, body: Buffer, environment: Environment): void {
  response.writeHead(200, { ...JSON_TYPE, 'content-length': body.length });
  let position = 0;
  const next = (): void => {
    if (response.destroyed || response.writableEnded) return;
    if (position >= body.length) {
      response.end();
      return;
    }
    response.write(body.subarray(position, position + 1));
    position += 1;
    environment.schedule(10, next);
  };
  next();
}

/** Sends white space up to 64 MiB, or until the client has had enough. */
function oversize(response: ServerResponse): void {
  const part = Buffer.alloc(64 * 1024, 0x20);
  let left = 1024;
  response.writeHead(200, JSON_TYPE);
  const next = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= 1;
      if (!response.write(part)) {
        response.once('drain', next);
        return;
      }
    }
    response.end();
  };
  next();
}
