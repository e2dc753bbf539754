import {
  type Crypto,
  type Environment,
  isEdmpError,
  type Settlement,
  type Signer,
  withDeadline,
} from '@edmp/interface';
import { encodeDatasetDocument, falseComplaint } from '@edmp/interface/dataset';
import type { TradeId } from '../blocks/terms.ts';
import type { SignedProof } from '../notary/answers.ts';
import { encodeFalseComplaint } from '../notary/false-complaint.ts';
import { COMPLAINT_KEEP_MS } from '../notary/limits.ts';
import { Alarm } from './alarm.ts';
import type { Liars } from './liars.ts';
import type { LieRecords } from './lie-records.ts';
import type { TradeWitnesses } from './needs.ts';
import { roundsOf } from './situation.ts';
import { isFinished } from './states.ts';
import { documentOf, factsOf, idOf, type Trade } from './trade.ts';

/** Sales asked about at once, at most: as many as memory keeps ended trades. */
const MAX_WAITING = 10_000;
/** First and longest pause between two questions about one sale, ms. */
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 21_600_000;
/** Longest wait for the witnesses of one sale, ms. */
const ASK_TIMEOUT_MS = 30_000;
/** Sales asked about in one go; the next follow at once. */
const AT_ONCE = 16;

/** What {@link FalseComplaints} works with. */
export interface FalseComplaintNeeds {
  readonly environment: Environment;
  readonly crypto: Crypto;
  readonly settlement: Pick<Settlement, 'judge'>;
  readonly witnesses: Pick<TradeWitnesses, 'complaints'>;
  /** Signs the questions with this node's key. */
  readonly sign: Signer['sign'];
  /** How many witnesses a trade has, those of its currency included. */
  readonly witnessesOf: (trade: Trade) => number;
  readonly lies: Pick<LieRecords, 'keep' | 'find' | 'isForgotten'>;
  readonly liars: Liars;
  /** Δ of the witnesses' rounds, ms. */
  readonly deltaMs: number;
  readonly report: (what: string, error: unknown) => void;
  /** Fires when the market stops. */
  readonly signal: AbortSignal;
}

interface Waiting {
  readonly trade: Trade;
  /** After this nobody keeps complaints any more, ms. */
  readonly until: number;
  due: number;
  pauseMs: number;
}

/**
 * Sales whose buyer gave no receipt: their witnesses are asked, once the complaint window is over, for complaints that
 * they found to be nothing. One that the buyer signed and that its proof does not bear out convicts the buyer. A witness
 * that keeps silent, or invents complaints, convicts nobody.
 */
export class FalseComplaints {
  readonly #needs: FalseComplaintNeeds;
  readonly #waiting = new Map<TradeId, Waiting>();
  readonly #alarm: Alarm;

  constructor(needs: FalseComplaintNeeds) {
    this.#needs = needs;
    const { environment, signal, report } = needs;
    const failed = (error: unknown): void => report('asking for complaints about ended sales', error);
    this.#alarm = new Alarm({ environment, signal, act: () => this.#askDue(), failed });
  }

  /** A trade has ended, now or before a restart. */
  add(trade: Trade): void {
    const { deltaMs, environment, witnessesOf } = this.#needs;
    const { role, state, hold, release, receipt, encoded } = trade;
    if (role !== 'seller' || !isFinished(state) || receipt !== null) return;
    if (hold === null || release === null || this.#waiting.size >= MAX_WAITING) return;
    const witnesses = witnessesOf(trade);
    const now = environment.now();
    const end = encoded.terms.deadlines.complain + roundsOf(witnesses, deltaMs);
    const until = end + COMPLAINT_KEEP_MS;
    if (witnesses === 0 || now > until) return;
    const due = Math.max(now, end + deltaMs);
    this.#waiting.set(idOf(trade), { trade, until, due, pauseMs: FIRST_PAUSE_MS });
    this.#alarm.set(due);
  }

  async #askDue(): Promise<void> {
    const now = this.#needs.environment.now();
    const due = [...this.#waiting.values()].filter((waiting) => waiting.due <= now).slice(0, AT_ONCE);
    for (const waiting of due) {
      waiting.due = now + waiting.pauseMs;
      waiting.pauseMs = Math.min(waiting.pauseMs * 2, LONGEST_PAUSE_MS);
      if (waiting.due > waiting.until) this.#waiting.delete(idOf(waiting.trade));
    }
    let next = Number.POSITIVE_INFINITY;
    for (const waiting of this.#waiting.values()) next = Math.min(next, waiting.due);
    if (next !== Number.POSITIVE_INFINITY) this.#alarm.set(Math.max(next, now + 1));
    await Promise.all(due.map((waiting) => this.#ask(waiting.trade)));
  }

  async #ask(trade: Trade): Promise<void> {
    const { environment, sign, signal, witnesses } = this.#needs;
    const { hold } = trade;
    if (hold === null) return;
    try {
      if (!(await this.#isKnown(trade))) {
        const { complaints, silent } = await withDeadline(
          environment,
          ASK_TIMEOUT_MS,
          'asking the witnesses for complaints',
          (inner) => witnesses.complaints(hold, sign, { signal: inner }),
          { signal },
        );
        const convicted = await this.#take(trade, complaints);
        if (!convicted && silent > 0) return;
      }
      this.#waiting.delete(idOf(trade));
    } catch (error) {
      // Silent witnesses are asked again.
      if (!isEdmpError(error)) throw error;
    }
  }

  /** Whether there is nothing more to learn: the lie is here, or it was erased and who told it is known. */
  async #isKnown(trade: Trade): Promise<boolean> {
    const { liars, lies, report } = this.#needs;
    const id = idOf(trade);
    if (await lies.isForgotten(id)) return liars.has(trade.encoded.terms.buyer);
    try {
      const lie = await lies.find(id);
      // One that was damaged is asked for again, as long as a witness has it.
      return lie !== undefined && judgeLie(trade, lie, this.#needs)?.guilty === true;
    } catch (error) {
      if (!isEdmpError(error, 'ERR_MARKET_FORMAT')) throw error;
      report(`the record of the buyer’s lie in trade ${id.slice(0, 16)}`, error);
      return false;
    }
  }

  /** Notes who told the first complaint that is a lie, and keeps it. */
  async #take(trade: Trade, complaints: readonly SignedProof[]): Promise<boolean> {
    const { liars, lies } = this.#needs;
    const lie = complaints.find((complaint) => judgeLie(trade, complaint, this.#needs)?.guilty === true);
    if (lie === undefined) return false;
    // In this order: once the lie is here, nobody asks again who told it.
    await liars.add(trade.encoded.terms.buyer, idOf(trade));
    await lies.keep(idOf(trade), lie);
    return true;
  }
}

/** Whether the buyer lied; undefined when this node never released a key in the trade. */
export function judgeLie(
  trade: Trade,
  complaint: SignedProof,
  { crypto, settlement }: Pick<FalseComplaintNeeds, 'crypto' | 'settlement'>,
): ReturnType<typeof falseComplaint> | undefined {
  const facts = factsOf(trade);
  if (facts === undefined) return undefined;
  return falseComplaint(crypto, { trade: facts, ...complaint }, (about, proof) =>
    settlement.judge(about, proof),
  );
}

/** The proof that the buyer lied, for others; undefined when the trade never came to a release. */
export function proofOfLie(trade: Trade, { proof, signature }: SignedProof): Uint8Array | undefined {
  const { hold, offer, release, recipientKey } = trade;
  if (hold === null || offer === null || release === null) return undefined;
  return encodeFalseComplaint({
    hold: hold.block.bytes,
    complaint: {
      kind: 'proof',
      proposal: offer.proposal.block.bytes,
      release: release.block.bytes,
      opener: release.opener,
      recipientKey,
      document: encodeDatasetDocument(documentOf(trade)),
      proof,
      signature,
    },
  });
}
