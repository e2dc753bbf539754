import { Worker } from 'node:worker_threads';
import { AbortedError, EdmpError, type Environment } from '@edmp/interface';
import { MeterError, type MeterErrorCode } from '@edmp/oehu-client';
import type { ReadingAnswer, ReadingRequest } from './messages.ts';
import { threadProgram } from './thread-file.ts';

/**
 * Most memory of the thread, MiB: 64 MiB of the kind that unfolds most (JSON, a few readings each) take some 800. What
 * takes more is refused, and the node lives on.
 */
export const MAX_HEAP_MB = 1_024;
/** What the thread lets go of at once may pile up so far, MiB, before its collector looks. */
const MAX_YOUNG_MB = 48;
/** Nothing takes so long but a file made to take forever; 64 MiB take half a minute on a slow machine. */
const LONGEST_MS = 600_000;

/** A thread that reads meter files, from its start until it fails or is ended. */
export class ReadingThread {
  readonly #environment: Environment;
  readonly #worker: Worker;
  readonly #maxHeapMb: number;
  /** Whoever waits for the answer under way. */
  #waiting: { resolve(answer: ReadingAnswer): void; reject(error: unknown): void } | undefined;
  #failure: EdmpError | undefined;

  constructor(environment: Environment, maxHeapMb: number) {
    const program = threadProgram();
    if (program === undefined)
      throw new MeterError('ERR_METER_LIMIT', 'The program that reads meter files is not installed');
    this.#environment = environment;
    this.#maxHeapMb = maxHeapMb;
    this.#worker = new Worker(program.url, {
      execArgv: program.execArgv,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb, maxYoungGenerationSizeMb: MAX_YOUNG_MB },
    });
    this.#worker.unref();
    this.#worker.on('message', (answer: ReadingAnswer) => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting?.resolve(answer);
    });
    this.#worker.on('error', (error) => this.#fail(failureOf(error, this.#maxHeapMb)));
    this.#worker.on('exit', () => this.#fail(unexpectedEnd()));
  }

  /** Whether it can no longer be asked. */
  get isOver(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * The answer to a request; one at a time. An abort ends the thread, as nothing else stops what it is doing. Throws
   * what reading throws, `ERR_METER_LIMIT` when it takes too much memory, `ERR_METER_TIMEOUT`, `ERR_ABORTED`.
   */
  async ask(
    request: ReadingRequest,
    signal?: AbortSignal,
  ): Promise<Exclude<ReadingAnswer, { type: 'failed' }>> {
    if (signal?.aborted === true) throw new AbortedError();
    if (this.#failure !== undefined) throw this.#failure;
    // While an answer is due, the process must not end.
    this.#worker.ref();
    const abort = (): void => void this.end(new AbortedError());
    signal?.addEventListener('abort', abort, { once: true });
    const tooLong = new MeterError('ERR_METER_TIMEOUT', 'The file takes too long to be read; split it');
    const cancel = this.#environment.schedule(LONGEST_MS, () => void this.end(tooLong));
    try {
      const answer = await new Promise<ReadingAnswer>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        const moved = 'bytes' in request ? [request.bytes.buffer as ArrayBuffer] : [];
        this.#worker.postMessage(request, moved);
      });
      if (answer.type === 'failed') throw errorOf(answer);
      return answer;
    } finally {
      cancel();
      signal?.removeEventListener('abort', abort);
      this.#worker.unref();
    }
  }

  /** Lets go of what is left of the file that was read last. */
  drop(): void {
    if (this.#failure === undefined) this.#worker.postMessage({ type: 'drop' } satisfies ReadingRequest);
  }

  /** Ends the thread; whoever waits for it is told `why`. */
  async end(why: EdmpError = new AbortedError()): Promise<void> {
    this.#fail(why);
    await this.#worker.terminate();
  }

  #fail(error: EdmpError): void {
    this.#failure ??= error;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }
}

const unexpectedEnd = (): MeterError =>
  new MeterError('ERR_METER_FORMAT', 'The file cannot be read: its reader ended before it had read it');

function failureOf(error: unknown, maxHeapMb: number): MeterError {
  // Node's own code, which stands in no list of ours.
  if ((error as NodeJS.ErrnoException).code?.endsWith('_OUT_OF_MEMORY') === true)
    return new MeterError(
      'ERR_METER_LIMIT',
      `The file takes more than ${maxHeapMb} MiB of memory to be read; split it`,
      { cause: error },
    );
  const why = error instanceof Error ? error.message : 'no reason was given';
  return new MeterError('ERR_METER_FORMAT', `The file cannot be read: ${why}`, { cause: error });
}

function errorOf({ code, message }: { readonly code: string; readonly message: string }): EdmpError {
  return code.startsWith('ERR_METER_')
    ? new MeterError(code as MeterErrorCode, message)
    : new EdmpError(code, message);
}
