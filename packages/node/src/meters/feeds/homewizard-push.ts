import type { Socket } from 'node:net';
import type { Environment } from '@edmp/interface';
import { MeterError } from '@edmp/oehu-client';
import type WebSocketType from 'ws';
import type { RawData } from 'ws';
import type { FeedBudget } from './feed-budget.ts';
import { certificateChanged, type HomeWizardAccess, refusalOf } from './homewizard-client.ts';
import { connectPinned } from './pinned-connection.ts';

/** What {@link followHomeWizard} works with. */
export interface FollowHomeWizardOptions {
  readonly environment: Environment;
  readonly budget: FeedBudget;
  /** Told every measurement, one after the other. */
  readonly take: (measurement: unknown) => Promise<void>;
  /** Told what else came and what it means. */
  readonly damaged: (text: string) => void;
  /** Told when more comes than is read. */
  readonly flooded: () => void;
  readonly signal: AbortSignal;
}

/** Longest wait for the next measurement: a meter pushes one a second, some every ten. */
const SILENCE_MS = 90_000;
/** Messages of a meter have a few hundred bytes. */
const MAX_MESSAGE_BYTES = 64 << 10;
const HANDSHAKE_MS = 10_000;

/**
 * Follows the measurements that a HomeWizard meter with API v2 pushes over a WebSocket, until the connection ends. Its
 * certificate is looked at before anything is sent; the token goes only to whom it was paired with. Resolves when the
 * signal fires. Throws `ERR_METER_UNREACHABLE` when it does not push, falls silent or closes, `ERR_METER_CERTIFICATE`,
 * `ERR_METER_HTTP` when it does not know the token, `ERR_METER_LIMIT`.
 */
export async function followHomeWizard(
  { address, token, fingerprint }: HomeWizardAccess,
  options: FollowHomeWizardOptions,
): Promise<void> {
  const { signal } = options;
  const url = new URL('/api/ws', address);
  // First, so that no connection waits while it loads.
  const { WebSocket } = await import('ws');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? 443 : Number(url.port);
  const socket = await connectPinned(
    { host, port, isSecure: true },
    { what: 'HomeWizard meter', fingerprint, changed: certificateChanged(url.host), signal },
  );
  url.protocol = 'wss:';
  const line = new WebSocket(url, {
    createConnection: () => socket,
    headers: { 'x-api-version': '2' },
    handshakeTimeout: HANDSHAKE_MS,
    maxPayload: MAX_MESSAGE_BYTES,
    // Nothing of that size is worth it, and what unfolds could be large.
    perMessageDeflate: false,
    followRedirects: false,
  });
  try {
    await new Conversation(line, socket, token ?? '', options).ended;
  } finally {
    line.on('error', () => undefined);
    line.terminate();
    socket.destroy();
  }
}

/** What is said and heard on one connection. */
class Conversation {
  /** Resolves when the signal fires, rejects when the connection ends. */
  readonly ended: Promise<void>;
  readonly #line: WebSocketType;
  readonly #socket: Socket;
  readonly #token: string;
  readonly #options: FollowHomeWizardOptions;
  readonly #waiting: RawData[] = [];
  #isBusy = false;
  #isOver = false;
  #read = 0;
  #cancelSilence: () => void = () => undefined;
  #resolve: () => void = () => undefined;
  #reject: (error: MeterError) => void = () => undefined;

  constructor(line: WebSocketType, socket: Socket, token: string, options: FollowHomeWizardOptions) {
    this.#line = line;
    this.#socket = socket;
    this.#token = token;
    this.#options = options;
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { signal } = options;
    const stop = (): void => this.#end();
    signal.addEventListener('abort', stop, { once: true });
    const forget = (): void => signal.removeEventListener('abort', stop);
    this.ended.then(forget, forget);
    // Also 401: older firmware refuses whatever it does not know, and says on the usual way whom it knows.
    line.on('unexpected-response', (_request, { statusCode = 0 }) =>
      this.#end(closed(`it answered with status ${statusCode}`)),
    );
    line.on('error', (error) => this.#end(closed(error.message)));
    line.on('close', (code) => this.#end(closed(`it closed the connection (${code})`)));
    // Frames that are no messages take time as well.
    line.on('ping', () => this.#take(undefined));
    line.on('pong', () => this.#take(undefined));
    line.on('message', (data: RawData) => this.#take(data));
    this.#expect();
    if (signal.aborted) stop();
  }

  #end(error?: MeterError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelSilence();
    if (error === undefined) this.#resolve();
    else this.#reject(error);
  }

  #expect(): void {
    this.#cancelSilence();
    this.#cancelSilence = this.#options.environment.schedule(SILENCE_MS, () =>
      this.#end(closed(`it pushed nothing for ${SILENCE_MS / 1000} s`)),
    );
  }

  /** Takes in one frame after the other; nothing more is read from the line meanwhile. */
  #take(data: RawData | undefined): void {
    if (data !== undefined) this.#waiting.push(data);
    if (this.#isBusy || this.#isOver) return;
    this.#isBusy = true;
    this.#line.pause();
    this.#work()
      .then(() => {
        this.#isBusy = false;
        if (!this.#isOver) this.#line.resume();
      })
      .catch((error: unknown) => this.#end(error instanceof MeterError ? error : closed(String(error))));
  }

  async #work(): Promise<void> {
    const { budget, signal, flooded } = this.#options;
    const wait = { signal, onWait: flooded };
    do {
      const bytes = this.#socket.bytesRead - this.#read;
      this.#read += bytes;
      if (bytes > 0) await budget.takeBytes(bytes, wait);
      await budget.takeMessage(wait);
      const data = this.#waiting.shift();
      if (data !== undefined) await this.#hear(data);
    } while (this.#waiting.length > 0 && !this.#isOver);
  }

  async #hear(data: RawData): Promise<void> {
    const told = messageOf(data);
    if (told === undefined) {
      this.#options.damaged('It pushed what is no message of API v2');
      return;
    }
    if (told.type === 'authorization_requested') this.#say('authorization', this.#token);
    else if (told.type === 'authorized') this.#say('subscribe', 'measurement');
    else if (told.type === 'measurement') {
      this.#expect();
      await this.#options.take(told.data);
    } else if (told.type === 'error') this.#refused(told.data);
  }

  #refused(data: unknown): void {
    const text = JSON.stringify(data) ?? '';
    if (text.includes('unauthorized')) this.#end(refusalOf(401));
    else this.#end(closed(`it answered ${text.slice(0, 120)}`));
  }

  #say(type: string, data: string): void {
    if (!this.#isOver) this.#line.send(JSON.stringify({ type, data }), () => undefined);
  }
}

function messageOf(data: RawData): { readonly type: string; readonly data: unknown } | undefined {
  try {
    const parts = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
    const told: unknown = JSON.parse(parts.toString('utf8'));
    if (typeof told !== 'object' || told === null || !('type' in told)) return undefined;
    return typeof told.type === 'string'
      ? { type: told.type, data: 'data' in told ? told.data : undefined }
      : undefined;
  } catch {
    return undefined;
  }
}

const closed = (why: string): MeterError =>
  new MeterError('ERR_METER_UNREACHABLE', `The HomeWizard meter does not push: ${why}`, { retryable: true });
