import { EdmpError, type EdmpErrorOptions, type HistoryFault } from '@edmp/interface';
import { type PositionRange, positionsIn } from '../inspect/gaps.ts';

/** Ranges of positions listed in an error. */
export const MAX_LISTED_RANGES = 16;

/**
 * A transition of a pair is not allowed. Codes:
 *
 * - `ERR_PAIR_UNKNOWN`: the proposal is not stored here
 * - `ERR_PAIR_NOT_PROPOSAL`: the block is itself an answer, or a block to oneself
 * - `ERR_PAIR_OWN`: only the counterparty agrees or refuses
 * - `ERR_PAIR_NOT_OWN`: only the proposer withdraws
 * - `ERR_PAIR_NOT_ADDRESSED`: the proposal was made to somebody else
 * - `ERR_PAIR_ANSWERED`: this key has answered it already; a second answer would be fraud
 * - `ERR_PAIR_EXPIRED`: the deadline has passed
 * - `ERR_PAIR_NOT_EXPIRED`: a withdrawal before the deadline has passed
 * - `ERR_PAIR_NO_DEADLINE`: a withdrawal of a proposal that never expires
 * - `ERR_PAIR_RULE`: the rule of the type does not allow it (`details.issues`)
 * - `ERR_PAIR_INVALID`: the proposal itself is invalid (`details.issues`)
 * - `ERR_PAIR_HISTORY`: the proposer's history up to the proposal could not be brought in as far as it was asked for, or
 *   does not hold (`details`: HistoryFault)
 */
export class PairError extends EdmpError {
  constructor(
    code:
      | 'ERR_PAIR_UNKNOWN'
      | 'ERR_PAIR_NOT_PROPOSAL'
      | 'ERR_PAIR_OWN'
      | 'ERR_PAIR_NOT_OWN'
      | 'ERR_PAIR_NOT_ADDRESSED'
      | 'ERR_PAIR_ANSWERED'
      | 'ERR_PAIR_EXPIRED'
      | 'ERR_PAIR_NOT_EXPIRED'
      | 'ERR_PAIR_NO_DEADLINE'
      | 'ERR_PAIR_RULE'
      | 'ERR_PAIR_INVALID'
      | 'ERR_PAIR_HISTORY',
    message: string,
    options: EdmpErrorOptions = {},
  ) {
    super(code, message, options);
    this.name = 'PairError';
  }
}

/**
 * A chain refused. Codes:
 *
 * - `ERR_CHAIN_FRAUD`: the key is a proven cheat, so nothing is signed with it
 * - `ERR_CHAIN_REGRESSED`: peers know this node's blocks that its store lacks; sync them first
 * - `ERR_CHAIN_UNCONFIRMED`: fewer peers than required have confirmed this node's head since the start
 * - `ERR_CHAIN_SIGNER`: the signer failed; the reserved block is signed before any other
 * - `ERR_CHAIN_LEASED`: another process that shares the store signs for the key now; try later
 * - `ERR_CHAIN_STOPPED`: used after `stop`
 * - `ERR_CHAIN_BUSY`: a queue or quota is full; try later
 * - `ERR_CHAIN_OFFLINE`: made without a network
 * - `ERR_CHAIN_PROTOCOL`: a peer's message breaks the protocol
 * - `ERR_CHAIN_PUSH`: the peer did not store every block pushed to it (`details.refused`)
 * - `ERR_CHAIN_INCOMPLETE`: a peer that was synced with left out part of the chain (`details.missing`: the first ranges
 *   of positions, `details.added`: new blocks that came all the same)
 * - `ERR_CHAIN_EVENTS_LOST`: a loop over `events` fell too far behind; read faster, or read the state anew
 * - `ERR_CHAIN_HISTORY`: the history of an author could not be brought in or does not hold (`details`: HistoryFault)
 */
export class ChainError extends EdmpError {
  constructor(
    code:
      | 'ERR_CHAIN_FRAUD'
      | 'ERR_CHAIN_REGRESSED'
      | 'ERR_CHAIN_UNCONFIRMED'
      | 'ERR_CHAIN_SIGNER'
      | 'ERR_CHAIN_LEASED'
      | 'ERR_CHAIN_STOPPED'
      | 'ERR_CHAIN_BUSY'
      | 'ERR_CHAIN_OFFLINE'
      | 'ERR_CHAIN_PROTOCOL'
      | 'ERR_CHAIN_PUSH'
      | 'ERR_CHAIN_INCOMPLETE'
      | 'ERR_CHAIN_EVENTS_LOST'
      | 'ERR_CHAIN_HISTORY',
    message: string,
    options: EdmpErrorOptions = {},
  ) {
    super(code, message, options);
    this.name = 'ChainError';
  }
}

/** `ERR_CHAIN_HISTORY`. What is missing may still come; a fork or an invalid block stays what it is. */
export function historyError(
  reason: HistoryFault['reason'],
  missing: readonly PositionRange[],
  message: string,
): ChainError {
  const ranges = missing.slice(0, MAX_LISTED_RANGES);
  const details = { reason, missing: positionsIn(missing), ranges } satisfies HistoryFault;
  const retryable = reason === 'gap' || reason === 'unreachable';
  return new ChainError('ERR_CHAIN_HISTORY', message, { details, retryable });
}
