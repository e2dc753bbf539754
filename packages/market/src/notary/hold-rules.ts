import type { BlockId } from '@edmp/interface';
import type { Share } from './certificate.ts';
import type { HoldRow } from './hold-row.ts';

/** One way in which a witness comes to say something about a hold. */
export interface WitnessRule {
  readonly says: 'ack' | 'none' | 'paid' | 'refund';
  /** Which of its two choices it makes by that: each is made once, for ever. */
  readonly choice: 'first' | 'outcome';
  /** What makes it, in one sentence. */
  readonly when: string;
}

/**
 * The rules by which a witness chooses, pure and by its own clock alone (DESIGN §4.4.4, rows in design/money/wire.md).
 * n = 3f + 1 witnesses, a quorum is 2f + 1. After Dolev and Strong (1983): who takes something at `deadline + k·Δ` tells
 * the others within Δ, bearing one acknowledgement more; among f + 1 of them is one of an honest witness, which told all.
 */
export const WITNESS_RULES: readonly WitnessRule[] = [
  {
    says: 'ack',
    choice: 'first',
    when: 'a release by the payee comes until release + k·Δ, bearing the acknowledgements of k others, k ≤ f + 1',
  },
  { says: 'none', choice: 'first', when: 'release + (f + 1)·Δ has passed; for a lone witness, release' },
  {
    says: 'refund',
    choice: 'outcome',
    when: 'a founded complaint or a second release comes until complain + k·Δ, bearing the refunds of k others',
  },
  {
    says: 'paid',
    choice: 'outcome',
    when: 'a quorum of acknowledgements is known, and the receipt or the end of the complaint window and its rounds',
  },
];

/** Faults that n = 3f + 1 witnesses bear. */
export function faultsOfWitnesses(row: HoldRow): number {
  return Math.floor((row.witnesses.length - 1) / 3);
}

/** Statements that make a certificate. */
export function quorumOfWitnesses(row: HoldRow): number {
  return 2 * faultsOfWitnesses(row) + 1;
}

/** Length of the rounds after a deadline, ms: none for a lone witness. */
export function roundsMs(row: HoldRow, deltaMs: number): number {
  return row.witnesses.length === 1 ? 0 : (faultsOfWitnesses(row) + 1) * deltaMs;
}

const allowance = (row: HoldRow, bearers: number, deltaMs: number): number =>
  row.witnesses.length === 1 ? 0 : Math.min(bearers, faultsOfWitnesses(row) + 1) * deltaMs;

/** Last moment at which a release counts that bears the acknowledgements of `bearers` other witnesses, ms. */
export function releaseLimit(row: HoldRow, bearers: number, deltaMs: number): number {
  return row.release + allowance(row, bearers, deltaMs);
}

/** Last moment at which a complaint counts that bears the refunds of `bearers` other witnesses, ms. */
export function complaintLimit(row: HoldRow, bearers: number, deltaMs: number): number {
  return row.until + allowance(row, bearers, deltaMs);
}

/** `none` is said after this moment, ms. */
export function noneAfter(row: HoldRow, deltaMs: number): number {
  return row.release + roundsMs(row, deltaMs);
}

/** `paid` is said after this moment without a receipt, ms. */
export function paidAfter(row: HoldRow, deltaMs: number): number {
  return row.until + roundsMs(row, deltaMs);
}

/** Shares of both lists, sorted, one for each index, without `own`. */
export function joinShares(a: readonly Share[], b: readonly Share[], own: number): readonly Share[] {
  const byIndex = new Map<number, Share>();
  for (const share of [...a, ...b]) {
    if (share.index !== own && !byIndex.has(share.index)) byIndex.set(share.index, share);
  }
  return [...byIndex.values()].sort((x, y) => x.index - y.index);
}

/** What a release does to a row: the same row = nothing (it comes too late, or is known). */
export function takeRelease(
  row: HoldRow,
  taken: { readonly release: BlockId; readonly at: number; readonly bearers: number },
  deltaMs: number,
): HoldRow {
  if (row.first === null) {
    return taken.at <= releaseLimit(row, taken.bearers, deltaMs)
      ? { ...row, first: { kind: 'ack', release: taken.release } }
      : row;
  }
  if (row.first.kind === 'ack' && !row.first.release.equals(taken.release)) {
    return takeComplaint(row, { at: taken.at, bearers: row.refunds.length }, deltaMs);
  }
  return row;
}

/** What a founded complaint does to a row; two releases of one hold are one. */
export function takeComplaint(
  row: HoldRow,
  taken: { readonly at: number; readonly bearers: number },
  deltaMs: number,
): HoldRow {
  if (row.outcome !== null || taken.at > complaintLimit(row, taken.bearers, deltaMs)) return row;
  return { ...row, outcome: 'refund' };
}

/** The release of which a row counts acknowledgements. */
export function acknowledgedRelease(row: HoldRow): BlockId | undefined {
  return row.acks?.release ?? (row.first?.kind === 'ack' ? row.first.release : undefined);
}

/** Whether a row knows a quorum of acknowledgements of one release. `own`: this node’s own acknowledgement counts. */
export function hasQuorumOfAcks(row: HoldRow): boolean {
  const release = acknowledgedRelease(row);
  if (release === undefined) return false;
  const own = row.first?.kind === 'ack' && row.first.release.equals(release) ? 1 : 0;
  return (row.acks?.shares.length ?? 0) + own >= quorumOfWitnesses(row);
}

/** What time does to a row: `none` when its rounds are over, `paid` when the quorum is known and the window over. */
export function conclude(
  row: HoldRow,
  known: { readonly at: number; readonly receipt: boolean; readonly quorum: boolean },
  deltaMs: number,
): HoldRow {
  let next = row;
  if (next.first === null && known.at > noneAfter(next, deltaMs)) next = { ...next, first: { kind: 'none' } };
  const over = known.receipt || known.at > paidAfter(next, deltaMs);
  if (next.outcome === null && over && (known.quorum || hasQuorumOfAcks(next))) {
    next = { ...next, outcome: 'paid' };
  }
  return next;
}

/** When a row may say more by itself, ms since the epoch; undefined = never. */
export function nextMoment(row: HoldRow, at: number, deltaMs: number): number | undefined {
  if (row.first === null && at <= noneAfter(row, deltaMs)) return noneAfter(row, deltaMs) + 1;
  if (row.outcome === null && at <= paidAfter(row, deltaMs)) return paidAfter(row, deltaMs) + 1;
  return undefined;
}
