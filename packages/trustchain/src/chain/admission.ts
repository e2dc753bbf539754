import {
  equalBytes,
  type HalfBlock,
  type PublicKey,
  type ReceiveResult,
  type ValidationIssue,
} from '@edmp/interface';
import { MAX_CLOCK_AHEAD_MS } from '../block/limits.ts';
import { andThen, type MaybePromise } from '../maybe-promise.ts';
import { isSelfBlock } from '../pair/answer.ts';
import type { BlockReads } from '../store/at-once.ts';
import { issue } from '../validation/codes.ts';
import type { FraudRegister } from './fraud-register.ts';

/** Branches of one position that are kept; a proof needs two, more would let a cheat fill disks. */
export const MAX_BRANCHES = 8;

/** What {@link admission} works with. */
export interface AdmissionContext {
  readonly self: PublicKey;
  readonly reads: BlockReads;
  readonly frauds: FraudRegister;
  /** Local clock, ms since the epoch. */
  readonly now: () => number;
}

/** Decides which genuine, unknown blocks are kept. */
export interface Admission {
  /** Why a block is not kept; undefined when it is. `taken`: blocks of its author and position that are about to be stored. */
  objection(block: HalfBlock, taken: number): MaybePromise<ReceiveResult | undefined>;
}

/** The {@link Admission} of a chain. */
export function admission({ self, reads, frauds, now }: AdmissionContext): Admission {
  /** Own blocks are taken whatever the clock says: a chain that does not know its own head forks. */
  const isFuture = ({ core }: HalfBlock): boolean =>
    core.time > now() + MAX_CLOCK_AHEAD_MS && !equalBytes(core.key, self);

  /** Whether a block answers a proposal that was addressed to its author: two answers are a proof, so these are few. */
  const isDueAnswer = async ({ core }: HalfBlock): Promise<boolean> => {
    const proposal = core.link === null ? undefined : await reads.get(core.link);
    const asked = proposal?.core.peer ?? null;
    if (proposal === undefined || asked === null || isSelfBlock(proposal) || !equalBytes(asked, core.key))
      return false;
    return (await reads.answers(proposal.id, { author: core.key, limit: 2 })).length < 2;
  };

  /** Whether there is room for one more branch at a block's position. */
  const hasRoom = async (block: HalfBlock, taken: number): Promise<boolean> => {
    const { key, seq } = block.core;
    return (await reads.at(key, seq)).length + taken < MAX_BRANCHES || isDueAnswer(block);
  };

  return {
    objection(block, taken) {
      if (isFuture(block)) {
        const found = issue(
          'ERR_BLOCK_FUTURE',
          'Dated too far ahead of the local clock: offer it again later',
        );
        return refusal(block, 'no-info', found);
      }
      // Nothing is waited for in the ordinary case: a turn of the queue for every block adds up.
      const { key } = block.core;
      const isCheat = taken > 0 || (frauds.peek(key) ?? frauds.has(key));
      return andThen(isCheat, (crowded) => {
        if (!crowded) return undefined;
        return hasRoom(block, taken).then((room) =>
          room
            ? undefined
            : refusal(
                block,
                'invalid',
                issue('ERR_BLOCK_FORK', `More than ${MAX_BRANCHES} branches at this position are not kept`),
              ),
        );
      });
    },
  };
}

function refusal(block: HalfBlock, level: 'no-info' | 'invalid', found: ValidationIssue): ReceiveResult {
  return { block, added: false, level, issues: [found] };
}
