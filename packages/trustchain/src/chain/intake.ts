import {
  type BlockStore,
  type Crypto,
  type Environment,
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type PublicKey,
  type ReceiveResult,
  type ValidationIssue,
} from '@edmp/interface';
import type { Mutex } from '@edmp/interface/bounded';
import { blockKey } from '../block/identity.ts';
import { MAX_CLOCK_AHEAD_MS } from '../block/limits.ts';
import { signatureError, verifyItem, verifySignature } from '../block/signature.ts';
import { isSelfBlock } from '../pair/answer.ts';
import { issue } from '../validation/codes.ts';
import { ChainError } from './errors.ts';
import type { FraudRegister } from './fraud-register.ts';
import type { Reaction } from './reaction.ts';

/** Branches of one position that are kept; a proof needs two, more would let a cheat fill disks. */
export const MAX_BRANCHES = 8;
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
  /** Told, with the lock held, of every block of this node from outside that was just stored. */
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
  readonly genuine: readonly boolean[] | Promise<readonly boolean[]>;
}

/** The {@link Intake} of a chain. */
export function intake(context: IntakeContext): Intake {
  const { self, store, crypto, environment, frauds, reaction } = context;
  const queue: Waiting[] = [];
  let queuedBytes = 0;
  const inFlight = new Map<string, InFlight>();
  let draining: Promise<void> | undefined;

  const verify = (blocks: readonly HalfBlock[]): readonly boolean[] | Promise<readonly boolean[]> => {
    if (blocks.length > VERIFY_INLINE) return crypto.ed25519VerifyMany(blocks.map(verifyItem));
    try {
      return blocks.map((block) => verifySignature(block, crypto));
    } catch (error) {
      return Promise.reject(error);
    }
  };

  const answerKnown = async ({ block, resolve, reject }: Waiting): Promise<void> => {
    try {
      const { level, issues } = await reaction.judge(block);
      resolve({ block, added: false, level, issues });
    } catch (error) {
      reject(error);
    }
  };

  /** Whether a block answers a proposal that was addressed to its author: two answers are a proof, so these are few. */
  const isDueAnswer = async ({ core }: HalfBlock): Promise<boolean> => {
    const proposal = core.link === null ? undefined : await store.get(core.link);
    const asked = proposal?.core.peer ?? null;
    if (proposal === undefined || asked === null || isSelfBlock(proposal) || !equalBytes(asked, core.key))
      return false;
    return (await store.answers(proposal.id, { author: core.key, limit: 2 })).length < 2;
  };

  /** Whether there is room for one more branch at a block's position, where `taken` more are about to be stored. */
  const hasRoom = async (block: HalfBlock, taken: number): Promise<boolean> => {
    const { key, seq } = block.core;
    if (taken === 0 && !(await frauds.has(key))) return true;
    return (await store.at(key, seq)).length + taken < MAX_BRANCHES || isDueAnswer(block);
  };
  /** This node's blocks are taken whatever the clock says: a chain that does not know its own head forks. */
  const isFuture = ({ core }: HalfBlock): boolean =>
    core.time > environment.now() + MAX_CLOCK_AHEAD_MS && !equalBytes(core.key, self);

  /** First half: sorts out what is known and starts verifying the rest. */
  const begin = (batch: readonly Waiting[], stored: readonly (HalfBlock | undefined)[]): Begun => {
    const unverified: Waiting[] = [];
    const known: Waiting[] = [];
    const repeated: Waiting[] = [];
    for (const [index, waiting] of batch.entries()) {
      const { block, key } = waiting;
      const flying = inFlight.get(key);
      const first = flying?.first ?? stored[index];
      // The same core with another signature is verified: it proves nothing about its sender otherwise.
      if (first === undefined || !equalBytes(first.signature, block.signature)) {
        unverified.push(waiting);
        if (flying !== undefined) flying.copies += 1;
        else inFlight.set(key, { first: block, copies: 1 });
      } else if (flying !== undefined) repeated.push(waiting);
      else known.push(waiting);
    }
    const genuine = verify(unverified.map((waiting) => waiting.block));
    // Handled when the batch is finished; until then nobody listens.
    if (genuine instanceof Promise) genuine.catch(() => {});
    return { unverified, known, repeated, genuine };
  };

  /** Why a genuine, unknown block is not kept; undefined when it is. */
  const objection = async (block: HalfBlock, taken: number): Promise<ReceiveResult | undefined> => {
    const refuse = (level: 'no-info' | 'invalid', found: ValidationIssue): ReceiveResult => ({
      block,
      added: false,
      level,
      issues: [found],
    });
    if (isFuture(block)) {
      return refuse(
        'no-info',
        issue('ERR_BLOCK_FUTURE', 'Dated too far ahead of the local clock: offer it again later'),
      );
    }
    if (!(await hasRoom(block, taken))) {
      return refuse(
        'invalid',
        issue('ERR_BLOCK_FORK', `More than ${MAX_BRANCHES} branches at this position are not kept`),
      );
    }
    return undefined;
  };

  /** Keeps verified blocks that are new, in one write. */
  const keep = async (genuine: readonly Waiting[]): Promise<readonly Waiting[]> => {
    const fresh: Waiting[] = [];
    const taken = new Set<string>();
    /** Blocks about to be stored, by position: two at one position are rare, and then their authors are compared. */
    const places = new Map<number, HalfBlock[]>();
    for (const waiting of genuine) {
      const { block, key } = waiting;
      try {
        // Another copy came first; that it did says nothing of whether it was genuine.
        const isFirst = inFlight.get(key)?.first === block;
        if (taken.has(key) || (!isFirst && (await store.has(block.id)))) {
          await answerKnown(waiting);
          continue;
        }
        const { core } = block;
        const beside = places.get(core.seq);
        const rivals = beside?.filter((other) => equalBytes(other.core.key, core.key)).length ?? 0;
        // Nothing is waited for in the ordinary case: a turn of the queue for every block adds up.
        const isPlain = rivals === 0 && frauds.peek(core.key) === false && !isFuture(block);
        const refused = isPlain ? undefined : await objection(block, rivals);
        if (refused !== undefined) {
          waiting.resolve(refused);
          continue;
        }
        taken.add(key);
        if (beside === undefined) places.set(core.seq, [block]);
        else beside.push(block);
        fresh.push(waiting);
      } catch (error) {
        waiting.reject(error);
      }
    }
    if (fresh.length === 0) return fresh;
    const blocks = fresh.map(({ block }) => block);
    const durable = blocks.some(({ core }) => core.peer !== null && equalBytes(core.peer, self));
    const own = blocks.filter(({ core }) => equalBytes(core.key, self));
    if (own.length === 0) {
      await store.put(blocks, { durable });
      return fresh;
    }
    await context.ownChain.run(async () => {
      await store.put(blocks, { durable });
      for (const block of own) context.onOwnBlock(block);
    });
    return fresh;
  };

  /** Second half: stores what is genuine, judges it, answers everybody. */
  const finish = async (begun: Begun): Promise<void> => {
    const { genuine: verified } = begun;
    const results = verified instanceof Promise ? await verified : verified;
    const genuine: Waiting[] = [];
    for (const [index, waiting] of begun.unverified.entries()) {
      if (results[index] === true) genuine.push(waiting);
      else waiting.reject(signatureError(waiting.block));
    }
    const kept = await keep(genuine);
    const blocks = kept.map(({ block }) => block);
    await reaction.toStored(blocks, (index, outcome) => {
      const waiting = kept[index];
      if (waiting === undefined) return;
      if ('error' in outcome) waiting.reject(outcome.error);
      else {
        const { level, issues } = outcome;
        waiting.resolve({ block: waiting.block, added: true, level, issues });
      }
    });
    for (const waiting of begun.known) await answerKnown(waiting);
  };

  /** Settling twice does nothing: only those still waiting see the error. */
  const abandon = (batch: readonly Waiting[], error: unknown): void => {
    for (const waiting of batch) waiting.reject(error);
  };
  const forget = (batch: readonly Waiting[]): void => {
    for (const { key } of batch) {
      const flying = inFlight.get(key);
      if (flying === undefined) continue;
      flying.copies -= 1;
      if (flying.copies === 0) inFlight.delete(key);
    }
  };

  const tryBegin = async (batch: readonly Waiting[]): Promise<Begun | undefined> => {
    try {
      return begin(batch, await store.getMany(batch.map(({ block }) => block.id)));
    } catch (error) {
      abandon(batch, error);
      return undefined;
    }
  };

  const next = (): readonly Waiting[] => {
    const batch = queue.splice(0, BATCH);
    for (const { block } of batch) queuedBytes -= block.bytes.length;
    return batch;
  };

  const drain = async (): Promise<void> => {
    let begun: Begun | undefined;
    while (begun !== undefined || queue.length > 0) {
      const batch = next();
      const current: Begun | undefined = begun;
      // The next batch is verified on other threads while this one is judged and stored here.
      begun = batch.length === 0 ? undefined : await tryBegin(batch);
      if (current === undefined) continue;
      try {
        await finish(current);
      } catch (error) {
        abandon(current.unverified, error);
        abandon(current.known, error);
      }
      forget(current.unverified);
      // What waited for the same block to be verified finds it known now, or is verified itself.
      queue.unshift(...current.repeated);
      for (const { block } of current.repeated) queuedBytes += block.bytes.length;
    }
    draining = undefined;
  };

  return {
    receive(block) {
      const again = reaction.known(block);
      if (again !== undefined) {
        const { level, issues } = again.verdict;
        return Promise.resolve({ block: again.block, added: false, level, issues });
      }
      if (queue.length >= context.maxQueued || queuedBytes >= context.maxQueuedBytes) {
        return Promise.reject(
          new ChainError('ERR_CHAIN_BUSY', `${queue.length} blocks wait to be verified; try later`, {
            retryable: true,
          }),
        );
      }
      return new Promise((resolve, reject) => {
        queue.push({ block, key: blockKey(block.id), resolve, reject });
        queuedBytes += block.bytes.length;
        draining ??= Promise.resolve().then(drain);
      });
    },
    async recheck(count) {
      try {
        for (const { block } of await store.newest(count)) await reaction.judge(block);
      } catch (error) {
        // A damaged row must not keep the node from starting; it is reported when the chain is verified.
        if (!isEdmpError(error, 'ERR_STORE_CORRUPT')) throw error;
      }
    },
    async idle() {
      while (draining !== undefined) await draining;
    },
  };
}
