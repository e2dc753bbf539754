import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { VerifyItem } from './types.ts';

/** More threads than this seldom have work at once. */
const MAX_THREADS = 4;
/** Fewer items than this are not worth a message to another thread. */
const MIN_ITEMS = 16;
const SIGNATURE_BYTES = 64;
const KEY_BYTES = 32;
/** Length of the message (32 bits, big-endian), signature, key; then the message. */
const HEAD_BYTES = 4 + SIGNATURE_BYTES + KEY_BYTES;

/**
 * What a thread runs: it answers each packet of items with one byte an item. Text, because a file of its own would
 * have to be found again after every kind of bundling.
 */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const sodium = require(workerData);
parentPort.on('message', ({ id, count, buffer }) => {
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  const answers = new Uint8Array(count);
  for (let i = 0, at = 0; i < count; i++) {
    const length = view.getUint32(at);
    const signature = bytes.subarray(at + 4, at + 68);
    const key = bytes.subarray(at + 68, at + 100);
    const message = bytes.subarray(at + 100, at + 100 + length);
    answers[i] = sodium.crypto_sign_verify_detached(signature, message, key) ? 1 : 0;
    at += 100 + length;
  }
  parentPort.postMessage({ id, answers }, [answers.buffer]);
});
`;

/** Threads that verify with libsodium. They are started at the first need and keep no process alive. */
export interface SodiumThreads {
  /**
   * Whether each signature is libsodium's idea of valid, in order. Keys have 32 bytes and signatures 64. Undefined when
   * there are too few items for it to be worth the way, or when the threads have failed.
   */
  verify(items: readonly VerifyItem[]): Promise<readonly boolean[] | undefined>;
}

interface Thread {
  readonly worker: Worker;
  /** Packets sent and not answered. */
  readonly waiting: Map<number, (answers: Uint8Array | undefined) => void>;
}

function pack(items: readonly VerifyItem[]): ArrayBuffer {
  let size = 0;
  for (const { message } of items) size += HEAD_BYTES + message.length;
  const buffer = new ArrayBuffer(size);
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);
  let at = 0;
  for (const { signature, message, publicKey } of items) {
    view.setUint32(at, message.length);
    bytes.set(signature, at + 4);
    bytes.set(publicKey, at + 4 + SIGNATURE_BYTES);
    bytes.set(message, at + HEAD_BYTES);
    at += HEAD_BYTES + message.length;
  }
  return buffer;
}

/** {@link SodiumThreads} that load the library from the file `path`. */
export function sodiumThreads(path: string): SodiumThreads {
  let threads: readonly Thread[] | undefined;
  let failed = false;
  let lastId = 0;
  let next = 0;

  const start = (): Thread => {
    const worker = new Worker(PROGRAM, { eval: true, workerData: path, execArgv: [] });
    const thread: Thread = { worker, waiting: new Map() };
    worker.unref();
    worker.on('message', ({ id, answers }: { readonly id: number; readonly answers: Uint8Array }) => {
      thread.waiting.get(id)?.(answers);
      thread.waiting.delete(id);
      if (thread.waiting.size === 0) worker.unref();
    });
    const fail = (): void => {
      failed = true;
      for (const answer of thread.waiting.values()) answer(undefined);
      thread.waiting.clear();
    };
    worker.on('error', fail);
    worker.on('exit', fail);
    return thread;
  };

  const send = (thread: Thread, items: readonly VerifyItem[]): Promise<Uint8Array | undefined> =>
    new Promise((resolve) => {
      lastId += 1;
      const buffer = pack(items);
      // While an answer is due, the process must not end.
      if (thread.waiting.size === 0) thread.worker.ref();
      thread.waiting.set(lastId, resolve);
      thread.worker.postMessage({ id: lastId, count: items.length, buffer }, [buffer]);
    });

  return {
    async verify(items) {
      if (failed || items.length < MIN_ITEMS) return undefined;
      try {
        threads ??= Array.from({ length: Math.min(MAX_THREADS, availableParallelism()) }, start);
      } catch {
        failed = true; // this process may not start threads
        return undefined;
      }
      const share = Math.max(MIN_ITEMS, Math.ceil(items.length / threads.length));
      const parts: Promise<Uint8Array | undefined>[] = [];
      for (let from = 0; from < items.length; from += share) {
        const thread = threads[next++ % threads.length];
        if (thread !== undefined) parts.push(send(thread, items.slice(from, from + share)));
      }
      const answers: boolean[] = [];
      for (const part of await Promise.all(parts)) {
        if (part === undefined) return undefined;
        for (const answer of part) answers.push(answer === 1);
      }
      return answers;
    },
  };
}
