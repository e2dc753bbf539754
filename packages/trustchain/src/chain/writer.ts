import {
  AbortedError,
  type AbortOptions,
  type BlockId,
  type BlockStore,
  type Crypto,
  type Environment,
  equalBytes,
  type HalfBlock,
  type HalfBlockCore,
  type PublicKey,
  type Reservation,
  type Signer,
  TimeoutError,
  throwIfAborted,
} from '@edmp/interface';
import type { Mutex } from '@edmp/interface/bounded';
import { assembleHalfBlock, decodeCore, encodeCore } from '../block/codec.ts';
import { blockKey, identify } from '../block/identity.ts';
import { signCore } from '../block/signature.ts';
import { ChainError, PairError } from './errors.ts';

/** This node's blocks signed and stored together. */
const BATCH = 64;
/** Placeholder in drafts, which no signature has been made for yet. */
const UNSIGNED: Uint8Array = new Uint8Array(64);

/** What the caller decides about a new block of this node; the rest follows from the chain. */
export type Draft = Pick<HalfBlockCore, 'peer' | 'link' | 'type' | 'tx'>;

/** A block that this node is about to sign. */
export interface AppendRequest {
  /** Decides the content once the block's time is known; throws to refuse. */
  readonly build: (time: number) => Promise<Draft>;
  /** Last look at the unsigned block (its signature is 64 zero bytes); throws to refuse. */
  readonly check?: (draft: HalfBlock) => Promise<void>;
  /** `false`: the application carries the block to its counterparty itself. Default `true`. */
  readonly push?: boolean | undefined;
}

/** What {@link chainWriter} works with. */
export interface WriterContext {
  readonly signer: Signer;
  readonly crypto: Crypto;
  readonly store: BlockStore;
  readonly environment: Environment;
  readonly maxQueued: number;
  /** Longest wait for the signer, ms. */
  readonly signTimeoutMs: number;
  /** Held while this node's blocks are written. */
  readonly ownChain: Mutex;
  /** Resolves when signing is allowed, throws when it is not. */
  readonly ready: () => Promise<void>;
  /** Told of every new block of this node, after it is on disk. */
  readonly onAppended: (block: HalfBlock, options: { readonly push: boolean }) => Promise<void>;
}

/**
 * Extends this node's chain. Each core is reserved durably before it is signed, and its signature leaves only after the
 * signed block is stored durably, so neither a crash nor a restart can sign two cores at one position (DESIGN §3.2).
 */
export interface ChainWriter {
  append(request: AppendRequest, options?: AbortOptions): Promise<HalfBlock>;
  /** Signs what a crash or a failed signer left reserved, in its turn. Throws as {@link ChainWriter.append} does. */
  finish(options?: AbortOptions): Promise<void>;
  /** A block of this node came from outside and is stored: the head is read again, and what is being signed is thrown away. */
  refresh(): void;
  idle(): Promise<void>;
}

interface Waiting extends AppendRequest {
  readonly signal: AbortSignal | undefined;
  /** From now on the block is made whatever the caller does. */
  commit(): void;
  readonly resolve: (block: HalfBlock) => void;
  readonly reject: (error: unknown) => void;
}

/** A core whose position is reserved or about to be, as every other node will decode it. */
interface Unsigned {
  readonly reservation: Reservation;
  readonly core: HalfBlockCore;
  readonly push: boolean;
}

interface Prepared extends Unsigned {
  readonly waiting: Waiting;
}

interface Head {
  readonly seq: number;
  readonly id: BlockId | null;
  readonly time: number;
}

/** A promise that rejects when the signer has taken too long, and how to call it off. */
function timeLimit(environment: Environment, ms: number): { passed: Promise<never>; cancel: () => void } {
  let cancel = (): void => {};
  const passed = new Promise<never>((_, reject) => {
    cancel = environment.schedule(ms, () => reject(new TimeoutError(`Signing took longer than ${ms} ms`)));
  });
  passed.catch(() => {}); // nobody may be waiting when it fires
  return { passed, cancel };
}

const signerFailure = (cause: unknown): ChainError =>
  new ChainError(
    'ERR_CHAIN_SIGNER',
    'The signer failed after the position was reserved; this very block is signed before any other',
    { cause },
  );

/** The {@link ChainWriter} of one key. */
export function chainWriter(context: WriterContext): ChainWriter {
  const { signer, crypto, store, environment } = context;
  const self: PublicKey = signer.publicKey;
  const queue: Waiting[] = [];
  let draining: Promise<void> | undefined;
  let head: Head | undefined;
  /** This node's blocks that came from outside. */
  let fromOutside = 0;

  /**
   * Stores signed blocks of this node, unless another came from outside meanwhile: then their signatures are thrown away,
   * and the chain goes on behind what came.
   */
  const storeOwn = async (blocks: readonly HalfBlock[], since: number): Promise<void> => {
    if (fromOutside !== since) {
      throw new ChainError(
        'ERR_CHAIN_REGRESSED',
        'A block of this node came from outside while another one was signed; try again',
        { retryable: true },
      );
    }
    await store.put(blocks, { durable: true });
  };

  /** `since`: this node's blocks that had come from outside when the head was read. */
  const signAndStore = async (
    unsigned: readonly Unsigned[],
    since: number,
  ): Promise<readonly HalfBlock[]> => {
    const blocks: HalfBlock[] = [];
    let failure: { readonly error: unknown } | undefined;
    const deadline = timeLimit(environment, context.signTimeoutMs);
    try {
      for (const { core, reservation } of unsigned) {
        blocks.push(
          await Promise.race([signCore(core, reservation.core, reservation.id, signer), deadline.passed]),
        );
      }
    } catch (error) {
      // What follows the block that could not be signed links to it, so it cannot be signed either.
      failure = { error };
    } finally {
      deadline.cancel();
    }
    if (blocks.length > 0) await context.ownChain.run(() => storeOwn(blocks, since));
    const last = blocks.at(-1);
    if (last !== undefined) head = { seq: last.core.seq, id: last.id, time: last.core.time };
    for (const [index, block] of blocks.entries()) {
      await context.onAppended(block, { push: unsigned[index]?.push ?? true });
    }
    if (failure !== undefined && blocks.length === 0) throw signerFailure(failure.error);
    return blocks;
  };

  /** Head of this node's chain, after finishing what a crash or a failed signer left reserved. */
  const loadHead = async (since: number): Promise<Head> => {
    try {
      return await finishReserved(since);
    } catch (error) {
      // What is reserved above this head is still unsigned: whoever comes next must look again.
      head = undefined;
      throw error;
    }
  };

  const finishReserved = async (since: number): Promise<Head> => {
    const stored = await store.head(self);
    head = { seq: stored?.core.seq ?? 0, id: stored?.id ?? null, time: stored?.core.time ?? 0 };
    for (;;) {
      const { seq, id }: Head = head;
      // Reservations at or below the head were overtaken by this node's blocks learned from peers; they were never signed.
      const next: Reservation | undefined = (await store.unfinished(self)).find(
        (open) => open.seq === seq + 1,
      );
      if (next === undefined) return head;
      const follows = next.prev === null ? id === null : id !== null && equalBytes(next.prev.bytes, id.bytes);
      if (!follows) {
        throw new ChainError(
          'ERR_CHAIN_REGRESSED',
          `Position ${next.seq} is reserved on top of ${next.prev}, but the stored head is ${id}: restore or sync the chain`,
          { details: { reserved: next.seq } },
        );
      }
      // Whoever wanted to carry it is gone: it is pushed.
      await signAndStore([{ reservation: next, core: decodeCore(next.core), push: true }], since);
    }
  };

  const prepare = async (waiting: Waiting, from: Head, answered: Set<string>): Promise<Prepared> => {
    throwIfAborted(waiting.signal);
    const time = Math.max(environment.now(), from.time);
    const draft = await waiting.build(time);
    if (draft.link !== null && answered.has(blockKey(draft.link))) {
      throw new PairError('ERR_PAIR_ANSWERED', `The proposal ${draft.link} is being answered already`);
    }
    const bytes = encodeCore({ v: 1, key: self, seq: from.seq + 1, prev: from.id, time, ...draft });
    // Decoding what was encoded makes the block that is returned equal to what every other node will see.
    const core = decodeCore(bytes);
    const id = identify(bytes, crypto);
    if (waiting.check !== undefined) await waiting.check(assembleHalfBlock(core, bytes, id, UNSIGNED));
    throwIfAborted(waiting.signal);
    waiting.commit();
    if (draft.link !== null) answered.add(blockKey(draft.link));
    const reservation = { seq: core.seq, prev: from.id, id, core: bytes };
    return { waiting, core, reservation, push: waiting.push ?? true };
  };

  const process = async (batch: readonly Waiting[]): Promise<void> => {
    await context.ready();
    const since = fromOutside;
    let from = head ?? (await loadHead(since));
    const prepared: Prepared[] = [];
    const answered = new Set<string>();
    for (const waiting of batch) {
      try {
        const one = await prepare(waiting, from, answered);
        prepared.push(one);
        from = { seq: one.core.seq, id: one.reservation.id, time: one.core.time };
      } catch (error) {
        waiting.commit();
        waiting.reject(error);
      }
    }
    if (prepared.length === 0) return;
    const reservations = prepared.map((one) => one.reservation);
    const previous = head;
    try {
      const [first, ...more] = reservations;
      if (first !== undefined) await store.reserve(self, first, ...more);
      const blocks = await signAndStore(prepared, since);
      for (const [index, { waiting }] of prepared.entries()) {
        const block = blocks[index];
        if (block !== undefined) waiting.resolve(block);
        else waiting.reject(signerFailure(undefined));
      }
    } catch (error) {
      // What is on disk decides where the chain goes on.
      if (head === previous) head = undefined;
      throw error;
    }
    if (head?.seq !== reservations.at(-1)?.seq) head = undefined;
  };

  const drain = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue.splice(0, BATCH);
      try {
        await process(batch);
      } catch (error) {
        for (const waiting of batch) waiting.reject(error);
      }
    }
    draining = undefined;
  };

  const writer: ChainWriter = {
    append(request, options = {}) {
      if (queue.length >= context.maxQueued) {
        return Promise.reject(
          new ChainError(
            'ERR_CHAIN_BUSY',
            `${queue.length} blocks of this node wait to be signed; try later`,
            {
              retryable: true,
            },
          ),
        );
      }
      return new Promise((resolve, reject) => {
        const { signal } = options;
        const onAbort = (): void => {
          const place = queue.indexOf(waiting);
          if (place >= 0) queue.splice(place, 1);
          reject(new AbortedError(undefined, { cause: signal?.reason }));
        };
        const commit = (): void => signal?.removeEventListener('abort', onAbort);
        const waiting: Waiting = { ...request, signal, commit, resolve, reject };
        if (signal?.aborted === true) {
          onAbort();
          return;
        }
        signal?.addEventListener('abort', onAbort, { once: true });
        queue.push(waiting);
        draining ??= Promise.resolve().then(drain);
      });
    },
    async finish(options) {
      if ((await store.unfinished(self)).length === 0) return;
      const nothing = new ChainError('ERR_CHAIN_BUSY', 'Nothing is appended');
      try {
        // Every turn finishes what is reserved before it looks at what is asked for; this one asks for nothing.
        await writer.append({ build: () => Promise.reject(nothing) }, options);
      } catch (error) {
        if (error !== nothing) throw error;
      }
    },
    refresh() {
      head = undefined;
      fromOutside += 1;
    },
    async idle() {
      while (draining !== undefined) await draining;
    },
  };
  return writer;
}
