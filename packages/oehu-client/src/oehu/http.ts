import {
  type AbortOptions,
  type Environment,
  isEdmpError,
  sleep,
  throwIfAborted,
  withDeadline,
} from '@edmp/interface';
import { boundedMap } from '@edmp/interface/bounded';
import { MeterError } from '../errors.ts';
import { type Json, parseJson } from './json.ts';

/** The part of `fetch` that the client uses. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

/** How calls are repeated. Waits are full jitter: a random part of min(`capMs`, `baseMs` · 2ⁿ). */
export interface RetryOptions {
  /** Most attempts, the first one included. Default 4. */
  readonly attempts?: number;
  /** Default 250. */
  readonly baseMs?: number;
  /** Default 8000. */
  readonly capMs?: number;
}

/** Options of {@link createHttp}. */
export interface HttpOptions {
  readonly environment: Environment;
  readonly fetch: FetchLike;
  /** Deadline of one attempt, from connecting to the last byte. Default 15 s. */
  readonly timeoutMs?: number;
  /** Deadline of a call with all its attempts and waits. Default 60 s. */
  readonly totalMs?: number;
  /** Default 32 MiB. */
  readonly maxBodyBytes?: number;
  readonly retry?: RetryOptions;
  /**
   * `etag` sends If-None-Match; `cache` leaves it to the HTTP cache (browsers: OEHU answers no preflight, so no custom
   * header may be sent); `off` does neither.
   */
  readonly conditional: 'etag' | 'cache' | 'off';
  /** Headers of every request, e.g. an authorization. Default none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Answers that `etag` may remember. Default 16, of at most 1 MiB each. */
  readonly rememberedAnswers?: number;
}

/** GET and POST of JSON with deadlines, retries, a body limit and conditional requests. */
export interface Http {
  /** Parsed JSON of a GET. Retries network failures, 408, 425, 429 and 5xx within the total deadline. */
  get(url: string, options?: AbortOptions): Promise<Json>;
  /** Body of a GET as text. */
  getText(url: string, options?: AbortOptions): Promise<string>;
  /** Body of a GET as it came. */
  getBytes(url: string, options?: AbortOptions): Promise<Uint8Array>;
  /** Parsed JSON of a POST, never repeated. */
  post(url: string, body: Json, options?: AbortOptions): Promise<Json>;
}

const RETRYABLE_STATUS = new Set([304, 408, 425, 429, 500, 502, 503, 504]);
const REMEMBERED_BYTES = 1 << 20;

interface Remembered {
  readonly etag: string;
  readonly body: Uint8Array;
}

interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
  readonly headers: Headers;
}

/** An {@link Http} over `fetch`. Throws {@link MeterError}s and `ERR_ABORTED` only. */
export function createHttp(options: HttpOptions): Http {
  const { environment } = options;
  const timeoutMs = options.timeoutMs ?? 15_000;
  const totalMs = options.totalMs ?? 60_000;
  const maxBodyBytes = options.maxBodyBytes ?? 32 << 20;
  const attempts = options.retry?.attempts ?? 4;
  const baseMs = options.retry?.baseMs ?? 250;
  const capMs = options.retry?.capMs ?? 8000;
  const limit = options.rememberedAnswers ?? 16;
  const remembered = boundedMap<string, Remembered>({ max: limit });

  const unit = (): number => {
    const [a = 0, b = 0, c = 0] = environment.randomBytes(3);
    return ((a << 16) | (b << 8) | c) / 0x1_00_00_00;
  };

  const once = (
    url: string,
    init: RequestInit,
    signal: AbortSignal | undefined,
    ms: number,
  ): Promise<Answer> =>
    withDeadline(
      environment,
      ms,
      'The meter source',
      async (inner) => {
        const response = await options.fetch(url, { ...init, signal: inner, redirect: 'error' });
        const body = await readBody(response, maxBodyBytes, inner);
        return { status: response.status, body, headers: response.headers };
      },
      { signal },
    );

  const getParsed = async <T>(
    url: string,
    parse: (body: Uint8Array) => T,
    call: AbortOptions = {},
  ): Promise<T> => {
    const deadline = environment.now() + totalMs;
    const known = options.conditional === 'etag' ? remembered.get(url) : undefined;
    const init: RequestInit = { method: 'GET' };
    if (known !== undefined || options.headers !== undefined) {
      init.headers = { ...options.headers, ...(known === undefined ? {} : { 'if-none-match': known.etag }) };
    }
    if (options.conditional === 'cache') init.cache = 'no-cache';
    let failure: unknown;
    for (let attempt = 0; attempt < attempts; attempt++) {
      throwIfAborted(call.signal);
      const left = deadline - environment.now();
      if (left <= 0) break;
      let wait = unit() * Math.min(capMs, baseMs * 2 ** attempt);
      try {
        const answer = await once(url, init, call.signal, Math.min(timeoutMs, left));
        if (answer.status === 304 && known !== undefined) return parse(known.body);
        if (answer.status === 200) {
          const parsed = parse(answer.body);
          remember(url, answer);
          return parsed;
        }
        failure = statusError(url, answer);
        if (!RETRYABLE_STATUS.has(answer.status)) throw failure;
        wait = Math.max(wait, Math.min(capMs, retryAfter(answer.headers, environment.now())));
      } catch (error) {
        failure = classify(error, timeoutMs);
        if (!isEdmpError(failure) || !failure.retryable) throw failure;
      }
      if (attempt + 1 < attempts) {
        if (environment.now() + wait >= deadline) break;
        await sleep(environment, wait, call);
      }
    }
    throw failure ?? new MeterError('ERR_METER_TIMEOUT', 'The total deadline passed', { retryable: true });
  };

  const remember = (url: string, answer: Answer): void => {
    const etag = answer.headers.get('etag');
    if (options.conditional !== 'etag' || etag === null || answer.body.length > REMEMBERED_BYTES) return;
    remembered.set(url, { etag, body: answer.body });
  };

  return {
    getText: (url, call) => getParsed(url, textOf, call),
    getBytes: (url, call) => getParsed(url, (body) => body, call),
    get: (url, call) => getParsed(url, parseAnswer, call),
    async post(url, body, call = {}) {
      try {
        const init = {
          method: 'POST',
          headers: { ...options.headers, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        };
        const answer = await once(url, init, call.signal, timeoutMs);
        if (answer.status >= 400) throw statusError(url, answer);
        return parseJson(textOf(answer.body));
      } catch (error) {
        throw classify(error, timeoutMs);
      }
    },
  };
}

const textOf = (body: Uint8Array): string => new TextDecoder().decode(body);

/** A proxy's page or a cut-off body in place of JSON may be gone a moment later, so it is worth another attempt. */
function parseAnswer(body: Uint8Array): Json {
  try {
    return parseJson(textOf(body));
  } catch (cause) {
    if (!isEdmpError(cause, 'ERR_METER_FORMAT')) throw cause;
    throw new MeterError('ERR_METER_FORMAT', 'Expected JSON from the meter source', {
      cause,
      retryable: true,
    });
  }
}

/** Reads a body and stops at the limit. */
async function readBody(response: Response, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array(0);
  const reader = response.body.getReader();
  const cancel = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener('abort', cancel, { once: true });
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > maxBytes) {
        throw new MeterError('ERR_METER_LIMIT', `The answer is larger than ${maxBytes} bytes`);
      }
      parts.push(value);
    }
    throwIfAborted(signal);
    const body = new Uint8Array(size);
    let position = 0;
    for (const part of parts) {
      body.set(part, position);
      position += part.length;
    }
    return body;
  } finally {
    signal.removeEventListener('abort', cancel);
    cancel();
  }
}

/** `Retry-After` in ms: seconds or a date, 0 when absent (RFC 9110 §10.2.3). */
function retryAfter(headers: Headers, now: number): number {
  const text = headers.get('retry-after');
  if (text === null) return 0;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? 0 : Math.max(0, at - now);
}

function statusError(url: string, answer: Answer): MeterError {
  const { pathname } = new URL(url);
  let code: string | undefined;
  try {
    const body = parseJson(textOf(answer.body)) as { code?: unknown } | null;
    if (typeof body?.code === 'string') code = body.code.slice(0, 200);
  } catch {
    // a proxy's page, not OEHU's error body
  }
  return new MeterError(
    'ERR_METER_HTTP',
    `The meter source answered ${answer.status} to ${pathname}${code === undefined ? '' : `: ${code}`}`,
    { details: { status: answer.status, code }, retryable: RETRYABLE_STATUS.has(answer.status) },
  );
}

/** Turns whatever `fetch` throws into a typed error. */
function classify(error: unknown, timeoutMs: number): unknown {
  if (isEdmpError(error, 'ERR_TIMEOUT')) {
    return new MeterError('ERR_METER_TIMEOUT', `The meter source took longer than ${timeoutMs} ms`, {
      cause: error,
      retryable: true,
    });
  }
  if (isEdmpError(error)) return error;
  return new MeterError(
    'ERR_METER_UNREACHABLE',
    `The meter source cannot be reached or closed the connection${reasonOf(error)}`,
    {
      cause: error,
      retryable: true,
    },
  );
}

/** What the runtime says of a failed request: Node puts it in the cause of its own "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const text = error.cause instanceof Error ? error.cause.message : error.message;
  return text === '' ? '' : `: ${text.slice(0, 200)}`;
}
