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
  isEdmpError,
  type PublicKey,
  type Reservation,
  type Signer,
  TimeoutError,
  throwIfAborted,
} from '@edmp/interface';
import type { Mutex } from '@edmp/interface/bounded';
import { defer } from '@edmp/interface/implement';
import { assembleHalfBlock, decodeCore, encodeCore } from '../block/codec.ts';
import { blockKey, identify } from '../block/identity.ts';
import { signCore } from '../block/signature.ts';
import { andThen, type MaybePromise } from '../maybe-promise.ts';
import { type BlockReads, readsOf } from '../store/at-once.ts';
import { ChainError, PairError } from './errors.ts';
import type { LeaseKeeper } from './signing-lease.ts';

/** This node's blocks signed and stored together. */
const BATCH = 64;
/** Placeholder in drafts, which no signature has been made for yet. */
const UNSIGNED: Uint8Array = new Uint8Array(64);

/** What the caller decides about a new block of this node; the rest follows from the chain. */
export type Draft = Pick<HalfBlockCore, 'peer' | 'link' | 'type' | 'tx'>;

/** A block that this node is about to sign. */
export interface AppendRequest {
  /** Decides the content once the block's time is known; throws to refuse. */
  readonly build: (time: number) => MaybePromise<Draft>;
  /** Last look at the unsigned block (its signature is 64 zero bytes); throws to refuse. */
  readonly check?: (draft: HalfBlock) => MaybePromise<void>;
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
  readonly lease: LeaseKeeper;
  /** Told of every block of this node before it is stored; `false` when listeners have been told of it. */
  readonly onStoring: (block: HalfBlock) => boolean;
  /** Told of every block of this node that could not be stored. */
  readonly onNotStored: (block: HalfBlock) => void;
  /** Resolves when signing is allowed, throws when it is not. */
  readonly ready: () => MaybePromise<void>;
  /** Told of every new block of this node, after it is on disk. */
  readonly onAppended: (
    block: HalfBlock,
    options: { readonly push: boolean; readonly isNew: boolean },
  ) => void;
}

/**
 * Extends the own chain. Each core is reserved durably before it is signed, and its signature leaves only after the
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

const headOf = ({ id, core: { seq, time } }: HalfBlock): Head => ({ seq, id, time });

const signerFailure = (cause: unknown): ChainError =>
  new ChainError(
    'ERR_CHAIN_SIGNER',
    'The signer failed after the position was reserved; this very block is signed before any other',
    { cause },
  );

const overtaken = (cause?: unknown): ChainError =>
  new ChainError(
    'ERR_CHAIN_REGRESSED',
    'A block of this node came from outside while another one was signed; try again',
    { retryable: true, cause },
  );

/** The {@link ChainWriter} of one key. */
export function chainWriter(context: WriterContext): ChainWriter {
  return new OwnChainWriter(context);
}

class OwnChainWriter implements ChainWriter {
  readonly #signer: Signer;
  readonly #self: PublicKey;
  readonly #crypto: Crypto;
  readonly #store: BlockStore;
  readonly #reads: BlockReads;
  readonly #environment: Environment;
  readonly #maxQueued: number;
  readonly #signTimeoutMs: number;
  readonly #ownChain: Mutex;
  readonly #lease: LeaseKeeper;
  readonly #onStoring: (block: HalfBlock) => boolean;
  readonly #onNotStored: (block: HalfBlock) => void;
  readonly #ready: () => MaybePromise<void>;
  readonly #onAppended: WriterContext['onAppended'];
  readonly #queue: Waiting[] = [];
  #isDraining = false;
  readonly #whenIdle: (() => void)[] = [];
  #head: Head | undefined;
  /** Under which this node's blocks are reserved. */
  #fence: number | undefined;
  /** This node's blocks that came from outside. */
  #fromOutside = 0;

  constructor(context: WriterContext) {
    this.#signer = context.signer;
    this.#self = context.signer.publicKey;
    this.#crypto = context.crypto;
    this.#store = context.store;
    this.#reads = readsOf(context.store);
    this.#environment = context.environment;
    this.#maxQueued = context.maxQueued;
    this.#signTimeoutMs = context.signTimeoutMs;
    this.#ownChain = context.ownChain;
    this.#lease = context.lease;
    this.#onStoring = context.onStoring;
    this.#onNotStored = context.onNotStored;
    this.#ready = context.ready;
    this.#onAppended = context.onAppended;
  }

  append(request: AppendRequest, { signal }: AbortOptions = {}): Promise<HalfBlock> {
    if (this.#queue.length >= this.#maxQueued) {
      return Promise.reject(
        new ChainError(
          'ERR_CHAIN_BUSY',
          `${this.#queue.length} blocks of this node wait to be signed; try later`,
          {
            retryable: true,
          },
        ),
      );
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        const place = this.#queue.indexOf(waiting);
        if (place >= 0) this.#queue.splice(place, 1);
        reject(new AbortedError(undefined, { cause: signal?.reason }));
      };
      const commit = (): void => signal?.removeEventListener('abort', onAbort);
      const waiting: Waiting = { ...request, signal, commit, resolve, reject };
      if (signal?.aborted === true) {
        onAbort();
        return;
      }
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(waiting);
      if (this.#isDraining) return;
      this.#isDraining = true;
      // One turn, so that blocks that are wanted together are signed and stored together.
      defer(this.#environment, () => void this.#drain());
    });
  }

  async finish(options?: AbortOptions): Promise<void> {
    if ((await this.#reads.unfinished(this.#self)).length === 0) return;
    const nothing = new ChainError('ERR_CHAIN_BUSY', 'Nothing is appended');
    try {
      // Every turn finishes what is reserved before it looks at what is asked for; this one asks for nothing.
      await this.append({ build: () => Promise.reject(nothing) }, options);
    } catch (error) {
      if (error !== nothing) throw error;
    }
  }

  refresh(): void {
    this.#head = undefined;
    this.#fromOutside += 1;
  }

  idle(): Promise<void> {
    if (!this.#isDraining) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, BATCH);
      try {
        const ready = this.#ready();
        if (ready instanceof Promise) await ready;
        const taken = this.#lease.fence();
        const fence = taken instanceof Promise ? await taken : taken;
        // Somebody else may have signed since this process had the lease.
        if (fence !== this.#fence) this.refresh();
        this.#fence = fence;
        const since = this.#fromOutside;
        const head = this.#head ?? (await this.#loadHead(since));
        const preparing = this.#prepareAll(batch, head);
        const prepared = preparing instanceof Promise ? await preparing : preparing;
        if (prepared.length > 0) await this.#reserveAndSign(prepared, since);
      } catch (error) {
        for (const waiting of batch) waiting.reject(error);
      }
    }
    this.#isDraining = false;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  async #reserveAndSign(prepared: readonly Prepared[], since: number): Promise<void> {
    const reservations = prepared.map((one) => one.reservation);
    const previous = this.#head;
    try {
      const [first, ...more] = reservations;
      if (first !== undefined) await this.#reserve(first, more);
      const blocks = await this.#signAndStore(prepared, since);
      for (const [index, { waiting }] of prepared.entries()) {
        const block = blocks[index];
        if (block !== undefined) waiting.resolve(block);
        else waiting.reject(signerFailure(undefined));
      }
    } catch (error) {
      if (isEdmpError(error, 'ERR_STORE_FENCED')) this.#lease.lost();
      // What is on disk decides where the chain goes on.
      if (this.#head === previous) this.#head = undefined;
      throw error;
    }
    if (this.#head?.seq !== reservations.at(-1)?.seq) this.#head = undefined;
  }

  async #reserve(first: Reservation, more: readonly Reservation[]): Promise<void> {
    try {
      await this.#store.reserve(this.#self, first, ...more);
    } catch (error) {
      const isOvertaken = isEdmpError(error, 'ERR_STORE_RESERVED') && error.details?.top !== undefined;
      throw isOvertaken ? overtaken(error) : error;
    }
  }

  /** What of a batch may be signed, each on top of the one before; the rest is refused. */
  #prepareAll(batch: readonly Waiting[], from: Head): MaybePromise<readonly Prepared[]> {
    const prepared: Prepared[] = [];
    const answered = new Set<string>();
    const refuse = (waiting: Waiting, error: unknown): void => {
      waiting.commit();
      waiting.reject(error);
    };
    const prepareFrom = (index: number, head: Head): MaybePromise<readonly Prepared[]> => {
      let last = head;
      const take = (one: Prepared): void => {
        prepared.push(one);
        last = { seq: one.core.seq, id: one.reservation.id, time: one.core.time };
      };
      for (let at = index; at < batch.length; at++) {
        const waiting = batch[at];
        if (waiting === undefined) break;
        try {
          const one = this.#prepare(waiting, last, answered);
          if (one instanceof Promise) {
            return one
              .then(take, (error: unknown) => refuse(waiting, error))
              .then(() => prepareFrom(at + 1, last));
          }
          take(one);
        } catch (error) {
          refuse(waiting, error);
        }
      }
      return prepared;
    };
    return prepareFrom(0, from);
  }

  #prepare(waiting: Waiting, from: Head, answered: Set<string>): MaybePromise<Prepared> {
    throwIfAborted(waiting.signal);
    const time = Math.max(this.#environment.now(), from.time);
    return andThen(waiting.build(time), (draft) => {
      if (draft.link !== null && answered.has(blockKey(draft.link))) {
        throw new PairError('ERR_PAIR_ANSWERED', `The proposal ${draft.link} is being answered already`);
      }
      const bytes = encodeCore({ v: 1, key: this.#self, seq: from.seq + 1, prev: from.id, time, ...draft });
      // Decoding what was encoded makes the block that is returned equal to what every other node will see.
      const core = decodeCore(bytes);
      const id = identify(bytes, this.#crypto);
      const checked = waiting.check?.(assembleHalfBlock(core, bytes, id, UNSIGNED));
      return andThen(checked, () => {
        throwIfAborted(waiting.signal);
        waiting.commit();
        if (draft.link !== null) answered.add(blockKey(draft.link));
        const fence = this.#fence;
        const fenced = fence === undefined ? {} : { fence };
        const reservation = { seq: core.seq, prev: from.id, id, core: bytes, ...fenced };
        return { waiting, core, reservation, push: waiting.push ?? true };
      });
    });
  }

  /** `since`: own blocks that had come from outside when the head was read. */
  async #signAndStore(unsigned: readonly Unsigned[], since: number): Promise<readonly HalfBlock[]> {
    const blocks: HalfBlock[] = [];
    const failure = await this.#signAll(unsigned, blocks);
    const isNew: boolean[] = [];
    if (blocks.length > 0) await this.#ownChain.run(() => this.#storeOwn(blocks, since, isNew));
    const last = blocks.at(-1);
    // Where blocks came from outside meanwhile, others may stand above these.
    if (last !== undefined) this.#head = this.#fromOutside === since ? headOf(last) : undefined;
    for (const [index, block] of blocks.entries()) {
      this.#onAppended(block, { push: unsigned[index]?.push ?? true, isNew: isNew[index] ?? true });
    }
    if (failure !== undefined && blocks.length === 0) throw signerFailure(failure.error);
    return blocks;
  }

  /**
   * Signs one after another into `blocks` within the time there is for all. Resolves, with what went wrong, at the
   * first that could not be signed: what follows it links to it.
   */
  #signAll(
    unsigned: readonly Unsigned[],
    blocks: HalfBlock[],
  ): Promise<{ readonly error: unknown } | undefined> {
    return new Promise((resolve) => {
      const ms = this.#signTimeoutMs;
      let isOver = false;
      const end = (failure: { readonly error: unknown } | undefined): void => {
        if (isOver) return;
        isOver = true;
        cancel();
        resolve(failure);
      };
      const cancel = this.#environment.schedule(ms, () =>
        end({ error: new TimeoutError(`Signing took longer than ${ms} ms`) }),
      );
      const fail = (error: unknown): void => end({ error });
      const next = (): void => {
        const one = unsigned[blocks.length];
        if (one === undefined) {
          end(undefined);
          return;
        }
        const { core, reservation } = one;
        signCore(core, reservation.core, reservation.id, this.#signer).then((block) => {
          // What a signer hands in too late is thrown away.
          if (isOver) return;
          blocks.push(block);
          next();
        }, fail);
      };
      next();
    });
  }

  /**
   * Stores signed own blocks, unless another own block came from outside meanwhile: then their signatures are thrown
   * away, and the chain goes on behind what came.
   *
   * @param isNew - Filled with whether listeners are still to be told of each.
   */
  async #storeOwn(blocks: readonly HalfBlock[], since: number, isNew: boolean[]): Promise<void> {
    if (this.#fromOutside !== since && !(await this.#isUnrivalled(blocks))) {
      throw overtaken();
    }
    for (const block of blocks) isNew.push(this.#onStoring(block));
    try {
      await this.#store.put(blocks, { durable: true });
    } catch (error) {
      for (const block of blocks) this.#onNotStored(block);
      throw error;
    }
  }

  /**
   * Whether what came from outside are these very blocks: another process found them reserved, and signed them in the
   * place of this one. Whatever else stands at or above the first that is not stored rules them out for ever.
   */
  async #isUnrivalled(blocks: readonly HalfBlock[]): Promise<boolean> {
    const stored = await this.#reads.getMany(blocks.map(({ id }) => id));
    const missing = blocks[stored.indexOf(undefined)];
    if (missing === undefined) return true;
    const head = await this.#reads.head(this.#self);
    return head === undefined || head.core.seq < missing.core.seq;
  }

  /** Head of the own chain, after finishing what a crash or a failed signer left reserved. */
  async #loadHead(since: number): Promise<Head> {
    try {
      return await this.#finishReserved(since);
    } catch (error) {
      // What is reserved above this head is still unsigned: whoever comes next must look again.
      this.#head = undefined;
      throw error;
    }
  }

  async #finishReserved(since: number): Promise<Head> {
    const stored = await this.#reads.head(this.#self);
    let head: Head = stored === undefined ? { seq: 0, id: null, time: 0 } : headOf(stored);
    this.#head = head;
    for (;;) {
      const { seq, id } = head;
      // Reservations at or below the head were overtaken by own blocks learned from peers; they were never signed.
      const open = await this.#reads.unfinished(this.#self);
      const next = open.find((reservation) => reservation.seq === seq + 1);
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
      const finished = { reservation: next, core: decodeCore(next.core), push: true };
      const [block] = await this.#signAndStore([finished], since);
      if (block !== undefined) head = headOf(block);
    }
  }
}
