import {
  type BlockId,
  type Crypto,
  equalBytes,
  type HalfBlock,
  type PublicKey,
  publicKeyToHex,
} from '@edmp/interface';
import { keyedMutex } from '@edmp/interface/bounded';
import { decodeHalfBlock, verifyItem } from '@edmp/trustchain/block';
import { receiptOf, releaseOf, unlockKey } from '../blocks/release.ts';
import type { Spending } from '../blocks/spending.ts';
import { encodeCanonical } from '../codec/fields.ts';
import {
  type HoldAnswer,
  type HoldStatement,
  later,
  type NotaryAnswer,
  refused,
  signedProofToTx,
} from './answers.ts';
import { type ComplaintJudge, readComplaint, releaseOfHold } from './complaint.ts';
import { keptBinding, keptRequestMessage, type SealNeeds, sealTo } from './complaint-seal.ts';
import type { FairRates } from './fair-rates.ts';
import type { RoomLimits } from './fair-room.ts';
import { type Admitted, FULL_LATER_MS, HoldAdmission, indexOfWitness, isAnswer } from './hold-admission.ts';
import type { HoldBook, HoldCommit, KeptComplaint } from './hold-book.ts';
import type { HoldRow } from './hold-row.ts';
import {
  acknowledgedRelease,
  complaintLimit,
  conclude,
  hasQuorumOfAcks,
  nextMoment,
  noneAfter,
  paidAfter,
  takeComplaint,
  takeRelease,
} from './hold-rules.ts';
import { ackStatement, HoldShares, refundStatement, withAcks, withRefunds } from './hold-shares.ts';
import {
  COMPLAINT_KEEP_MS,
  MAX_AHEAD_MS,
  MAX_REFUSAL_TEXT,
  type NotaryLimits,
  RELEASE_KEEP_MS,
  TEST_HOLD_KEEP_MS,
} from './limits.ts';
import type { ComplaintEvidence, HoldEvidence, HoldQuestion, NotaryRequest, ToldHold } from './messages.ts';
import { type OwnStatements, statementsOfRow } from './own-statements.ts';
import type { ReleaseClass } from './release-room.ts';
import type { ServedCurrencies } from './served-currencies.ts';
import { problemOf, spendingOfBytes } from './spend-run.ts';
import type { VerifyQueue } from './verify-queue.ts';

/** From this part of its room on a witness forgets holds of test money sooner, … */
const CROWDED = 0.75;
/** … at most this part of all that it remembers at once. */
const FORGOTTEN_PART = 0.25;

/** What the other witnesses should hear of. */
export type Taken = 'release' | 'complaint';

/** Options of {@link WitnessService}. */
export interface WitnessServiceOptions {
  readonly book: HoldBook;
  readonly currencies: ServedCurrencies;
  readonly own: OwnStatements;
  readonly verify: VerifyQueue;
  readonly crypto: Crypto;
  readonly environment: SealNeeds['environment'];
  readonly judge: ComplaintJudge;
  readonly deltaMs: number;
  readonly limits: NotaryLimits;
  readonly strangers: FairRates;
  /** Whether this node has verified the signature of a block already. */
  readonly isVerified: (block: HalfBlock) => Promise<boolean>;
  /** Called after something was taken durably. */
  readonly onTaken: (row: HoldRow, what: Taken) => void;
}

type Release = Extract<NotaryRequest, { kind: 'release' }>;
/** A complaint as it is once it is opened. */
type Complain = Pick<Extract<NotaryRequest, { kind: 'complain' }>, 'key' | 'evidence' | 'refunds'> & {
  readonly complaint: ComplaintEvidence;
};

/**
 * Speaks about holds: for every one either `ack` or `none`, and either `paid` or `refund`, each once for ever and
 * durably before it is said (DESIGN §4.4.4). `at` is when the request came, by this node's clock.
 */
export class WitnessService {
  readonly #book: HoldBook;
  readonly #currencies: ServedCurrencies;
  readonly #shares: HoldShares;
  readonly #admission: HoldAdmission;
  readonly #own: OwnStatements;
  readonly #verify: VerifyQueue;
  readonly #crypto: Crypto;
  readonly #seals: SealNeeds;
  readonly #judge: ComplaintJudge;
  readonly #deltaMs: number;
  readonly #limits: NotaryLimits;
  readonly #onTaken: (row: HoldRow, what: Taken) => void;
  readonly #locks = keyedMutex<string>();

  constructor(options: WitnessServiceOptions) {
    this.#book = options.book;
    this.#currencies = options.currencies;
    this.#shares = new HoldShares(options);
    this.#admission = new HoldAdmission({ ...options, shares: this.#shares });
    this.#own = options.own;
    this.#verify = options.verify;
    this.#crypto = options.crypto;
    this.#seals = { crypto: options.crypto, environment: options.environment };
    this.#judge = options.judge;
    this.#deltaMs = options.deltaMs;
    this.#limits = options.limits;
    this.#onTaken = options.onTaken;
  }

  /** Takes a release that comes in time: `ack`. A second one of the same hold gives the money back. */
  release(request: Release, at: number, from: string): Promise<NotaryAnswer> {
    return this.#about(request, at, from, async (admitted, hold, moment) => {
      const block = releaseOfHold(request.release, hold, this.#crypto);
      if (unlockKey(releaseOf(block), request.opener, this.#crypto) === undefined) {
        return refused('ERR_MARKET_FORMAT', 'The opener does not open the release');
      }
      if (!(await this.#verify.all([verifyItem(block)]))) {
        return refused('ERR_BLOCK_SIGNATURE', 'The release is not signed by its payee');
      }
      return this.#takeRelease(request, admitted, block, moment);
    });
  }

  /** Judges a complaint that comes in time: `refund` when it is founded, nothing when it is not. */
  complain(request: Complain, asked: number, from: string): Promise<NotaryAnswer> {
    return this.#about(request, asked, from, async (admitted, hold, at) => {
      const { row } = admitted;
      const own = indexOfWitness(row, request.key);
      const refunds = await this.#shares.rightShares(row, request.refunds, refundStatement(row));
      const known = withRefunds(row, refunds, own);
      const bearers = known.refunds.length;
      if (row.outcome !== null) return this.#conclude(admitted, known, request.key, at);
      if (at > complaintLimit(row, bearers, this.#deltaMs)) {
        return this.#conclude(admitted, row, request.key, at);
      }
      const complaint = readComplaint(request.complaint, hold, this.#judge, this.#crypto);
      if (!(await this.#verify.all(complaint.items))) {
        return refused('ERR_BLOCK_SIGNATURE', 'The complaint, or a block in it, is not signed by its author');
      }
      const twice = await this.#twice(row, complaint.releases, request.evidence);
      const verdict = twice === undefined ? complaint.judge() : undefined;
      if (verdict?.guilty === false) {
        if (verdict.undecided !== true) await this.#keepUnfounded(admitted, request.complaint);
        return { kind: 'unfounded', reason: verdict.reason.slice(0, MAX_REFUSAL_TEXT) };
      }
      const { hold: bytes, certificate } = request.evidence;
      const next = takeComplaint(known, { at, bearers }, this.#deltaMs);
      return this.#refund(
        admitted,
        next,
        twice ?? {
          hold: bytes,
          certificate,
          complaint: request.complaint,
          ...this.#shareOf(row, admitted.from),
        },
        request.key,
        at,
      );
    });
  }

  /** The unfounded complaint that is kept about a hold, for its seller and for nobody else: it may open data. */
  async keptComplaint(
    request: Extract<NotaryRequest, { kind: 'complaint' }>,
    from: string,
  ): Promise<NotaryAnswer> {
    const row = await this.#book.row(request.hold);
    if (row === undefined || indexOfWitness(row, request.key) < 0) {
      return { kind: 'need', ids: [request.hold] };
    }
    if (publicKeyToHex(row.seller) !== from) {
      return refused('ERR_NOTARY_REFUSED', 'Complaints about a hold are for its seller alone');
    }
    const { key, recipient, signature } = request;
    const { seller } = row;
    const hold = request.hold.bytes;
    const message = keptRequestMessage(this.#crypto, { key, hold, recipient });
    if (!(await this.#verify.all([{ signature, message, publicKey: seller }]))) {
      return refused('ERR_BLOCK_SIGNATURE', 'The question for complaints is not signed by the seller');
    }
    const kept = await this.#book.unfoundedComplaint(request.hold);
    if (kept === undefined) return { kind: 'complaint', sealed: null };
    try {
      const plain = encodeCanonical(signedProofToTx(kept));
      const sealed = sealTo(this.#seals, recipient, keptBinding({ key, seller, hold }), plain);
      return { kind: 'complaint', sealed };
    } catch (error) {
      const { code, message: text } = problemOf(error);
      return refused(code, text);
    }
  }

  /** What time and evidence make of holds: everything that is said about them. */
  async outcome(
    request: Extract<NotaryRequest, { kind: 'outcome' }>,
    at: number,
    from: string,
  ): Promise<NotaryAnswer> {
    const holds: HoldAnswer[] = [];
    for (const question of request.holds) {
      const name = question.id.toString();
      holds.push(await this.#locks.run(name, () => this.#outcomeOf(question, request.key, at, from)));
    }
    return { kind: 'holds', holds };
  }

  /** The release, once a quorum has acknowledged it: then nobody can take the money back for want of one. */
  async released(request: Extract<NotaryRequest, { kind: 'released' }>): Promise<NotaryAnswer> {
    const row = await this.#book.row(request.hold);
    if (row === undefined) return { kind: 'need', ids: [request.hold] };
    if (indexOfWitness(row, request.key) < 0) return { kind: 'need', ids: [request.hold] };
    const shown =
      request.acks === null ? undefined : await this.#shares.rightCertificate(row, request.acks, 'ack');
    const acknowledged = shown?.extra ?? (hasQuorumOfAcks(row) ? acknowledgedRelease(row) : undefined);
    // Of two releases by a seller that lies, it may keep the one that no quorum acknowledged: that stays here.
    const isKept = row.first?.kind === 'ack' && acknowledged?.equals(row.first.release) === true;
    const kept = isKept ? await this.#book.release(request.hold) : undefined;
    return {
      kind: 'released',
      statements: await this.#statements(row, request.key),
      release: kept === undefined ? null : { block: kept.block, opener: kept.opener },
    };
  }

  /** What another witness took: joins the shares of what is known here too, and asks for what is not. */
  async tell(request: Extract<NotaryRequest, { kind: 'tell' }>): Promise<NotaryAnswer> {
    const ids: BlockId[] = [];
    for (const told of request.holds) {
      const isNeeded = await this.#locks.run(told.hold.toString(), () => this.#hear(told, request.key));
      if (isNeeded) ids.push(told.hold);
    }
    return { kind: 'need', ids };
  }

  /** Lets complaint windows of lone holds that ended between `from` and `to` run once more, from `to` on. */
  async reopenWindows(from: number, to: number): Promise<void> {
    for (const [name, { dropAt, hold }] of [...this.#book.releases.entries]) {
      const until = dropAt - RELEASE_KEEP_MS;
      if (until > from && until <= to) await this.#locks.run(name, () => this.#reopen(hold, to));
    }
  }

  async #reopen(hold: BlockId, to: number): Promise<void> {
    const row = await this.#book.row(hold);
    if (row === undefined || row.witnesses.length !== 1 || row.outcome !== null) return;
    const kept = await this.#book.release(hold);
    const next = { ...row, until: to + (row.complain - row.release) };
    const release = kept === undefined ? {} : { release: { ...kept, dropAt: this.#dropAt(next) } };
    await this.#book.commit({ row: next, by: '', ...release });
  }

  /**
   * Forgets holds of test money when three quarters of their room are taken: those whose last deadline is as long past as
   * releases are kept, and if there are none, a day; those of the peers first that have most.
   */
  async forgetTestHolds(now: number): Promise<void> {
    const { testHolds, releases } = this.#book;
    const isCrowded =
      testHolds.size > CROWDED * this.#limits.testHolds ||
      releases.fullness('test', this.#releaseLimits()) > CROWDED;
    if (!isCrowded) return;
    const count = Math.ceil(FORGOTTEN_PART * testHolds.size);
    for (const keepMs of [RELEASE_KEEP_MS, TEST_HOLD_KEEP_MS]) {
      const names = testHolds.fairestBy(now - keepMs, count);
      if (names.length === 0) continue;
      await this.#book.forgetTestHolds(names);
      return;
    }
  }

  /** Runs `work` about the hold of a request, under its lock; what its bytes say against it becomes a refusal. */
  async #about(
    request: Release | Complain,
    at: number,
    from: string,
    work: (admitted: Admitted, hold: Spending, at: number) => Promise<NotaryAnswer>,
  ): Promise<NotaryAnswer> {
    try {
      const hold = spendingOfBytes(request.evidence.hold, this.#crypto);
      return await this.#locks.run(hold.key, async () => {
        const admitted = await this.#admission.admit(hold, request.evidence, request.key, from);
        return isAnswer(admitted) ? admitted : work(admitted, hold, this.#momentOf(admitted, at));
      });
    } catch (error) {
      const { code, message } = problemOf(error);
      return refused(code, message);
    }
  }

  async #takeRelease(
    request: Release,
    admitted: Admitted,
    block: HalfBlock,
    at: number,
  ): Promise<NotaryAnswer> {
    const { row } = admitted;
    const own = indexOfWitness(row, request.key);
    const acks = await this.#shares.rightShares(row, request.acks, ackStatement(row, block.id));
    const bearers = acks.filter(({ index }) => index !== own).length;
    const known = withAcks(row, block.id, acks, own);
    const next = takeRelease(known, { release: block.id, at, bearers }, this.#deltaMs);
    const { hold, certificate } = request.evidence;
    if (next.outcome !== row.outcome) {
      const twice = await this.#twice(row, [block], request.evidence);
      return this.#refund(admitted, next, twice, request.key, at);
    }
    if (row.first !== null || next.first === null) return this.#conclude(admitted, next, request.key, at);
    const { money, by } = this.#shareOf(row, admitted.from);
    const hasRoom = this.#book.releases.hasRoom(money, by, this.#releaseLimits()) && this.#hasRoom(admitted);
    if (!hasRoom || row.complain - at > MAX_AHEAD_MS) return later(FULL_LATER_MS);
    const { opener } = request;
    await this.#write(admitted, next, {
      release: { hold, certificate, block: block.bytes, opener, dropAt: this.#dropAt(next), money, by },
    });
    this.#onTaken(next, 'release');
    return this.#conclude({ ...admitted, row: next, isNew: false }, next, request.key, at);
  }

  /** Two releases of one hold as the evidence that others can judge: the one acknowledged here and another. */
  async #twice(
    row: HoldRow,
    releases: readonly HalfBlock[],
    { hold, certificate }: HoldEvidence,
  ): Promise<KeptComplaint | undefined> {
    const { first } = row;
    if (first?.kind !== 'ack') return undefined;
    const second = releases.find(({ id }) => !equalBytes(id.bytes, first.release.bytes));
    const kept = second === undefined ? undefined : await this.#book.release(row.hold);
    if (second === undefined || kept === undefined) return undefined;
    return {
      hold,
      certificate: certificate ?? kept.certificate,
      complaint: { kind: 'twice', releases: [kept.block, second.bytes] },
      money: kept.money,
      by: kept.by,
    };
  }

  /**
   * Keeps the first complaint that its buyer signed and that proves nothing: the seller convicts the buyer by it. One is
   * enough; and none is kept of a hold that nothing was said about, or where there is no room.
   */
  async #keepUnfounded({ row, from, isNew }: Admitted, complaint: ComplaintEvidence): Promise<void> {
    const { unfounded } = this.#book;
    if (isNew || complaint.kind !== 'proof' || unfounded.entries.has(row.hold.toString())) return;
    const { money, by } = this.#shareOf(row, from);
    if (!unfounded.hasRoom(money, by, this.#releaseLimits())) return;
    const { proof, signature } = complaint;
    const end = paidAfter(row, this.#deltaMs) + COMPLAINT_KEEP_MS;
    const dropAt = Math.min(Number.MAX_SAFE_INTEGER, end);
    await this.#book.commit({ row, by: from, unfounded: { proof, signature, dropAt, money, by } });
  }

  /** Writes `refund`, and what the other witnesses need to judge the same; a lone one keeps nothing of a proof. */
  async #refund(
    admitted: Admitted,
    next: HoldRow,
    complaint: KeptComplaint | undefined,
    key: PublicKey,
    at: number,
  ): Promise<NotaryAnswer> {
    const isAlone = next.witnesses.length === 1 || complaint === undefined;
    const hasRoom =
      isAlone || this.#book.complaints.hasRoom(complaint.money, complaint.by, this.#releaseLimits());
    const isAhead = admitted.isNew && next.complain - at > MAX_AHEAD_MS;
    if (!hasRoom || isAhead || !this.#hasRoom(admitted)) return later(FULL_LATER_MS);
    await this.#write(admitted, next, isAlone ? {} : { complaint });
    this.#onTaken(next, 'complaint');
    return this.#conclude({ ...admitted, row: next, isNew: false }, next, key, at);
  }

  async #outcomeOf(question: HoldQuestion, key: PublicKey, asked: number, from: string): Promise<HoldAnswer> {
    const nothing: HoldAnswer = { statements: [], need: true, laterMs: 0 };
    try {
      const admitted = await this.#admission.admitAsked(question.id, question.evidence, key, from);
      if (isAnswer(admitted)) {
        if (admitted.kind === 'later') return { ...nothing, need: false, laterMs: admitted.ms };
        return { ...nothing, need: admitted.kind === 'need' };
      }
      const at = this.#momentOf(admitted, asked);
      const { receipt, acks } = question;
      const shown = {
        receipt: receipt !== null && (await this.#isReceipt(admitted.row, receipt)),
        quorum:
          acks !== null && (await this.#shares.rightCertificate(admitted.row, acks, 'ack')) !== undefined,
      };
      return await this.#concludeHold(admitted, admitted.row, key, at, shown);
    } catch (error) {
      problemOf(error);
      return nothing;
    }
  }

  async #isReceipt(row: HoldRow, bytes: Uint8Array): Promise<boolean> {
    const block = decodeHalfBlock(bytes, this.#crypto);
    return (
      equalBytes(receiptOf(block).bytes, row.hold.bytes) &&
      equalBytes(block.core.key, row.buyer) &&
      (await this.#verify.all([verifyItem(block)]))
    );
  }

  /** Joins what another witness tells to the row; whether the thing itself is needed. */
  async #hear(told: ToldHold, key: PublicKey): Promise<boolean> {
    const row = await this.#book.row(told.hold);
    if (row === undefined) return true;
    const own = indexOfWitness(row, key);
    if (own < 0) return false;
    let next = row;
    let isNeeded = false;
    if (told.release !== null) {
      const acks = await this.#shares.rightShares(row, told.acks, ackStatement(row, told.release));
      next = withAcks(next, told.release, acks, own);
      const isMine = row.first?.kind === 'ack' && equalBytes(row.first.release.bytes, told.release.bytes);
      isNeeded = acks.length > 0 && !isMine && row.first?.kind !== 'none';
    }
    if (told.refunds.length > 0) {
      const refunds = await this.#shares.rightShares(row, told.refunds, refundStatement(row));
      next = withRefunds(next, refunds, own);
      isNeeded ||= refunds.length > 0 && row.outcome === null;
    }
    if (next !== row) await this.#book.commit({ row: next, by: '' });
    return isNeeded;
  }

  /** In whose share something is kept of a hold that `from` brought. */
  #shareOf({ currency }: HoldRow, from: string): { readonly money: ReleaseClass; readonly by: string } {
    if (currency === null) return { money: 'test', by: from };
    const by = currency.toString();
    return { money: this.#currencies.isOwn(by) ? 'own' : 'guest', by };
  }

  #releaseLimits(): RoomLimits {
    return { count: this.#limits.releases, bytes: this.#limits.releaseBytes };
  }

  /** Whether a row may be written: of a new hold of test money only while its peer's share has room. */
  #hasRoom({ row, isNew, from }: Admitted): boolean {
    const isBounded = isNew && row.currency === null;
    return !isBounded || this.#book.testHolds.hasRoom(from, this.#limits.testHolds);
  }

  /** The time by which a hold is judged: of a new one in test money, not before what was said without a row. */
  #momentOf({ row, isNew }: Admitted, at: number): number {
    return isNew && row.currency === null ? this.#book.testHolds.timeOf(at) : at;
  }

  #dropAt(row: HoldRow): number {
    return Math.min(Number.MAX_SAFE_INTEGER, paidAfter(row, this.#deltaMs) + RELEASE_KEEP_MS);
  }

  /** The commit point of every statement about a hold. */
  async #write(admitted: Admitted, next: HoldRow, kept: Omit<HoldCommit, 'row' | 'by'>): Promise<void> {
    if (next !== admitted.row) await this.#book.commit({ row: next, by: admitted.from, ...kept });
  }

  async #conclude(admitted: Admitted, known: HoldRow, key: PublicKey, at: number): Promise<NotaryAnswer> {
    const shown = { receipt: false, quorum: false };
    return { kind: 'holds', holds: [await this.#concludeHold(admitted, known, key, at, shown)] };
  }

  /** Writes what time and evidence make of a row, and then says it. */
  async #concludeHold(
    admitted: Admitted,
    known: HoldRow,
    key: PublicKey,
    at: number,
    shown: { readonly receipt: boolean; readonly quorum: boolean },
  ): Promise<HoldAnswer> {
    const row = conclude(known, { at, ...shown }, this.#deltaMs);
    const isWritten = row !== admitted.row && !(admitted.isNew && isNoneAlone(row));
    if (isWritten && !this.#hasRoom(admitted)) return { statements: [], need: false, laterMs: FULL_LATER_MS };
    if (isWritten) await this.#write(admitted, row, {});
    else if (admitted.isNew && isNoneAlone(row)) {
      await this.#book.testHolds.sayNone(noneAfter(row, this.#deltaMs), at);
    }
    const next = nextMoment(row, at, this.#deltaMs);
    return {
      statements: await this.#statements(row, key),
      need: false,
      laterMs: next === undefined ? 0 : next - at,
    };
  }

  #statements(row: HoldRow, key: PublicKey): Promise<readonly HoldStatement[]> {
    return Promise.all(
      statementsOfRow(row).map(async (statement) => ({
        kind: statement.kind,
        extra: statement.extra,
        signature: await this.#own.sign(key, statement),
      })),
    );
  }
}

/**
 * Whether a row of test money says `none` and nothing else: that follows from the hold and the time alone, so it need not
 * be written, and a flood of holds without a release leaves nothing behind.
 */
function isNoneAlone({ currency, first, outcome, acks, refunds }: HoldRow): boolean {
  return (
    currency === null && first?.kind === 'none' && outcome === null && acks === null && refunds.length === 0
  );
}
