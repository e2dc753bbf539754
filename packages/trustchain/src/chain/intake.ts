import {
  type BlockStore,
  type Crypto,
  type Environment,
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type PublicKey,
  type ReceiveResult,
} from '@edmp/interface';
import type { Mutex } from '@edmp/interface/bounded';
import { defer } from '@edmp/interface/implement';
import { blockKey } from '../block/identity.ts';
import { signatureError, verifyItem, verifySignature } from '../block/signature.ts';
import { andThen, type MaybePromise } from '../maybe-promise.ts';
import { type BlockReads, readsOf } from '../store/at-once.ts';
import type { Verdict } from '../validation/validate.ts';
import { type Admission, admission } from './admission.ts';
import { ChainError } from './errors.ts';
import type { FraudRegister } from './fraud-register.ts';
import type { Reaction } from './reaction.ts';

/** Blocks verified and stored together. */
const BATCH = 256;
/** Below this many signatures a trip to another thread costs more than it saves. */
const VERIFY_INLINE = 2;

/** What {@link intake} works with. */
export interface IntakeContext {
  readonly self: PublicKey;
  readonly store: BlockStore;
  readonly crypto: Crypto;
  readonly environment: Environment;
  readonly frauds: FraudRegister;
  readonly reaction: Reaction;
  /** Held while this node's blocks are written. */
  readonly ownChain: Mutex;
  /** Told of every block before it is stored; `false` when listeners have been told of it. */
  readonly onStoring: (block: HalfBlock) => boolean;
  /** Told of every block that could not be stored. */
  readonly onNotStored: (block: HalfBlock) => void;
  /** Told, with the lock held, of every own block from outside that was just stored. */
  readonly onOwnBlock: (block: HalfBlock) => void;
  /** Most blocks waiting at once; more are refused with `ERR_CHAIN_BUSY`. */
  readonly maxQueued: number;
  /** Most bytes of blocks waiting at once. */
  readonly maxQueuedBytes: number;
}

/** Takes in decoded blocks: verifies each signature once, stores, judges, reports. */
export interface Intake {
  /** Throws `ERR_BLOCK_SIGNATURE`, `ERR_CHAIN_BUSY`. */
  receive(block: HalfBlock): Promise<ReceiveResult>;
  /** Reports fraud that a crash may have kept from being recorded: judges the newest arrivals again. */
  recheck(count: number): Promise<void>;
  /** Resolves when nothing waits. */
  idle(): Promise<void>;
}

interface Waiting {
  readonly block: HalfBlock;
  /** {@link blockKey} of the block. */
  readonly key: string;
  readonly resolve: (result: ReceiveResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Copies of one unknown block that are being verified. */
interface InFlight {
  /** The copy that came first. */
  readonly first: HalfBlock;
  copies: number;
}

interface Begun {
  readonly unverified: readonly Waiting[];
  /** Stored already, with this very signature. */
  readonly known: readonly Waiting[];
  /** Being verified already, with this very signature. */
  readonly repeated: readonly Waiting[];
  /** The answer for each of `unverified`; a promise where other threads look. */
  readonly genuine: MaybePromise<readonly boolean[]>;
}

/** The {@link Intake} of a chain. */
export function intake(context: IntakeContext): Intake {
  return new BlockIntake(context);
}

class BlockIntake implements Intake {
  readonly #self: PublicKey;
  readonly #store: BlockStore;
  readonly #environment: Environment;
  readonly #reads: BlockReads;
  readonly #crypto: Crypto;
  readonly #reaction: Reaction;
  readonly #ownChain: Mutex;
  readonly #onOwnBlock: (block: HalfBlock) => void;
  readonly #onStoring: (block: HalfBlock) => boolean;
  readonly #onNotStored: (block: HalfBlock) => void;
  readonly #maxQueued: number;
  readonly #maxQueuedBytes: number;
  readonly #admission: Admission;
  readonly #queue: Waiting[] = [];
  #queuedBytes = 0;
  readonly #inFlight = new Map<string, InFlight>();
  #isDraining = false;
  readonly #whenIdle: (() => void)[] = [];

  constructor(context: IntakeContext) {
    const { self, store, environment, frauds } = context;
    this.#self = self;
    this.#store = store;
    this.#environment = environment;
    this.#reads = readsOf(store);
    this.#crypto = context.crypto;
    this.#reaction = context.reaction;
    this.#ownChain = context.ownChain;
    this.#onOwnBlock = context.onOwnBlock;
    this.#onStoring = context.onStoring;
    this.#onNotStored = context.onNotStored;
    this.#maxQueued = context.maxQueued;
    this.#maxQueuedBytes = context.maxQueuedBytes;
    this.#admission = admission({ self, reads: this.#reads, frauds, now: environment.now });
  }

  receive(block: HalfBlock): Promise<ReceiveResult> {
    const again = this.#reaction.known(block);
    if (again !== undefined) {
      const { level, issues } = again.verdict;
      return Promise.resolve({ block: again.block, added: false, level, issues });
    }
    if (this.#queue.length >= this.#maxQueued || this.#queuedBytes >= this.#maxQueuedBytes) {
      return Promise.reject(
        new ChainError('ERR_CHAIN_BUSY', `${this.#queue.length} blocks wait to be verified; try later`, {
          retryable: true,
        }),
      );
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ block, key: blockKey(block.id), resolve, reject });
      this.#queuedBytes += block.bytes.length;
      if (this.#isDraining) return;
      this.#isDraining = true;
      // One turn, so that blocks that came together are verified and stored together.
      defer(this.#environment, () => void this.#drain());
    });
  }

  async recheck(count: number): Promise<void> {
    try {
      for (const { block } of await this.#store.newest(count)) await this.#reaction.judge(block);
    } catch (error) {
      // A damaged row must not keep the node from starting; it is reported when the chain is verified.
      if (!isEdmpError(error, 'ERR_STORE_CORRUPT')) throw error;
    }
  }

  idle(): Promise<void> {
    if (!this.#isDraining) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  async #drain(): Promise<void> {
    let begun: Begun | undefined;
    while (begun !== undefined || this.#queue.length > 0) {
      const batch = this.#next();
      const current: Begun | undefined = begun;
      // The next batch is verified on other threads while this one is judged and stored here.
      const beginning = batch.length === 0 ? undefined : this.#tryBegin(batch);
      begun = beginning instanceof Promise ? await beginning : beginning;
      if (current === undefined) continue;
      try {
        await this.#finish(current);
      } catch (error) {
        abandon(current.unverified, error);
        abandon(current.known, error);
      }
      this.#end(current);
    }
    this.#isDraining = false;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #next(): readonly Waiting[] {
    const batch = this.#queue.splice(0, BATCH);
    for (const { block } of batch) this.#queuedBytes -= block.bytes.length;
    return batch;
  }

  #tryBegin(batch: readonly Waiting[]): MaybePromise<Begun | undefined> {
    const failed = (error: unknown): undefined => abandon(batch, error);
    try {
      const begun = andThen(this.#reads.getMany(batch.map(({ block }) => block.id)), (stored) =>
        this.#begin(batch, stored),
      );
      return begun instanceof Promise ? begun.catch(failed) : begun;
    } catch (error) {
      return failed(error);
    }
  }

  /** First half: sorts out what is known and starts verifying the rest. */
  #begin(batch: readonly Waiting[], stored: readonly (HalfBlock | undefined)[]): Begun {
    const unverified: Waiting[] = [];
    const known: Waiting[] = [];
    const repeated: Waiting[] = [];
    for (const [index, waiting] of batch.entries()) {
      const { block, key } = waiting;
      const flying = this.#inFlight.get(key);
      const first = flying?.first ?? stored[index];
      // The same core with another signature is verified: it proves nothing about its sender otherwise.
      if (first === undefined || !equalBytes(first.signature, block.signature)) {
        unverified.push(waiting);
        if (flying !== undefined) flying.copies += 1;
        else this.#inFlight.set(key, { first: block, copies: 1 });
      } else if (flying !== undefined) repeated.push(waiting);
      else known.push(waiting);
    }
    const genuine = this.#verify(unverified.map((waiting) => waiting.block));
    // Handled when the batch is finished; until then nobody listens.
    if (genuine instanceof Promise) genuine.catch(() => {});
    return { unverified, known, repeated, genuine };
  }

  #verify(blocks: readonly HalfBlock[]): MaybePromise<readonly boolean[]> {
    if (blocks.length > VERIFY_INLINE) return this.#crypto.ed25519VerifyMany(blocks.map(verifyItem));
    try {
      return blocks.map((block) => verifySignature(block, this.#crypto));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #end(current: Begun): void {
    this.#forget(current.unverified);
    // What waited for the same block to be verified finds it known now, or is verified itself.
    if (current.repeated.length === 0) return;
    this.#queue.unshift(...current.repeated);
    for (const { block } of current.repeated) this.#queuedBytes += block.bytes.length;
  }

  /** Second half: stores what is genuine, judges it, answers everybody. */
  async #finish({ unverified, known, genuine }: Begun): Promise<void> {
    const results = genuine instanceof Promise ? await genuine : genuine;
    const fresh: Waiting[] = [];
    const beside = new Beside();
    for (const [index, waiting] of unverified.entries()) {
      if (results[index] !== true) {
        waiting.reject(signatureError(waiting.block));
        continue;
      }
      try {
        const isFresh = this.#admit(waiting, beside);
        if (isFresh instanceof Promise ? await isFresh : isFresh) fresh.push(waiting);
      } catch (error) {
        waiting.reject(error);
      }
    }
    if (fresh.length > 0) {
      const untold = await this.#put(fresh);
      const blocks = untold.map(({ block }) => block);
      const reacting = this.#reaction.toStored(blocks, (index, outcome) => answer(untold[index], outcome));
      if (reacting instanceof Promise) await reacting;
      // Another process stored these first, and listeners here have heard of them from it.
      if (untold.length < fresh.length)
        for (const waiting of fresh) if (!untold.includes(waiting)) await this.#answerKnown(waiting);
    }
    for (const waiting of known) {
      const answered = this.#answerKnown(waiting);
      if (answered instanceof Promise) await answered;
    }
  }

  /** Whether a genuine block is to be stored; whoever waits for another one is answered. */
  #admit(waiting: Waiting, beside: Beside): MaybePromise<boolean> {
    const { block, key } = waiting;
    // Another copy came first; that it did says nothing of whether it was genuine.
    const isFirst = this.#inFlight.get(key)?.first === block;
    if (isFirst && !beside.has(key)) return this.#admitNew(waiting, beside);
    return andThen(beside.has(key) || this.#reads.has(block.id), (isStored) =>
      isStored ? andThen(this.#answerKnown(waiting), () => false) : this.#admitNew(waiting, beside),
    );
  }

  #admitNew(waiting: Waiting, beside: Beside): MaybePromise<boolean> {
    const { block, key } = waiting;
    return andThen(this.#admission.objection(block, beside.rivalsOf(block)), (refused) => {
      if (refused === undefined) beside.add(key, block);
      else waiting.resolve(refused);
      return refused === undefined;
    });
  }

  /** Stores blocks in one write. Returns those that listeners are still to be told of. */
  async #put(fresh: readonly Waiting[]): Promise<readonly Waiting[]> {
    const blocks = fresh.map(({ block }) => block);
    const untold = fresh.filter(({ block }) => this.#onStoring(block));
    try {
      await this.#write(blocks);
    } catch (error) {
      for (const block of blocks) this.#onNotStored(block);
      throw error;
    }
    return untold;
  }

  /** One write, with the lock of the own chain where some are one's own. */
  #write(blocks: readonly HalfBlock[]): Promise<unknown> {
    const durable = blocks.some(({ core }) => core.peer !== null && equalBytes(core.peer, this.#self));
    const own = blocks.filter(({ core }) => equalBytes(core.key, this.#self));
    if (own.length === 0) return this.#store.put(blocks, { durable });
    return this.#ownChain.run(async () => {
      await this.#store.put(blocks, { durable });
      for (const block of own) this.#onOwnBlock(block);
    });
  }

  #answerKnown({ block, resolve, reject }: Waiting): MaybePromise<void> {
    try {
      const judged = this.#reaction.judge(block);
      const answered = ({ level, issues }: Verdict): void => resolve({ block, added: false, level, issues });
      return judged instanceof Promise ? judged.then(answered, reject) : answered(judged);
    } catch (error) {
      reject(error);
    }
  }

  #forget(batch: readonly Waiting[]): void {
    for (const { key } of batch) {
      const flying = this.#inFlight.get(key);
      if (flying === undefined) continue;
      flying.copies -= 1;
      if (flying.copies === 0) this.#inFlight.delete(key);
    }
  }
}

/** The blocks of one batch that are about to be stored. */
class Beside {
  readonly #keys = new Set<string>();
  /** By position: two at one position are rare, and then their authors are compared. */
  readonly #places = new Map<number, HalfBlock[]>();

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** How many of them stand at the position of a block, by its author. */
  rivalsOf({ core }: HalfBlock): number {
    const there = this.#places.get(core.seq);
    return there?.filter((other) => equalBytes(other.core.key, core.key)).length ?? 0;
  }

  add(key: string, block: HalfBlock): void {
    this.#keys.add(key);
    const there = this.#places.get(block.core.seq);
    if (there === undefined) this.#places.set(block.core.seq, [block]);
    else there.push(block);
  }
}

/** Settling twice does nothing: only those still waiting see the error. */
function abandon(batch: readonly Waiting[], error: unknown): undefined {
  for (const waiting of batch) waiting.reject(error);
}

function answer(waiting: Waiting | undefined, outcome: Verdict | { readonly error: unknown }): void {
  if (waiting === undefined) return;
  if ('error' in outcome) {
    waiting.reject(outcome.error);
    return;
  }
  const { level, issues } = outcome;
  waiting.resolve({ block: waiting.block, added: true, level, issues });
}
