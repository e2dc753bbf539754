import type { AbortOptions, Crypto, KeyValueStore } from '@edmp/interface';
import { bytesToHex, equalBytes, throwIfAborted, utf8ToBytes } from '@edmp/interface';
import {
  boundedBytesOf,
  bytesOf,
  decodeCanonical,
  encodeCanonical,
  integerOf,
  mapOf,
  textOf,
} from '../codec/fields.ts';
import { unlessAborted } from '../codec/waiting.ts';
import { MarketError } from '../errors.ts';

/** Longest idempotency key, characters. */
export const MAX_CALL_KEY = 128;
/** Calls remembered by their key; of more the oldest finished one is forgotten. A day of one call every 90 s. */
export const MAX_KEPT_CALLS = 1_000;
/** Longest mark: a transaction with a dataset document in it, and a little around it. */
const MAX_MARK_BYTES = 72 * 1024;
const MAX_RESULT_LENGTH = 256;
const PREFIX = 'market/once/';

/** One call that is to have its effect once. */
export interface OnceCall extends AbortOptions {
  /** What is called, e.g. `sell`; keys of different calls are different keys. */
  readonly call: string;
  /** The caller's key; undefined: every call is a new one. */
  readonly key: string | undefined;
  /** The arguments as a canonical dag-cbor value; the same key with others is refused. */
  readonly arguments: unknown;
  /** Has the effect and returns its id. It calls `mark` durably right before the effect, with what finds it again. */
  work(mark: (trace: Uint8Array) => Promise<void>): Promise<string>;
  /** Looks for the effect of a call that left `trace` and no result: the process ended, or the effect failed half way. */
  find(trace: Uint8Array): Promise<string | undefined>;
}

/** Calls by key, durable. */
export interface Once {
  /**
   * Runs `call.work` unless a call with the same key was made: then gives that call's result, waiting for it if it is
   * under way. Throws `ERR_IDEMPOTENCY` when the key stood for other arguments, `ERR_MARKET_FORMAT` for a bad key,
   * and what the work throws.
   */
  run(call: OnceCall): Promise<string>;
  /** Whether a result belongs to a finished call: then it cannot be another one's effect. */
  isResult(id: string): boolean;
}

interface Entry {
  readonly digest: Uint8Array;
  /** Position in the order of first calls. */
  readonly number: number;
  trace: Uint8Array | null;
  result: string | null;
  running: Promise<string> | null;
}

/** What {@link openOnce} needs. */
export interface OnceNeeds {
  readonly records: KeyValueStore;
  readonly crypto: Pick<Crypto, 'sha256'>;
  /** Default {@link MAX_KEPT_CALLS}. */
  readonly max?: number;
}

/** Reads the calls kept in `records`. Throws the store's errors, and `ERR_MARKET_FORMAT` on damaged records. */
export async function openOnce(needs: OnceNeeds): Promise<Once> {
  const calls = new KeptCalls(needs);
  await calls.load();
  return calls;
}

class KeptCalls implements Once {
  readonly #records: KeyValueStore;
  readonly #crypto: Pick<Crypto, 'sha256'>;
  readonly #max: number;
  /** By name, in order of first call. */
  readonly #entries = new Map<string, Entry>();
  readonly #results = new Set<string>();
  #next = 0;

  constructor({ records, crypto, max = MAX_KEPT_CALLS }: OnceNeeds) {
    this.#records = records;
    this.#crypto = crypto;
    this.#max = max;
  }

  async load(): Promise<void> {
    const found = (await this.#records.entries(PREFIX)).map(
      ([key, bytes]) => [key.slice(PREFIX.length), decodeEntry(bytes)] as const,
    );
    for (const [name, entry] of found.sort(([, a], [, b]) => a.number - b.number)) {
      this.#entries.set(name, entry);
      if (entry.result !== null) this.#results.add(entry.result);
      this.#next = Math.max(this.#next, entry.number + 1);
    }
  }

  isResult(id: string): boolean {
    return this.#results.has(id);
  }

  async run(call: OnceCall): Promise<string> {
    throwIfAborted(call.signal);
    if (call.key === undefined) return call.work(async () => {});
    const name = this.#nameOf(call.call, call.key);
    const digest = this.#crypto.sha256(encodeCanonical(call.arguments));
    const known = this.#entries.get(name);
    if (known !== undefined && !equalBytes(known.digest, digest)) {
      throw new MarketError(
        'ERR_IDEMPOTENCY',
        `The key ${JSON.stringify(call.key)} was used for a ${call.call} with other arguments; use a new key`,
      );
    }
    if (known?.result != null) return known.result;
    if (known?.running != null) return unlessAborted(known.running, call.signal);
    const entry = known ?? this.#add(name, digest);
    entry.running = this.#work(name, entry, call);
    try {
      return await entry.running;
    } finally {
      entry.running = null;
    }
  }

  async #work(name: string, entry: Entry, call: OnceCall): Promise<string> {
    try {
      const before = entry.trace === null ? undefined : await call.find(entry.trace);
      const result = before ?? (await call.work((trace) => this.#mark(name, entry, trace)));
      entry.result = result;
      entry.trace = null;
      this.#results.add(result);
    } catch (error) {
      // Nothing was about to happen yet: the key is free again. After the mark only `find` knows.
      if (entry.trace === null) this.#entries.delete(name);
      throw error;
    }
    // The effect stands from here on; a record that fails to be written is found again by its trace.
    await this.#records.set(PREFIX + name, encodeEntry(entry));
    return entry.result;
  }

  async #mark(name: string, entry: Entry, trace: Uint8Array): Promise<void> {
    if (trace.length > MAX_MARK_BYTES) {
      throw new MarketError('ERR_MARKET_FORMAT', `A trace has at most ${MAX_MARK_BYTES} bytes`);
    }
    const changes: (readonly [string, Uint8Array | null])[] = [];
    // Who leaves the same trace later proves that the earlier effect never came about.
    for (const [other, { result, trace: left }] of this.#entries) {
      if (other === name || result !== null || left === null || !equalBytes(left, trace)) continue;
      this.#entries.delete(other);
      changes.push([PREFIX + other, null]);
    }
    entry.trace = trace;
    changes.push([PREFIX + name, encodeEntry(entry)]);
    await this.#records.setMany(changes);
    await this.#forgetOldest();
  }

  #add(name: string, digest: Uint8Array): Entry {
    const entry: Entry = { digest, number: this.#next++, trace: null, result: null, running: null };
    this.#entries.set(name, entry);
    return entry;
  }

  async #forgetOldest(): Promise<void> {
    if (this.#entries.size <= this.#max) return;
    for (const [name, { running, result }] of this.#entries) {
      if (running !== null) continue;
      this.#entries.delete(name);
      if (result !== null) this.#results.delete(result);
      await this.#records.delete(PREFIX + name);
      if (this.#entries.size <= this.#max) return;
    }
  }

  #nameOf(call: string, key: string): string {
    return bytesToHex(this.#crypto.sha256(utf8ToBytes(`${call}\n${callKeyOf(key)}`)));
  }
}

/** `value` as an idempotency key: 1 to {@link MAX_CALL_KEY} printable ASCII characters. Throws `ERR_MARKET_FORMAT`. */
export function callKeyOf(value: unknown): string {
  if (typeof value === 'string' && /^[\x20-\x7e]{1,128}$/.test(value)) return value;
  throw new MarketError('ERR_MARKET_FORMAT', `A key is 1 to ${MAX_CALL_KEY} printable ASCII characters`);
}

function encodeEntry(entry: Entry): Uint8Array {
  const { digest, number, trace, result } = entry;
  return encodeCanonical({ v: 1, digest, number, trace, result });
}

function decodeEntry(bytes: Uint8Array): Entry {
  const fields = mapOf(
    decodeCanonical(bytes, MAX_MARK_BYTES + 1_024, 'call'),
    ['v', 'digest', 'number', 'trace', 'result'],
    'call',
  );
  integerOf(fields.v, 1, 1, 'call.v');
  return {
    digest: bytesOf(fields.digest, 32, 'call.digest'),
    number: integerOf(fields.number, 0, Number.MAX_SAFE_INTEGER, 'call.number'),
    trace: fields.trace === null ? null : boundedBytesOf(fields.trace, MAX_MARK_BYTES, 'call.trace'),
    result: fields.result === null ? null : textOf(fields.result, MAX_RESULT_LENGTH, 'call.result'),
    running: null,
  };
}
