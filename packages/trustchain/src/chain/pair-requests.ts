import {
  type BlockId,
  type BlockStore,
  equalBytes,
  type HalfBlock,
  InvalidArgumentError,
  type PublicKey,
  REFUSAL_TYPE,
  type TxValue,
  type TypeRule,
  type ValidationIssue,
  WITHDRAWAL_TYPE,
} from '@edmp/interface';
import { andThen, type MaybePromise } from '../maybe-promise.ts';
import { answerKind, checkAnswer, checkProposal, isSelfBlock, proposalDeadline } from '../pair/answer.ts';
import { answersBy } from '../pair/answers-of.ts';
import { pairState } from '../pair/state.ts';
import { type BlockReads, readsOf } from '../store/at-once.ts';
import type { Verdict } from '../validation/validate.ts';
import { expectBlockId, expectKey, snapshot } from './arguments.ts';
import { ChainError, PairError } from './errors.ts';
import type { FraudRegister } from './fraud-register.ts';
import type { TypeRules } from './view.ts';
import type { AppendRequest, Draft } from './writer.ts';

/** Longest reason in a refusal or withdrawal, characters. */
export const MAX_REASON = 200;
/** Types under this prefix belong to TrustChain itself. */
export const RESERVED_PREFIX = 'tc/';

/** What decisions about this node's blocks are based on. */
export interface PairRequestContext {
  readonly self: PublicKey;
  readonly store: BlockStore;
  readonly rules: TypeRules;
  readonly frauds: FraudRegister;
  readonly judge: (block: HalfBlock) => MaybePromise<Verdict>;
  /** Local clock, ms since the epoch. */
  readonly now: () => number;
}

/** Turns what an application wants into blocks of this node, or refuses with a typed error. */
export interface PairRequests {
  /** A proposal, source block (`peer` null) or block to oneself. */
  propose(peer: PublicKey | null, type: string, tx: TxValue): AppendRequest;
  agree(proposal: BlockId, tx: TxValue | undefined): AppendRequest;
  refuse(proposal: BlockId, reason: string): AppendRequest;
  withdraw(proposal: BlockId, reason: string): AppendRequest;
}

const ruleError = (what: string, issues: readonly ValidationIssue[]): PairError =>
  new PairError('ERR_PAIR_RULE', `${what}: ${issues.map((found) => found.message).join('; ')}`, {
    details: { issues },
  });

function reasonOf(reason: string): TxValue {
  if (typeof reason !== 'string' || reason.length > MAX_REASON) {
    throw new InvalidArgumentError(`A reason is text of at most ${MAX_REASON} characters`);
  }
  return { reason };
}

/** The {@link PairRequests} of one key. */
export function pairRequests(context: PairRequestContext): PairRequests {
  return new KeyPairRequests(context);
}

/** Why the other side ended a directed pair, as an error: it agreed or refused, or, the proposer, withdrew. */
function endedError(
  proposal: HalfBlock,
  answers: readonly HalfBlock[],
  now: number,
  rule: TypeRule | undefined,
): PairError | undefined {
  if (answers.length === 0) return undefined;
  const { state, answer } = pairState(proposal, answers, { now, rule });
  if (answer === undefined) return undefined;
  return new PairError('ERR_PAIR_ANSWERED', `The proposal ${proposal.id} was ${state} by ${answer.id}`, {
    details: { answer: answer.id.toString() },
  });
}

const answerTo = (proposal: HalfBlock, type: string, tx: TxValue): Draft => ({
  peer: proposal.core.key,
  link: proposal.id,
  type,
  tx,
});

class KeyPairRequests implements PairRequests {
  readonly #self: PublicKey;
  readonly #reads: BlockReads;
  readonly #rules: TypeRules;
  readonly #frauds: FraudRegister;
  readonly #judge: (block: HalfBlock) => MaybePromise<Verdict>;
  readonly #now: () => number;

  constructor(context: PairRequestContext) {
    this.#self = context.self;
    this.#reads = readsOf(context.store);
    this.#rules = context.rules;
    this.#frauds = context.frauds;
    this.#judge = context.judge;
    this.#now = context.now;
  }

  propose(to: PublicKey | null, type: string, given: TxValue): AppendRequest {
    const peer = to === null ? null : expectKey('The counterparty of a proposal', to);
    const tx = snapshot(given);
    if (typeof type === 'string' && type.startsWith(RESERVED_PREFIX)) {
      throw new InvalidArgumentError(`Types under ${RESERVED_PREFIX} belong to TrustChain, got ${type}`);
    }
    const draft: Draft = { peer, link: null, type, tx };
    return {
      build: () => (peer === null ? draft : andThen(this.#expectHonest(peer), () => draft)),
      check: (unsigned) => {
        const issues = checkProposal(unsigned, this.#rules.get(type));
        if (issues.length > 0) throw ruleError('The rule of the type forbids this proposal', issues);
      },
    };
  }

  agree(id: BlockId, given: TxValue | undefined): AppendRequest {
    const tx = given === undefined ? undefined : snapshot(given);
    /** As it was read when the block was built. */
    let agreed: HalfBlock | undefined;
    return {
      build: (time) =>
        andThen(this.#expectProposal(id), (proposal) => {
          this.#expectAnswerable(proposal, true);
          agreed = proposal;
          return andThen(this.#expectAgreeable(proposal, time), () =>
            answerTo(proposal, proposal.core.type, tx === undefined ? proposal.core.tx : tx),
          );
        }),
      check: (unsigned) =>
        andThen(agreed ?? this.#expectProposal(id), (proposal) => {
          const issues = checkAnswer(unsigned, proposal, this.#rules.get(proposal.core.type));
          if (issues.length > 0) throw ruleError('The rule of the type forbids this agreement', issues);
        }),
    };
  }

  refuse(id: BlockId, reason: string): AppendRequest {
    const tx = reasonOf(reason);
    return {
      build: () =>
        andThen(this.#expectProposal(id), (proposal) => {
          this.#expectAnswerable(proposal, false);
          return andThen(this.#expectUnanswered(proposal), () => answerTo(proposal, REFUSAL_TYPE, tx));
        }),
    };
  }

  withdraw(id: BlockId, reason: string): AppendRequest {
    const tx = reasonOf(reason);
    return {
      build: async (time) => {
        const proposal = await this.#expectProposal(id);
        this.#expectWithdrawable(proposal, time);
        await this.#expectUnanswered(proposal);
        await this.#expectOpen(proposal);
        return { peer: proposal.core.peer, link: proposal.id, type: WITHDRAWAL_TYPE, tx };
      },
    };
  }

  #expectHonest(key: PublicKey): MaybePromise<void> {
    return andThen(this.#frauds.peek(key) ?? this.#frauds.has(key), (isCheat) => {
      if (!isCheat) return;
      throw new ChainError(
        'ERR_CHAIN_FRAUD',
        'The counterparty is a proven cheat: nothing is signed with it',
      );
    });
  }

  #expectProposal(id: BlockId): MaybePromise<HalfBlock> {
    return andThen(this.#reads.get(expectBlockId(id)), (proposal) => {
      if (proposal === undefined) {
        throw new PairError('ERR_PAIR_UNKNOWN', `The proposal ${id} is not stored here; sync it first`);
      }
      if (proposal.core.link !== null || isSelfBlock(proposal)) {
        throw new PairError('ERR_PAIR_NOT_PROPOSAL', `Block ${id} is no proposal, so nothing can answer it`);
      }
      return proposal;
    });
  }

  /** Checks that we may answer. */
  #expectAnswerable(proposal: HalfBlock, anyone: boolean): void {
    const { key, peer } = proposal.core;
    if (equalBytes(key, this.#self))
      throw new PairError('ERR_PAIR_OWN', 'Only the counterparty answers a proposal');
    if (peer === null ? !anyone : !equalBytes(peer, this.#self)) {
      throw new PairError('ERR_PAIR_NOT_ADDRESSED', `The proposal ${proposal.id} was made to somebody else`);
    }
  }

  /** Checks that an honest proposer's proposal is open, in time and valid. */
  #expectAgreeable(proposal: HalfBlock, time: number): MaybePromise<void> {
    return andThen(this.#expectHonest(proposal.core.key), () =>
      andThen(this.#expectUnanswered(proposal), () =>
        andThen(this.#expectOpen(proposal), () => {
          const deadline = proposalDeadline(proposal, this.#rules.get(proposal.core.type));
          if (deadline !== null && time > deadline) {
            throw new PairError('ERR_PAIR_EXPIRED', `The proposal ended at ${deadline}, it is ${time} now`);
          }
          return andThen(this.#judge(proposal), expectValid);
        }),
      ),
    );
  }

  /** Checks that we have not answered a proposal. */
  #expectUnanswered(proposal: HalfBlock): MaybePromise<void> {
    return andThen(this.#reads.answers(proposal.id, { author: this.#self, limit: 1 }), ([own]) => {
      if (own === undefined) return;
      const answer = own.block;
      throw new PairError(
        'ERR_PAIR_ANSWERED',
        `The proposal ${proposal.id} was answered by ${answer.id} (${answerKind(answer)})`,
        {
          details: { answer: answer.id.toString() },
        },
      );
    });
  }

  /** Checks that the other side has not ended a directed pair. */
  #expectOpen(proposal: HalfBlock): MaybePromise<void> {
    const { key, peer, type } = proposal.core;
    if (peer === null) return;
    const other = equalBytes(key, this.#self) ? peer : key;
    return andThen(answersBy(this.#reads, proposal, other), (answers) => {
      const error = endedError(proposal, answers, this.#now(), this.#rules.get(type));
      if (error !== undefined) throw error;
    });
  }

  #expectWithdrawable(proposal: HalfBlock, time: number): void {
    if (!equalBytes(proposal.core.key, this.#self)) {
      throw new PairError('ERR_PAIR_NOT_OWN', 'Only the proposer withdraws a proposal');
    }
    const deadline = proposalDeadline(proposal, this.#rules.get(proposal.core.type));
    if (deadline === null) {
      throw new PairError('ERR_PAIR_NO_DEADLINE', 'A proposal without a deadline cannot be withdrawn');
    }
    if (time <= deadline) {
      throw new PairError(
        'ERR_PAIR_NOT_EXPIRED',
        `The proposal is open until ${deadline}, it is ${time} now`,
      );
    }
  }
}

function expectValid({ level, issues }: Verdict): void {
  if (level !== 'invalid') return;
  throw new PairError('ERR_PAIR_INVALID', `The proposal is invalid: ${issues[0]?.message}`, {
    details: { issues },
  });
}
