import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Crypto } from '@edmp/interface';
import { type ChunkSealer, type SealedChunk, type SealJob, sealHere } from './sealer.ts';

/** More threads than this wait for the one that stores. */
const MAX_THREADS = 3;
/** Jobs that a thread has at most: one under way and one that it can begin at once. */
const JOBS_A_THREAD = 2;
/**
 * Deliveries with fewer bytes are sealed on the calling thread. A thread takes some 30 ms to start on the reference
 * machine, in which a few megabytes are sealed, and every job is copied to it; a year of quarter hours has 0.2 MB.
 */
const MIN_BYTES = 8_000_000;
const TAG_BYTES = 16;
const DIGEST_BYTES = 32;

/**
 * What a thread runs: the same as `sealHere`, over chunks that lie in one buffer, into another one: for each chunk the
 * ciphertext with its tag; then for each its digest and its commitment. Text, because a file of its own would have to be
 * found again after every kind of bundling.
 */
const PROGRAM = `
const { parentPort } = require('node:worker_threads');
const { createCipheriv, createSecretKey, hash } = require('node:crypto');
const NONCE = Buffer.alloc(12);
const CHUNK_KEY = Buffer.from('edmp/chunk-key/v1');
const COMMIT = Buffer.from('edmp/key-commit/v1');
const sha256 = (data) => hash('sha256', data, 'buffer');
const hmac = (key, data) => {
  const inner = Buffer.alloc(64 + data.length);
  const outer = Buffer.alloc(96);
  key.copy(inner);
  key.copy(outer);
  for (let i = 0; i < 64; i++) {
    inner[i] ^= 0x36;
    outer[i] ^= 0x5c;
  }
  data.copy(inner, 64);
  sha256(inner).copy(outer, 64);
  return sha256(outer);
};
parentPort.on('message', ({ id, contentKey, tradeId, count, first, lengths, buffer }) => {
  const plain = Buffer.from(buffer);
  const prk = hmac(Buffer.alloc(0), Buffer.from(contentKey));
  const sealed = new ArrayBuffer(plain.length + lengths.length * ${TAG_BYTES});
  const marks = new ArrayBuffer(lengths.length * ${2 * DIGEST_BYTES});
  const out = Buffer.from(sealed);
  const outMarks = Buffer.from(marks);
  const aad = Buffer.alloc(40);
  aad.set(tradeId);
  aad.writeUInt32BE(count, 36);
  const place = Buffer.alloc(4);
  let from = 0;
  let at = 0;
  lengths.forEach((length, i) => {
    place.writeUInt32BE(first + i);
    aad.writeUInt32BE(first + i, 32);
    const key = hmac(prk, Buffer.concat([CHUNK_KEY, place, Buffer.of(1)]));
    const cipher = createCipheriv('chacha20-poly1305', createSecretKey(key), NONCE, { authTagLength: ${TAG_BYTES} });
    cipher.setAAD(aad, { plaintextLength: length });
    const body = cipher.update(plain.subarray(from, from + length));
    body.copy(out, at);
    cipher.final();
    cipher.getAuthTag().copy(out, at + length);
    const end = at + length + ${TAG_BYTES};
    sha256(out.subarray(at, end)).copy(outMarks, ${2 * DIGEST_BYTES} * i);
    sha256(Buffer.concat([COMMIT, place, key])).copy(outMarks, ${2 * DIGEST_BYTES} * i + ${DIGEST_BYTES});
    from += length;
    at = end;
  });
  plain.fill(0);
  parentPort.postMessage({ id, sealed, marks }, [sealed, marks]);
});
`;

/** Options of {@link sealingThreads}. */
export interface SealingThreadsOptions {
  /** Seals what is not worth the way to another thread, and everything where no thread can be started. */
  readonly crypto: Crypto;
  /** Bytes of a delivery from which on threads are used. Default 8 MB. */
  readonly minBytes?: number;
  /** Threads. Default: one fewer than there are processors, at least 1 and at most 3. */
  readonly threads?: number;
}

/** What a thread answers. */
interface Answer {
  readonly id: number;
  readonly sealed: ArrayBuffer;
  readonly marks: ArrayBuffer;
}

interface Thread {
  readonly worker: Worker;
  /** Jobs sent and not answered. */
  readonly waiting: Map<number, (answer: Answer | undefined) => void>;
}

/** {@link ChunkSealer} on threads of its own. */
export interface SealingThreads extends ChunkSealer, AsyncDisposable {
  /** Ends the threads; what is asked of it afterwards is done on the calling thread. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Seals large deliveries on threads of their own, and the calling thread takes a part when all of them are busy, for Node.
 * Threads are started at the first need and keep no process alive. What a thread fails to do is done on the calling
 * thread.
 */
export function sealingThreads(options: SealingThreadsOptions): SealingThreads {
  return new ThreadSealer(options);
}

class ThreadSealer implements SealingThreads {
  readonly atOnce: number;
  readonly #crypto: Crypto;
  readonly #minBytes: number;
  readonly #wanted: number;
  #threads: readonly Thread[] | undefined;
  #failed = false;
  #lastId = 0;

  constructor({ crypto, minBytes = MIN_BYTES, threads }: SealingThreadsOptions) {
    this.#crypto = crypto;
    this.#minBytes = minBytes;
    this.#wanted = threads ?? Math.max(1, Math.min(MAX_THREADS, availableParallelism() - 1));
    this.atOnce = this.#wanted * JOBS_A_THREAD + 1;
  }

  async seal(job: SealJob): Promise<readonly SealedChunk[]> {
    const thread = this.#isLarge(job) ? this.#idle() : undefined;
    const answer = thread === undefined ? undefined : await this.#send(thread, job);
    return answer === undefined ? sealHere(this.#crypto, job) : unpacked(job, answer);
  }

  async stop(): Promise<void> {
    this.#failed = true;
    const threads = this.#threads ?? [];
    this.#threads = undefined;
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #isLarge({ count, saltedChunks }: SealJob): boolean {
    return count * (saltedChunks[0]?.length ?? 0) >= this.#minBytes;
  }

  /** The thread that has least to do; undefined when all have enough or none can be had. */
  #idle(): Thread | undefined {
    if (this.#failed) return undefined;
    try {
      this.#threads ??= Array.from({ length: this.#wanted }, () => this.#start());
    } catch {
      this.#failed = true; // this process may not start threads
      return undefined;
    }
    const [least] = [...this.#threads].sort((a, b) => a.waiting.size - b.waiting.size);
    return least !== undefined && least.waiting.size < JOBS_A_THREAD ? least : undefined;
  }

  #start(): Thread {
    const worker = new Worker(PROGRAM, { eval: true, execArgv: [] });
    const thread: Thread = { worker, waiting: new Map() };
    worker.unref();
    worker.on('message', (answer: Answer) => {
      thread.waiting.get(answer.id)?.(answer);
      thread.waiting.delete(answer.id);
      if (thread.waiting.size === 0) worker.unref();
    });
    const fail = (): void => {
      this.#failed = true;
      for (const answer of thread.waiting.values()) answer(undefined);
      thread.waiting.clear();
    };
    worker.on('error', fail);
    worker.on('exit', fail);
    return thread;
  }

  #send(thread: Thread, job: SealJob): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      this.#lastId += 1;
      const { count, first, saltedChunks } = job;
      // Copies: a view would take all of the buffer along that it is a part of.
      const [contentKey, tradeId] = [Uint8Array.from(job.contentKey), Uint8Array.from(job.tradeId)];
      const buffer = packed(saltedChunks);
      // While an answer is due, the process must not end.
      if (thread.waiting.size === 0) thread.worker.ref();
      thread.waiting.set(this.#lastId, resolve);
      const lengths = saltedChunks.map((chunk) => chunk.length);
      thread.worker.postMessage({ id: this.#lastId, contentKey, tradeId, count, first, lengths, buffer }, [
        buffer,
      ]);
    });
  }
}

function packed(chunks: readonly Uint8Array[]): ArrayBuffer {
  const buffer = new ArrayBuffer(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  const bytes = new Uint8Array(buffer);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return buffer;
}

function unpacked({ saltedChunks }: SealJob, { sealed, marks }: Answer): readonly SealedChunk[] {
  let at = 0;
  return saltedChunks.map((chunk, i) => {
    const bytes = new Uint8Array(sealed, at, chunk.length + TAG_BYTES);
    at += bytes.length;
    const mark = 2 * DIGEST_BYTES * i;
    return {
      bytes,
      digest: new Uint8Array(marks, mark, DIGEST_BYTES),
      keyCommitment: new Uint8Array(marks, mark + DIGEST_BYTES, DIGEST_BYTES),
    };
  });
}
