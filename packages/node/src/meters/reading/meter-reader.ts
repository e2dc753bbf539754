import { type AbortOptions, type Environment, throwIfAborted } from '@edmp/interface';
import { MeterError } from '@edmp/oehu-client';
import type { AnyReading, SourceIssue } from '@edmp/oehu-client/sources';
import type { PreviewView } from '../../meter-service.ts';
import type { ReadingOptions } from './messages.ts';
import { MAX_HEAP_MB, ReadingThread } from './reading-thread.ts';

/** A meter file that was read, for as long as somebody takes its readings. */
export interface ReadFile {
  readonly kind: string;
  /** What could not be read or had to be assumed, the first 50. */
  readonly issues: readonly SourceIssue[];
  /** What is recorded of it (`keptOf`), in pieces of some thousand, once. */
  readonly readings: AsyncIterable<readonly AnyReading[]>;
}

/** Reads meter files on a thread of its own: a file of 64 MiB takes half a minute, in which the node goes on. */
export interface MeterReader extends AsyncDisposable {
  /**
   * Reads a file and hands it to `take`; its readings are there until that resolves. One file at a time, the others wait.
   * Throws what `readMeterFile` and `take` throw, `ERR_METER_LIMIT` when it takes too much memory, `ERR_METER_TIMEOUT`,
   * `ERR_ABORTED`.
   */
  read<T>(
    bytes: Uint8Array,
    options: ReadingOptions,
    take: (file: ReadFile) => Promise<T>,
    call?: AbortOptions,
  ): Promise<T>;
  /** How a file would be read (`previewOf`). Throws as {@link read}. */
  preview(bytes: Uint8Array, options: ReadingOptions, call?: AbortOptions): Promise<PreviewView>;
  /** Ends the thread and what is under way on it (`ERR_ABORTED`). Idempotent. */
  stop(): Promise<void>;
}

/** Files that wait; more are refused, for each is held in memory. */
const MAX_WAITING = 8;
/** A thread that has nothing to do is let go of with its memory after a while. */
const IDLE_MS = 15_000;

/** Options of {@link createMeterReader}. */
export interface MeterReaderOptions {
  readonly environment: Environment;
  /** Most memory of the thread, MiB. Default 1 024. */
  readonly maxHeapMb?: number;
}

/** A {@link MeterReader}; its thread is started when it is needed. */
export function createMeterReader(options: MeterReaderOptions): MeterReader {
  return new ThreadReader(options);
}

class ThreadReader implements MeterReader {
  readonly #environment: Environment;
  readonly #maxHeapMb: number;
  readonly #stop = new AbortController();
  #thread: ReadingThread | undefined;
  #cancelIdle: () => void = () => undefined;
  /** Resolves when the last of the files that wait is done. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor({ environment, maxHeapMb = MAX_HEAP_MB }: MeterReaderOptions) {
    this.#environment = environment;
    this.#maxHeapMb = maxHeapMb;
  }

  read<T>(
    bytes: Uint8Array,
    options: ReadingOptions,
    take: (file: ReadFile) => Promise<T>,
    { signal }: AbortOptions = {},
  ): Promise<T> {
    return this.#inTurn(signal, async (thread, stop) => {
      const answer = await thread.ask({ type: 'read', bytes: copied(bytes), options }, stop);
      if (answer.type !== 'file') throw misunderstood();
      const { kind, issues } = answer;
      try {
        return await take({ kind, issues, readings: bundles(thread, stop) });
      } finally {
        thread.drop();
      }
    });
  }

  preview(bytes: Uint8Array, options: ReadingOptions, { signal }: AbortOptions = {}): Promise<PreviewView> {
    return this.#inTurn(signal, async (thread, stop) => {
      const answer = await thread.ask({ type: 'preview', bytes: copied(bytes), options }, stop);
      if (answer.type !== 'preview') throw misunderstood();
      return answer.view;
    });
  }

  async stop(): Promise<void> {
    this.#cancelIdle();
    this.#stop.abort();
    await this.#thread?.end();
    await this.#last;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Does `act` with the thread once those before are done. */
  async #inTurn<T>(
    signal: AbortSignal | undefined,
    act: (thread: ReadingThread, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const stop = signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]);
    throwIfAborted(stop);
    if (this.#waiting >= MAX_WAITING)
      throw new MeterError(
        'ERR_METER_LIMIT',
        `${MAX_WAITING} meter files wait to be read already; try again later`,
        {
          retryable: true,
        },
      );
    this.#waiting++;
    const before = this.#last;
    const turn = (async () => {
      await either(before, stop);
      throwIfAborted(stop);
      return act(this.#started(), stop);
    })();
    this.#last = Promise.allSettled([before, turn]).then(() => this.#rest());
    return turn;
  }

  #started(): ReadingThread {
    this.#cancelIdle();
    if (this.#thread === undefined || this.#thread.isOver)
      this.#thread = new ReadingThread(this.#environment, this.#maxHeapMb);
    return this.#thread;
  }

  #rest(): void {
    this.#waiting--;
    this.#cancelIdle();
    if (this.#waiting > 0 || this.#stop.signal.aborted) return;
    this.#cancelIdle = this.#environment.schedule(IDLE_MS, () => {
      const thread = this.#thread;
      this.#thread = undefined;
      void thread?.end();
    });
  }
}

/** Resolves with `promise`, which never rejects, or when the signal fires. */
function either(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done, { once: true });
    void promise.then(done);
  });
}

/** The readings of the file that the thread has read; the next piece is on its way while one is taken. */
async function* bundles(thread: ReadingThread, signal: AbortSignal): AsyncGenerator<readonly AnyReading[]> {
  const ask = () => {
    const asked = thread.ask({ type: 'next' }, signal);
    // Whoever is busy with the piece before hears of a failure when it asks for this one.
    asked.catch(() => undefined);
    return asked;
  };
  let next = ask();
  try {
    for (;;) {
      const answer = await next;
      if (answer.type !== 'readings') throw misunderstood();
      if (answer.readings.length === 0) return;
      next = ask();
      yield answer.readings;
    }
  } finally {
    // Who leaves the loop early leaves no answer behind for the next file.
    await next.catch(() => undefined);
  }
}

/** A copy that can be moved to the thread: the bytes stay the caller's. */
function copied(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy;
}

const misunderstood = (): MeterError =>
  new MeterError('ERR_METER_FORMAT', 'The file cannot be read: its reader lost its place');
