import {
  type BlockId,
  type BlockStore,
  equalBytes,
  type HalfBlock,
  InvalidArgumentError,
  type PublicKey,
  REFUSAL_TYPE,
  type TxValue,
  type ValidationIssue,
  WITHDRAWAL_TYPE,
} from '@edmp/interface';
import { answerKind, checkAnswer, checkProposal, isSelfBlock, proposalDeadline } from '../pair/answer.ts';
import { answerPages } from '../pair/answers-of.ts';
import { pairState } from '../pair/state.ts';
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
  readonly judge: (block: HalfBlock) => Promise<Verdict>;
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
  const { self, store, rules, frauds, judge, now } = context;

  const expectHonest = async (key: PublicKey): Promise<void> => {
    if (await frauds.has(key)) {
      throw new ChainError(
        'ERR_CHAIN_FRAUD',
        'The counterparty is a proven cheat: nothing is signed with it',
      );
    }
  };
  const expectProposal = async (id: BlockId): Promise<HalfBlock> => {
    const proposal = await store.get(expectBlockId(id));
    if (proposal === undefined) {
      throw new PairError('ERR_PAIR_UNKNOWN', `The proposal ${id} is not stored here; sync it first`);
    }
    if (proposal.core.link !== null || isSelfBlock(proposal)) {
      throw new PairError('ERR_PAIR_NOT_PROPOSAL', `Block ${id} is no proposal, so nothing can answer it`);
    }
    return proposal;
  };
  /** Checks that we may answer, and have not done so. */
  const expectAnswerable = (proposal: HalfBlock, anyone: boolean): void => {
    const { key, peer } = proposal.core;
    if (equalBytes(key, self))
      throw new PairError('ERR_PAIR_OWN', 'Only the counterparty answers a proposal');
    if (peer === null ? !anyone : !equalBytes(peer, self)) {
      throw new PairError('ERR_PAIR_NOT_ADDRESSED', `The proposal ${proposal.id} was made to somebody else`);
    }
  };
  const expectUnanswered = async (proposal: HalfBlock): Promise<void> => {
    const [own] = await store.answers(proposal.id, { author: self, limit: 1 });
    if (own === undefined) return;
    const answer = own.block;
    throw new PairError(
      'ERR_PAIR_ANSWERED',
      `The proposal ${proposal.id} was answered by ${answer.id} (${answerKind(answer)})`,
      {
        details: { answer: answer.id.toString() },
      },
    );
  };
  /** Checks that the other side has not ended a directed pair: agreed or refused, or, the proposer, withdrawn. */
  const expectOpen = async (proposal: HalfBlock): Promise<void> => {
    const { key, peer, type } = proposal.core;
    if (peer === null) return;
    const answers: HalfBlock[] = [];
    const other = equalBytes(key, self) ? peer : key;
    for await (const page of answerPages(store, proposal, other)) answers.push(...page);
    if (answers.length === 0) return;
    const { state, answer } = pairState(proposal, answers, { now: now(), rule: rules.get(type) });
    if (answer === undefined) return;
    throw new PairError('ERR_PAIR_ANSWERED', `The proposal ${proposal.id} was ${state} by ${answer.id}`, {
      details: { answer: answer.id.toString() },
    });
  };
  const answer = (proposal: HalfBlock, type: string, tx: TxValue): Draft => ({
    peer: proposal.core.key,
    link: proposal.id,
    type,
    tx,
  });

  return {
    propose(to, type, given) {
      const peer = to === null ? null : expectKey('The counterparty of a proposal', to);
      const tx = snapshot(given);
      if (typeof type === 'string' && type.startsWith(RESERVED_PREFIX)) {
        throw new InvalidArgumentError(`Types under ${RESERVED_PREFIX} belong to TrustChain, got ${type}`);
      }
      return {
        async build() {
          if (peer !== null) await expectHonest(peer);
          return { peer, link: null, type, tx };
        },
        async check(draft) {
          const issues = checkProposal(draft, rules.get(type));
          if (issues.length > 0) throw ruleError('The rule of the type forbids this proposal', issues);
        },
      };
    },
    agree(id, given) {
      const tx = given === undefined ? undefined : snapshot(given);
      return {
        async build(time) {
          const proposal = await expectProposal(id);
          expectAnswerable(proposal, true);
          await expectHonest(proposal.core.key);
          await expectUnanswered(proposal);
          await expectOpen(proposal);
          const deadline = proposalDeadline(proposal, rules.get(proposal.core.type));
          if (deadline !== null && time > deadline) {
            throw new PairError('ERR_PAIR_EXPIRED', `The proposal ended at ${deadline}, it is ${time} now`);
          }
          const { level, issues } = await judge(proposal);
          if (level === 'invalid') {
            throw new PairError('ERR_PAIR_INVALID', `The proposal is invalid: ${issues[0]?.message}`, {
              details: { issues },
            });
          }
          return answer(proposal, proposal.core.type, tx === undefined ? proposal.core.tx : tx);
        },
        async check(draft) {
          const proposal = await expectProposal(id);
          const issues = checkAnswer(draft, proposal, rules.get(proposal.core.type));
          if (issues.length > 0) throw ruleError('The rule of the type forbids this agreement', issues);
        },
      };
    },
    refuse(id, reason) {
      const tx = reasonOf(reason);
      return {
        async build() {
          const proposal = await expectProposal(id);
          expectAnswerable(proposal, false);
          await expectUnanswered(proposal);
          return answer(proposal, REFUSAL_TYPE, tx);
        },
      };
    },
    withdraw(id, reason) {
      const tx = reasonOf(reason);
      return {
        async build(time) {
          const proposal = await expectProposal(id);
          if (!equalBytes(proposal.core.key, self)) {
            throw new PairError('ERR_PAIR_NOT_OWN', 'Only the proposer withdraws a proposal');
          }
          const deadline = proposalDeadline(proposal, rules.get(proposal.core.type));
          if (deadline === null) {
            throw new PairError('ERR_PAIR_NO_DEADLINE', 'A proposal without a deadline cannot be withdrawn');
          }
          if (time <= deadline) {
            throw new PairError(
              'ERR_PAIR_NOT_EXPIRED',
              `The proposal is open until ${deadline}, it is ${time} now`,
            );
          }
          await expectUnanswered(proposal);
          await expectOpen(proposal);
          return { peer: proposal.core.peer, link: proposal.id, type: WITHDRAWAL_TYPE, tx };
        },
      };
    },
  };
}
