import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Environment, InvalidArgumentError, seededRandom, systemEnvironment } from '@edmp/interface';
import { zoneOf } from '../time/zone.ts';
import { type EmulatedDevice, emulatedDevice } from './device.ts';
import { checkFaults, type EmulatedFault, isDeviceFault, isSignatureFault } from './faults.ts';
import { answerGet, answerPost, type EmulatedReply, type EmulatedState } from './routes.ts';
import { sendFault, transportFaults } from './transport-faults.ts';
import { normal } from './weather.ts';

/** Options of {@link startOehuEmulator}. */
export interface OehuEmulatorOptions {
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** Port of the public API; 0 = any free one. Default 0. */
  readonly port?: number;
  /** Port of the control plane; 0 = any free one. Default 0. */
  readonly controlPort?: number;
  /** Equal seeds give equal bytes. Default 1. */
  readonly seed?: number;
  /** Number of devices. Default 6. */
  readonly households?: number;
  /** A moment in the first day with readings, ms since the epoch; the first reading is at its local midnight. Default 2026-03-02. */
  readonly start?: number;
  /** Days of readings before the clock's first value. Default 2. */
  readonly days?: number;
  /** Time between readings. Default 60 s, as OEHU's devices did; must divide a day. */
  readonly readingEverySeconds?: number;
  /** IANA zone of the households. Default `Europe/Amsterdam`. */
  readonly zone?: string;
  /** The emulated clock. Default one that stands still at the end of `days` until the control plane moves it. */
  readonly now?: () => number;
  /** Time that the emulated database takes for one row; `false` = none. Default false. */
  readonly latency?: false | { readonly medianRowMs: number };
  /** Share of households with solar panels. Default 0.5. */
  readonly solarShare?: number;
  /** Share of households that charge an electric car at home. Default 0. */
  readonly carShare?: number;
  /** Faults from the start: of devices (only here, they are signed), signatures and transport. Default none. */
  readonly faults?: readonly EmulatedFault[];
  /** Timers and randomness of the transport. Default the system's. */
  readonly environment?: Environment;
}

/** A running emulator. */
export interface OehuEmulator extends AsyncDisposable {
  /** Base URL of the emulated API. */
  readonly url: string;
  /** Base URL of the control plane: `GET /stats`, `GET` and `POST /clock` (`{advanceMs}`), `GET` and `POST /scenario` (`{faults}`). */
  readonly controlUrl: string;
  readonly devices: readonly EmulatedDevice[];
  /** First instant with readings. */
  readonly start: number;
  /** The emulated clock. */
  now(): number;
  /** Moves the emulated clock forward. */
  advance(ms: number): void;
  /** Replaces the faults of signatures and transport. Throws `ERR_INVALID_ARGUMENT` for a device fault. */
  setFaults(faults: readonly EmulatedFault[]): void;
  /** Closes both ports and every connection. */
  stop(): Promise<void>;
}

const MAX_BODY = 64 * 1024;
const MAX_DEVICES = 10_000;

/**
 * Starts an HTTP server that behaves like api.oehu.org did in 2019, over simulated households with really signed
 * readings. Its fidelity rests on reading the original sources, not on recorded traffic. Throws
 * `ERR_INVALID_ARGUMENT` for unusable options.
 */
export async function startOehuEmulator(options: OehuEmulatorOptions = {}): Promise<OehuEmulator> {
  const environment = options.environment ?? systemEnvironment();
  const zone = zoneOf(options.zone ?? 'Europe/Amsterdam');
  const seed = options.seed ?? 1;
  const households = options.households ?? 6;
  const everySeconds = options.readingEverySeconds ?? 60;
  const days = options.days ?? 2;
  if (!Number.isInteger(households) || households < 0 || households > MAX_DEVICES) {
    throw new InvalidArgumentError(`Expected 0 to ${MAX_DEVICES} households, got ${households}`);
  }
  if (!Number.isInteger(everySeconds) || everySeconds < 1 || 86_400 % everySeconds !== 0) {
    throw new InvalidArgumentError(`Expected seconds that divide a day, got ${everySeconds}`);
  }
  const start = zone.startOfDay(options.start ?? Date.UTC(2026, 2, 2, 12));
  let clock = start;
  for (let i = 0; i < days; i++) clock = zone.nextDay(clock);
  const now = options.now ?? (() => clock);
  const initial = checkFaults(options.faults ?? []);
  let faults = initial.filter(({ kind }) => !isDeviceFault(kind));
  const setFaults = (next: unknown): void => {
    const checked = checkFaults(next);
    const device = checked.find(({ kind }) => isDeviceFault(kind));
    if (device !== undefined) {
      throw new InvalidArgumentError(
        `${device.kind} is signed into the readings; give it when the emulator starts`,
      );
    }
    faults = [...checked];
  };
  const devices = Array.from({ length: households }, (_, index) =>
    emulatedDevice({
      seed,
      index,
      zone,
      start,
      everyMs: everySeconds * 1000,
      faults: initial.filter(({ kind }) => isDeviceFault(kind)),
      ...(options.solarShare === undefined ? {} : { solarShare: options.solarShare }),
      ...(options.carShare === undefined ? {} : { carShare: options.carShare }),
    }),
  );
  const chances = seededRandom(seed).fork('signature faults');
  const state: EmulatedState = {
    devices,
    now,
    accounts: new Map(),
    faults: () => faults,
    chance: () => chances.unit(),
  };
  const transport = transportFaults(
    () => faults.filter(({ kind }) => !isSignatureFault(kind)),
    seededRandom(seed).fork('transport faults'),
    environment,
  );
  const statistics = { requests: 0, notModified: 0, rows: 0, faults: {} as Record<string, number> };
  const delays = seededRandom(seed).fork('latency');
  const delay = (rows: number): Promise<void> => {
    const { latency } = options;
    if (latency === undefined || latency === false) return Promise.resolve();
    let ms = 0;
    for (let row = 0; row <= rows; row++) ms += latency.medianRowMs * Math.exp(0.4 * normal(delays));
    return new Promise((resolve) => environment.schedule(ms, resolve));
  };

  const api = createServer((request, response) => {
    statistics.requests++;
    void handle(request).then(
      async ({ answer, isHead }) => {
        statistics.rows += answer.rows;
        await delay(answer.rows);
        const fault = request.method === 'GET' ? transport.pick() : undefined;
        if (fault !== undefined) {
          statistics.faults[fault] = (statistics.faults[fault] ?? 0) + 1;
          sendFault(fault, request, response, bodyOf(answer), environment);
          return;
        }
        if (send(request, response, answer, isHead)) statistics.notModified++;
      },
      () => {
        response.writeHead(500).end();
      },
    );
  });
  const handle = async (request: IncomingMessage): Promise<{ answer: EmulatedReply; isHead: boolean }> => {
    const target = new URL(request.url ?? '/', 'http://emulator');
    if (request.method === 'POST') {
      const body = await readBody(request);
      return { answer: answerPost(state, target.pathname, body), isHead: false };
    }
    if (request.method === 'OPTIONS') {
      // Express answers for the route without the handler's CORS headers: preflights fail in browsers.
      return { answer: { status: 200, body: 'GET,HEAD', rows: 0 }, isHead: false };
    }
    return {
      answer: answerGet(state, target.pathname, target.searchParams),
      isHead: request.method === 'HEAD',
    };
  };

  const control = createServer((request, response) => {
    void readBody(request).then((body) => {
      const { pathname } = new URL(request.url ?? '/', 'http://control');
      if (pathname === '/clock') {
        const advance = isRecord(body) ? body.advanceMs : undefined;
        if (typeof advance === 'number' && advance >= 0) clock += advance;
        return json(response, 200, { now: now() });
      }
      if (pathname === '/scenario') {
        try {
          if (request.method === 'POST') setFaults(isRecord(body) ? body.faults : undefined);
          return json(response, 200, { faults });
        } catch (error) {
          return json(response, 400, {
            code: 'validation-error',
            message: error instanceof Error ? error.message : '',
          });
        }
      }
      if (pathname === '/stats') return json(response, 200, statistics);
      return json(response, 404, { code: 'not-found' });
    });
  });

  const host = options.host ?? '127.0.0.1';
  const url = await listen(api, host, options.port ?? 0);
  const controlUrl = await listen(control, host, options.controlPort ?? 0);
  return {
    url,
    controlUrl,
    devices,
    start,
    now,
    advance(ms) {
      if (!(ms >= 0)) throw new InvalidArgumentError(`Time moves forward only, got ${ms} ms`);
      clock += ms;
    },
    setFaults,
    [Symbol.asyncDispose](this: OehuEmulator) {
      return this.stop();
    },
    async stop() {
      await Promise.all([close(api), close(control)]);
    },
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Reads a JSON body of bounded size; anything else reads as undefined. */
async function readBody(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_BODY) return undefined;
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}

const bodyOf = ({ body }: EmulatedReply): Buffer =>
  Buffer.from(typeof body === 'string' ? body : JSON.stringify(body), 'utf8');

/** Sends as Express does: weak ETag, 304 on a match, CORS on GET only. Returns whether it was a 304. */
function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: EmulatedReply,
  isHead: boolean,
): boolean {
  const isText = typeof answer.body === 'string';
  const body = bodyOf(answer);
  const digest = createHash('sha1').update(body).digest('base64').slice(0, 27);
  const etag = `W/"${body.length.toString(16)}-${digest}"`;
  response.setHeader('x-oehu-emulator', '1');
  if (request.method === 'OPTIONS') {
    response.writeHead(200, { allow: 'GET,HEAD' }).end(body);
    return false;
  }
  if (request.method === 'GET' || isHead) response.setHeader('access-control-allow-origin', '*');
  response.setHeader('etag', etag);
  if (answer.status === 200 && request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return true;
  }
  response.writeHead(answer.status, {
    'content-type': isText ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8',
    'content-length': body.length,
  });
  response.end(isHead ? undefined : body);
  return false;
}

function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      const address = server.address() as AddressInfo;
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      resolve(`http://${name}:${address.port}`);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
