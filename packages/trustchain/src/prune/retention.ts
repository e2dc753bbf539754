import { type BlockStore, equalBytes, type HalfBlock, type PublicKey } from '@edmp/interface';
import type { FraudRegister } from '../chain/fraud-register.ts';
import type { TypeRules } from '../chain/view.ts';
import { isSelfBlock } from '../pair/answer.ts';
import { answersOf } from '../pair/answers-of.ts';
import { pairState } from '../pair/state.ts';

/** How long a pending proposal between others is kept after its deadline, ms, unless told otherwise: a day. */
export const DEFAULT_GRACE_MS = 86_400_000;
/** How long a pending proposal between others is kept after its own time at most, ms, unless told otherwise: 30 days. */
export const DEFAULT_PENDING_MS: number = 30 * 86_400_000;

/** What {@link retention} decides by. */
export interface RetentionContext {
  readonly self: PublicKey;
  readonly store: BlockStore;
  readonly frauds: Pick<FraudRegister, 'has'>;
  readonly rules: TypeRules;
  /** Local clock, ms since the epoch. */
  readonly now: number;
  readonly graceMs: number;
  readonly pendingMs: number;
  /** Says which other blocks must stay. */
  readonly keep?: ((block: HalfBlock) => boolean | Promise<boolean>) | undefined;
}

/** Says what may be pruned. */
export interface Retention {
  /** Whether all blocks of one position, its branches, may be removed. */
  mayGo(branches: readonly HalfBlock[]): Promise<boolean>;
}

/** The {@link Retention} of a store: this node's blocks and those of its pairs, live proposals and unproven forks stay (DESIGN §3.5). */
export function retention(context: RetentionContext): Retention {
  const { self, store, frauds, rules, now } = context;

  const isAnsweredHere = async (block: HalfBlock): Promise<boolean> => {
    const [answers] = await store.answersBy([{ link: block.id, author: self }], 1);
    return (answers?.length ?? 0) > 0;
  };

  const isPending = async (proposal: HalfBlock): Promise<boolean> => {
    if (proposal.core.peer === null || isSelfBlock(proposal)) return false;
    // Without a limit any key could fill the disk with proposals that nobody will ever answer.
    if (proposal.core.time + context.pendingMs < now) return false;
    const rule = rules.get(proposal.core.type);
    // An agreement made in time may still be on its way when the deadline has passed.
    const clock = now - context.graceMs;
    return pairState(proposal, await answersOf(store, proposal), { now: clock, rule }).state === 'pending';
  };

  const isLive = async (block: HalfBlock): Promise<boolean> => {
    const { key, peer, link } = block.core;
    if (equalBytes(key, self)) return true;
    if (link !== null) {
      // An answer to a pending proposal does not count, or the proposal would not be pending.
      const proposal = await store.get(link);
      return proposal !== undefined && equalBytes(proposal.core.key, self);
    }
    if (await isPending(block)) return true;
    // Anybody can address proposals to this node: those that it never answered are no pairs of its own.
    const mayBeAnswered = peer === null || equalBytes(peer, self);
    return mayBeAnswered && (await isAnsweredHere(block));
  };

  return {
    async mayGo(branches) {
      for (const block of branches) {
        if (await isLive(block)) return false;
        if (context.keep !== undefined && (await context.keep(block))) return false;
      }
      const [first, second] = branches;
      // Branches stay until their proof is stored; it carries them from then on (DESIGN §3.4).
      return first === undefined || second === undefined || frauds.has(first.core.key);
    },
  };
}
