import {
  type BlockStore,
  type Crypto,
  type Environment,
  equalBytes,
  type HalfBlock,
  type PublicKey,
  type ReceiveResult,
} from '@edmp/interface';
import { blockKey } from '../block/identity.ts';
import { MAX_CLOCK_AHEAD_MS } from '../block/limits.ts';
import { signatureError, verifyItem, verifySignature } from '../block/signature.ts';
import { issue } from '../validation/codes.ts';
import { type BlockView, type Verdict, validateBlock } from '../validation/validate.ts';
import { ChainError } from './errors.ts';
import type { EventHub } from './events.ts';
import type { FraudRegister } from './fraud-register.ts';
import type { Tips } from './tips.ts';
import { type LinkView, linkViews, type TypeRules, viewFromStore } from './view.ts';

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
  readonly rules: TypeRules;
  readonly tips: Tips;
  readonly events: EventHub;
  readonly frauds: FraudRegister;
  /** Most blocks waiting at once; more are refused with `ERR_CHAIN_BUSY`. */
  readonly maxQueued: number;
  /** Told when an own block came from outside that was not stored. */
  readonly onOwnBlock: (block: HalfBlock) => void;
}

/** Takes in decoded blocks: verifies each signature once, stores, judges, reports. */
export interface Intake {
  /** Throws `ERR_BLOCK_SIGNATURE`, `ERR_CHAIN_BUSY`. */
  receive(block: HalfBlock): Promise<ReceiveResult>;
  /** Verdict on a stored block by what is known now. */
  judge(block: HalfBlock): Promise<Verdict>;
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

interface Begun {
  readonly unverified: readonly Waiting[];
  /** Stored already, with this very signature. */
  readonly known: readonly Waiting[];
  /** Being verified already, with this very signature. */
  readonly repeated: readonly Waiting[];
  readonly genuine: Promise<readonly boolean[]>;
}

/** The {@link Intake} of a chain. */
export function intake(context: IntakeContext): Intake {
  const { self, store, crypto, environment, rules, tips, events, frauds } = context;
  const queue: Waiting[] = [];
  /** Unknown blocks being verified, the first of each identity. */
  const inFlight = new Map<string, HalfBlock>();
  let draining: Promise<void> | undefined;

  const judge = async (block: HalfBlock): Promise<Verdict> =>
    validateBlock(block, await viewFromStore(block, store, rules, environment.now()));

  const verify = async (blocks: readonly HalfBlock[]): Promise<readonly boolean[]> =>
    blocks.length <= VERIFY_INLINE
      ? blocks.map((block) => verifySignature(block, crypto))
      : crypto.ed25519VerifyMany(blocks.map(verifyItem));

  /** Judges a block that was just stored, records fraud, reports. */
  const react = (block: HalfBlock, view: BlockView): Verdict | Promise<Verdict> => {
    const verdict = validateBlock(block, view);
    tips.note(block, view);
    const { fraud } = verdict;
    if (fraud === undefined) {
      report(block, verdict);
      return view.answers.length === 0 || block.core.link !== null ? verdict : reactToAnswers(view, verdict);
    }
    return (async () => {
      await frauds.record(fraud);
      report(block, verdict);
      return block.core.link === null ? reactToAnswers(view, verdict) : verdict;
    })();
  };
  const report = (block: HalfBlock, verdict: Verdict): void => {
    const own = equalBytes(block.core.key, self);
    if (verdict.level === 'invalid') events.emit({ type: 'invalid', block, issues: verdict.issues });
    else events.emit({ type: 'block', block, level: verdict.level, own });
    if (own) context.onOwnBlock(block);
  };
  /** A proposal may condemn answers that came before it. */
  const reactToAnswers = async (view: BlockView, verdict: Verdict): Promise<Verdict> => {
    for (const answer of view.answers) {
      const found = await judge(answer);
      if (found.level === 'invalid') events.emit({ type: 'invalid', block: answer, issues: found.issues });
    }
    return verdict;
  };

  /** The view of a block that was just stored, with its links known: growing chains need not ask the store. */
  const viewOf = (block: HalfBlock, link: LinkView): BlockView | Promise<BlockView> => {
    const now = environment.now();
    const place = tips.follow(block);
    return place === undefined ? viewFromStore(block, store, rules, now) : { now, ...place, ...link };
  };

  const answerKnown = async (waiting: Waiting, block: HalfBlock): Promise<void> => {
    const { level, issues } = await judge(block);
    waiting.resolve({ block, added: false, level, issues });
  };

  /** Whether there is room for one more branch at the block's position; only a cheat's positions can be full. */
  const hasRoom = async (block: HalfBlock): Promise<boolean> =>
    !(await frauds.has(block.core.key)) ||
    (await store.at(block.core.key, block.core.seq)).length < MAX_BRANCHES;

  /** First half: sorts out what is known and starts verifying the rest. */
  const begin = async (batch: readonly Waiting[]): Promise<Begun> => {
    const unverified: Waiting[] = [];
    const known: Waiting[] = [];
    const repeated: Waiting[] = [];
    const stored = await store.getMany(batch.map(({ block }) => block.id));
    for (const [index, waiting] of batch.entries()) {
      const { block, key } = waiting;
      const first = inFlight.get(key) ?? stored[index];
      if (first === undefined) inFlight.set(key, block);
      // The same core with another signature is verified: it proves nothing about its sender otherwise.
      if (first === undefined || !equalBytes(first.signature, block.signature)) unverified.push(waiting);
      else if (inFlight.has(key)) repeated.push(waiting);
      else known.push(waiting);
    }
    const genuine = verify(unverified.map((waiting) => waiting.block));
    // Handled when the batch is finished; until then nobody listens.
    genuine.catch(() => {});
    return { unverified, known, repeated, genuine };
  };

  /** Keeps verified blocks that are new, in one write. */
  const keep = async (genuine: readonly Waiting[]): Promise<readonly Waiting[]> => {
    const fresh: Waiting[] = [];
    for (const waiting of genuine) {
      const { block } = waiting;
      if (inFlight.get(waiting.key) !== block) {
        await answerKnown(waiting, block);
      } else if (block.core.time > environment.now() + MAX_CLOCK_AHEAD_MS) {
        const found = issue(
          'ERR_BLOCK_FUTURE',
          'Dated too far ahead of the local clock: offer it again later',
        );
        waiting.resolve({ block, added: false, level: 'no-info', issues: [found] });
      } else if (frauds.peek(block.core.key) === false || (await hasRoom(block))) {
        fresh.push(waiting);
      } else {
        const found = issue(
          'ERR_BLOCK_FORK',
          `More than ${MAX_BRANCHES} branches at this position are not kept`,
        );
        waiting.resolve({ block, added: false, level: 'invalid', issues: [found] });
      }
    }
    const durable = fresh.some(({ block }) => block.core.peer !== null && equalBytes(block.core.peer, self));
    if (fresh.length > 0) {
      await store.put(
        fresh.map((waiting) => waiting.block),
        { durable },
      );
    }
    return fresh;
  };

  /** Second half: stores what is genuine, judges it, answers everybody. */
  const finish = async (begun: Begun): Promise<void> => {
    const results = await begun.genuine;
    const genuine: Waiting[] = [];
    for (const [index, waiting] of begun.unverified.entries()) {
      if (results[index] === true) genuine.push(waiting);
      else waiting.reject(signatureError(waiting.block));
    }
    const kept = await keep(genuine);
    const links = await linkViews(
      kept.map(({ block }) => block),
      store,
      rules,
    );
    for (const [index, { block, resolve, reject }] of kept.entries()) {
      try {
        // Waiting only where there is something to wait for: a turn of the queue for every block adds up.
        const viewed = viewOf(block, links[index] ?? { answers: [] });
        const view = viewed instanceof Promise ? await viewed : viewed;
        const reacted = react(block, view);
        const { level, issues } = reacted instanceof Promise ? await reacted : reacted;
        resolve({ block, added: true, level, issues });
      } catch (error) {
        reject(error);
      }
    }
    for (const waiting of begun.known) await answerKnown(waiting, waiting.block);
  };

  /** Settling twice does nothing: only those still waiting see the error. */
  const abandon = (batch: readonly Waiting[], error: unknown): void => {
    for (const waiting of batch) waiting.reject(error);
  };
  const forget = (batch: readonly Waiting[]): void => {
    for (const { block, key } of batch) if (inFlight.get(key) === block) inFlight.delete(key);
  };

  const tryBegin = async (batch: readonly Waiting[]): Promise<Begun | undefined> => {
    try {
      return await begin(batch);
    } catch (error) {
      abandon(batch, error);
      forget(batch);
      return undefined;
    }
  };

  const drain = async (): Promise<void> => {
    let begun: Begun | undefined;
    while (begun !== undefined || queue.length > 0) {
      const batch = queue.splice(0, BATCH);
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
    }
    draining = undefined;
  };

  return {
    receive(block) {
      if (queue.length >= context.maxQueued) {
        return Promise.reject(
          new ChainError('ERR_CHAIN_BUSY', `${queue.length} blocks wait to be verified; try later`, {
            retryable: true,
          }),
        );
      }
      return new Promise((resolve, reject) => {
        queue.push({ block, key: blockKey(block.id), resolve, reject });
        draining ??= Promise.resolve().then(drain);
      });
    },
    judge,
    async recheck(count) {
      for (const { block } of await store.newest(count)) {
        const { fraud } = await judge(block);
        if (fraud !== undefined) await frauds.record(fraud);
      }
    },
    async idle() {
      while (draining !== undefined) await draining;
    },
  };
}
