import {
  type AbortOptions,
  EdmpError,
  type Environment,
  isEdmpError,
  throwIfAborted,
  withDeadline,
} from '@edmp/interface';
import { errorBody } from '../http/views.ts';

/** Where a node is and how it is asked. */
export interface TransportOptions {
  readonly url: string;
  readonly token: string | undefined;
  readonly fetch: typeof globalThis.fetch;
  readonly environment: Environment;
  /** Longest wait for an answer, ms. */
  readonly timeoutMs: number;
}

/** A file of millions of readings takes longer than any other request. */
const FILE_TIMES = 10;

/** Sends requests to one node, and gives what it answers or throws what it refuses with. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #base: string;
  readonly #authorization: Readonly<Record<string, string>>;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#base = options.url.replace(/\/+$/, '');
    this.#authorization = options.token === undefined ? {} : { Authorization: `Bearer ${options.token}` };
  }

  /** The answer, once it begins. Throws `ERR_HTTP_UNREACHABLE` without one, and the error of a refusal. */
  async open(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await this.#options.fetch(`${this.#base}${path}`, {
        credentials: 'same-origin',
        redirect: 'error',
        ...init,
        headers: {
          ...this.#authorization,
          ...(init.headers as Readonly<Record<string, string>> | undefined),
        },
      });
    } catch (cause) {
      if (isEdmpError(cause)) throw cause;
      throw new EdmpError(
        'ERR_HTTP_UNREACHABLE',
        `No answer from the node at ${this.#base}; is it running?`,
        {
          cause,
          retryable: true,
        },
      );
    }
    if (!response.ok) throw await refusalOf(response);
    return response;
  }

  /** The whole answer as text. Throws `ERR_TIMEOUT`, `ERR_ABORTED` and what {@link open} throws. */
  text(path: string, init: RequestInit, abort: AbortOptions = {}): Promise<string> {
    const { environment, timeoutMs } = this.#options;
    return withDeadline(
      environment,
      init.body instanceof Uint8Array ? FILE_TIMES * timeoutMs : timeoutMs,
      `${init.method ?? 'GET'} ${path}`,
      async (signal) => (await this.open(path, { ...init, signal })).text(),
      abort,
    );
  }

  /** A file that may be large: the deadline is for its beginning, the signal for all of it. */
  async pieces(path: string, abort: AbortOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    const { environment, timeoutMs } = this.#options;
    const controller = new AbortController();
    const stop = (): void => controller.abort(abort.signal?.reason);
    abort.signal?.addEventListener('abort', stop, { once: true });
    const begin = (signal: AbortSignal): Promise<Response> => {
      signal.addEventListener('abort', stop, { once: true });
      return this.open(path, { signal: controller.signal });
    };
    const { body } = await withDeadline(environment, timeoutMs, `GET ${path}`, begin, abort);
    return bodyPieces(body, abort.signal);
  }
}

/** The value that an answer's text is. Throws `ERR_HTTP_RESPONSE` for what is no JSON. */
export function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EdmpError('ERR_HTTP_RESPONSE', 'The answer is not JSON; is this the address of an EDMP node?', {
      cause,
    });
  }
}

async function refusalOf(response: Response): Promise<EdmpError> {
  const fallback = new EdmpError('ERR_HTTP_RESPONSE', `The answer has status ${response.status}`);
  try {
    const { error } = errorBody.parse(await response.json());
    return new EdmpError(error.code, error.message, {
      details: { status: response.status },
      retryable: response.status === 429 || response.status >= 502,
    });
  } catch {
    return fallback;
  }
}

/** The bytes of an answer as they come. Throws `ERR_ABORTED`, and `ERR_HTTP_UNREACHABLE` when they end too early. */
async function* bodyPieces(
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  try {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done || value === undefined) return;
      yield value;
    }
  } catch (cause) {
    throwIfAborted(signal);
    throw new EdmpError('ERR_HTTP_UNREACHABLE', 'The node broke off in the middle of the file', {
      cause,
      retryable: true,
    });
  } finally {
    await reader?.cancel().catch(() => undefined);
  }
}
