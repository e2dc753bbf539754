import type { DatasetDocument, HalfBlock, JudgedTrade, Judgement, PublicKeyHex } from '@edmp/interface';
import { publicKeyToHex } from '@edmp/interface';
import type { ComplaintTx, ReleaseTx, TradeTx } from '../trade/blocks.ts';
import { settlementTrade } from '../trade/terms.ts';

/** How long after the release deadline a witness's receipt still counts, ms: its way to the witness. */
export const WITNESS_GRACE_MS = 60_000;

/** What the blocks known so far say about one trade's money. */
export type TradeOutcome =
  /** No agreement that counts: no money moves. */
  | 'open'
  /** The buyer's money is held. */
  | 'held'
  /** A complaint cannot be judged yet (proof, key or document unknown): the money stays held. */
  | 'disputed'
  /** Paid. */
  | 'final'
  /** Back with the buyer after a founded complaint. */
  | 'complained'
  /** Back with the buyer because no key came in time. */
  | 'withdrawn'
  /** The buyer had proven fraud before it agreed: nothing counts. */
  | 'void';

/** Pure judge of proofs of misbehaviour, e.g. `settlement.judge`. */
export type Judge = (trade: JudgedTrade, proof: Uint8Array) => Judgement;

/** Every block known about one trade. Of several that compete, the lowest (seq, id) of its author counts. */
export interface TradeBlocks {
  readonly trade: TradeTx;
  readonly proposal: HalfBlock | undefined;
  readonly agreement: HalfBlock | undefined;
  readonly release: { readonly block: HalfBlock; readonly tx: ReleaseTx } | undefined;
  readonly receipt: HalfBlock | undefined;
  readonly complaint: { readonly block: HalfBlock; readonly tx: ComplaintTx } | undefined;
  readonly withdrawal: HalfBlock | undefined;
  /** Earliest receipt per agreed witness, ms. */
  readonly witnessed: ReadonlyMap<PublicKeyHex, number>;
  readonly document: DatasetDocument | undefined;
}

/** What {@link tradeOutcome} needs besides the blocks. */
export interface OutcomeContext {
  readonly now: number;
  readonly judge: Judge;
  /** Proof by its SHA-256 (hex) where a complaint only names it. */
  readonly evidence: (digest: Uint8Array) => Uint8Array | undefined;
  /** Position from which on an author is a proven forker. */
  readonly forkedAt: (author: PublicKeyHex) => number | undefined;
}

/** Whether the key release counts as made in time: by its own time, or by most of the agreed witnesses where there are any. */
export function isReleaseTimely(blocks: TradeBlocks): boolean {
  const { terms } = blocks.trade.encoded;
  if (blocks.release === undefined || blocks.release.block.core.time > terms.deadlines.release) return false;
  return terms.witnesses.length === 0 || isWitnessed(blocks);
}

/** Whether more than half of the agreed witnesses saw the release in time. */
export function isWitnessed(blocks: TradeBlocks): boolean {
  const { witnesses, deadlines } = blocks.trade.encoded.terms;
  let seen = 0;
  for (const witness of witnesses) {
    const time = blocks.witnessed.get(publicKeyToHex(witness));
    if (time !== undefined && time <= deadlines.release + WITNESS_GRACE_MS) seen++;
  }
  return seen * 2 > witnesses.length;
}

function judgeComplaint(blocks: TradeBlocks, context: OutcomeContext): 'founded' | 'unfounded' | 'unknown' {
  const { complaint, release, document, trade } = blocks;
  if (complaint === undefined) return 'unfounded';
  if (release === undefined || document === undefined) return 'unknown';
  if (!release.block.id.equals(complaint.tx.release)) return 'unfounded';
  const proof = complaint.tx.proof ?? context.evidence(complaint.tx.digest);
  if (proof === undefined) return 'unknown';
  const verdict = context.judge(
    {
      ...settlementTrade(trade.encoded),
      document,
      settlementRoot: trade.settlementRoot,
      wrappedKey: release.tx.wrappedKey,
    },
    proof,
  );
  return verdict.guilty ? 'founded' : 'unfounded';
}

/**
 * The token ledger's rule for one trade (DESIGN §4.3): a pure function of blocks and time that every node computes
 * alike. The buyer's own answers count in the order of its chain.
 */
export function tradeOutcome(blocks: TradeBlocks, context: OutcomeContext): TradeOutcome {
  const { encoded } = blocks.trade;
  const { terms } = encoded;
  const { agreement, receipt, complaint, withdrawal } = blocks;
  if (agreement === undefined || agreement.core.time > terms.deadlines.accept) return 'open';
  const fork = context.forkedAt(publicKeyToHex(terms.buyer));
  if (fork !== undefined && agreement.core.seq >= fork) return 'void';

  const receiptSeq = receipt?.core.seq ?? Number.POSITIVE_INFINITY;
  const complaintSeq = complaint?.block.core.seq ?? Number.POSITIVE_INFINITY;
  const withdrawalSeq = withdrawal?.core.seq ?? Number.POSITIVE_INFINITY;
  let disputed = false;
  if (
    complaint !== undefined &&
    complaintSeq < receiptSeq &&
    complaint.block.core.time <= terms.deadlines.complain
  ) {
    const verdict = judgeComplaint(blocks, context);
    if (verdict === 'founded') return 'complained';
    disputed = verdict === 'unknown';
  }
  if (receipt !== undefined && receiptSeq < withdrawalSeq) return 'final';
  if (withdrawal !== undefined && withdrawal.core.time > terms.deadlines.release) {
    const inWindow = withdrawal.core.time <= terms.deadlines.complain;
    const keyCame =
      isReleaseTimely(blocks) && (!inWindow || (terms.witnesses.length > 0 && isWitnessed(blocks)));
    if (!keyCame) return 'withdrawn';
  }
  if (receipt !== undefined) return 'final';
  if (disputed) return 'disputed';
  if (context.now > terms.deadlines.complain && isReleaseTimely(blocks)) return 'final';
  return 'held';
}
