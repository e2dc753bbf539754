import {
  type AbortOptions,
  type Crypto,
  type Environment,
  equalBytes,
  type HalfBlock,
  type Signer,
  throwIfAborted,
  withDeadline,
} from '@edmp/interface';
import { verifySignature } from '@edmp/trustchain/block';
import { faultsOf, type NotaryCount } from '../asset/currency.ts';
import { releaseOf, unlockKey } from '../blocks/release.ts';
import type { Spending } from '../blocks/spending.ts';
import { isMarketError, MarketError } from '../errors.ts';
import type { CertificateStore } from '../evidence/certificate-store.ts';
import type { NotaryAnswer, SignedProof } from './answers.ts';
import { type Certificate, certificateOfShares, encodeCertificate } from './certificate.ts';
import type { HoldInquiry, OutcomeClient } from './client-outcome.ts';
import type { Complaint, KeptComplaints, ReleasedKey } from './client-types.ts';
import { releaseOfHold } from './complaint.ts';
import { ComplaintLine } from './complaint-line.ts';
import type { NotaryLine } from './line.ts';
import { type Attempt, afterFailure, gatherShares } from './quorum-call.ts';
import type { Statement } from './statement.ts';

/** Longest wait for what one witness has kept, ms. */
const KEPT_TIMEOUT_MS = 20_000;

/** Shows releases and complaints to witnesses, and asks for releases. */
export class HoldClient {
  readonly #line: NotaryLine;
  readonly #complaints: ComplaintLine;
  readonly #crypto: Crypto;
  readonly #environment: Environment;
  readonly #certificates: CertificateStore;
  readonly #outcomes: OutcomeClient;
  readonly #deltaMs: number;

  constructor(options: {
    readonly line: NotaryLine;
    readonly crypto: Crypto;
    readonly environment: Environment;
    readonly certificates: CertificateStore;
    readonly outcomes: OutcomeClient;
    readonly deltaMs: number;
  }) {
    this.#line = options.line;
    this.#complaints = new ComplaintLine(options.line, options);
    this.#crypto = options.crypto;
    this.#environment = options.environment;
    this.#certificates = options.certificates;
    this.#outcomes = options.outcomes;
    this.#deltaMs = options.deltaMs;
  }

  async acknowledge(
    hold: Spending,
    release: HalfBlock,
    opener: Uint8Array,
    options: AbortOptions,
  ): Promise<Certificate> {
    const known = await this.#certificates.find('ack', hold.key);
    if (known?.extra != null && equalBytes(known.extra.bytes, release.id.bytes)) return known;
    const inquiry = this.#outcomes.inquiry(hold);
    const deadline = hold.hold?.release ?? 0;
    const rounds =
      inquiry.witnesses.length === 1
        ? 0
        : (faultsOf(inquiry.witnesses.length as NotaryCount) + 2) * this.#deltaMs;
    let evidence = await this.#outcomes.evidence(hold);
    try {
      const shares = await gatherShares({
        environment: this.#environment,
        keys: inquiry.witnesses,
        until: deadline + rounds,
        longestPauseMs: this.#deltaMs / 4,
        signal: options.signal,
        attempt: async (key, index) => {
          try {
            // After the deadline the rounds decide: then this only asks what came of them.
            const answer = await this.#line.ask(
              key,
              { kind: 'release', key, evidence, release: release.bytes, opener, acks: [] },
              options,
            );
            if (answer.kind === 'need' && evidence.certificate === null) {
              evidence = await this.#outcomes.soughtEvidence(inquiry, options);
              if (evidence.certificate !== null) return { kind: 'again' };
            }
            return await this.#attempt(
              inquiry,
              index,
              answer,
              'ack',
              (statement) => statement.extra?.equals(release.id) === true,
            );
          } catch (error) {
            return afterFailure(error);
          }
        },
      });
      return await this.#keep(hold, 'ack', release.id, shares, inquiry);
    } catch (error) {
      if (!isMarketError(error)) throw error;
      throw new MarketError(
        'ERR_TRADE_LOST',
        'No quorum of witnesses acknowledged the release in time: the money goes back',
        { cause: error },
      );
    }
  }

  async complain(
    hold: Spending,
    complaint: Complaint,
    options: AbortOptions,
  ): Promise<Certificate | 'unfounded'> {
    const inquiry = this.#outcomes.inquiry(hold);
    let evidence = await this.#outcomes.evidence(hold);
    const shown = {
      kind: 'proof',
      proposal: complaint.proposal.bytes,
      release: complaint.release.bytes,
      opener: complaint.opener,
      recipientKey: complaint.recipientKey,
      document: complaint.document,
      proof: complaint.proof,
      signature: complaint.signature,
    } as const;
    try {
      const shares = await gatherShares({
        environment: this.#environment,
        keys: inquiry.witnesses,
        signal: options.signal,
        attempt: async (key, index) => {
          try {
            const answer = await this.#complaints.complain(
              key,
              { evidence, complaint: shown, refunds: [] },
              options,
            );
            if (answer.kind === 'need' && evidence.certificate === null) {
              evidence = await this.#outcomes.soughtEvidence(inquiry, options);
              if (evidence.certificate !== null) return { kind: 'again' };
            }
            return await this.#attempt(inquiry, index, answer, 'refund', () => true);
          } catch (error) {
            return afterFailure(error);
          }
        },
      });
      return await this.#keep(hold, 'refund', null, shares, inquiry);
    } catch (error) {
      if (isMarketError(error) && error.code === 'ERR_NOTARY_UNFOUNDED') return 'unfounded';
      throw error;
    }
  }

  async complaints(hold: Spending, sign: Signer['sign'], options: AbortOptions): Promise<KeptComplaints> {
    const { witnesses } = this.#outcomes.inquiry(hold);
    const complaints: SignedProof[] = [];
    let silent = 0;
    await Promise.all(
      witnesses.map(async (key) => {
        try {
          // Each for itself: one that lets the others wait must not keep from the seller what these have.
          const kept = await withDeadline(
            this.#environment,
            KEPT_TIMEOUT_MS,
            'asking a witness for a complaint',
            (signal) => this.#complaints.kept(key, hold, sign, { signal }),
            options,
          );
          if (kept === undefined) silent++;
          else if (kept !== null) complaints.push(kept);
        } catch (error) {
          afterFailure(error);
          silent++;
        }
      }),
    );
    throwIfAborted(options.signal);
    return { complaints, silent };
  }

  async released(hold: Spending, options: AbortOptions): Promise<ReleasedKey | undefined> {
    const inquiry = this.#outcomes.inquiry(hold);
    const known = await this.#certificates.find('ack', hold.key);
    const first = await this.#askReleased(inquiry, known, options);
    const acks = known ?? inquiry.certificate(['ack']);
    if (acks === undefined) return undefined;
    await this.#certificates.put(acks, { keep: true });
    // A witness that was not shown the quorum keeps the release back: now it is shown.
    const answers = [
      ...first,
      ...(first.length === 0 ? await this.#askReleased(inquiry, acks, options) : []),
    ];
    for (const { block, opener } of answers) {
      const release = this.#rightRelease(hold, acks, block, opener);
      if (release !== undefined) return { release, opener, acks };
    }
    return undefined;
  }

  async #askReleased(
    inquiry: HoldInquiry,
    acks: Certificate | undefined,
    options: AbortOptions,
  ): Promise<readonly { readonly block: Uint8Array; readonly opener: Uint8Array }[]> {
    const releases: { readonly block: Uint8Array; readonly opener: Uint8Array }[] = [];
    await Promise.all(
      inquiry.witnesses.map(async (key, index) => {
        try {
          const answer = await this.#line.ask(
            key,
            {
              kind: 'released',
              key,
              hold: inquiry.hold.id,
              acks: acks === undefined ? null : encodeCertificate(acks),
            },
            options,
          );
          if (answer.kind !== 'released') return;
          await this.#outcomes.take(inquiry, index, answer.statements);
          if (answer.release !== null) releases.push(answer.release);
        } catch (error) {
          afterFailure(error);
        }
      }),
    );
    return releases;
  }

  /** The release that a quorum acknowledged, when the bytes are that one and the opener opens it. */
  #rightRelease(
    hold: Spending,
    acks: Certificate,
    bytes: Uint8Array,
    opener: Uint8Array,
  ): HalfBlock | undefined {
    try {
      const block = releaseOfHold(bytes, hold, this.#crypto);
      const isRight =
        acks.extra !== null &&
        equalBytes(block.id.bytes, acks.extra.bytes) &&
        unlockKey(releaseOf(block), opener, this.#crypto) !== undefined &&
        verifySignature(block, this.#crypto);
      return isRight ? block : undefined;
    } catch (error) {
      afterFailure(error);
      return undefined;
    }
  }

  /** What a witness's answer about a hold means for one kind of statement. */
  async #attempt(
    inquiry: HoldInquiry,
    index: number,
    answer: NotaryAnswer,
    kind: 'ack' | 'refund',
    fits: (statement: Pick<Statement, 'extra'>) => boolean,
  ): Promise<Attempt> {
    switch (answer.kind) {
      case 'holds':
        break;
      case 'later':
        return { kind: 'later', ms: answer.ms };
      case 'unfounded':
        return {
          kind: 'never',
          error: new MarketError('ERR_NOTARY_UNFOUNDED', 'A witness finds nothing wrong'),
        };
      case 'refused':
        return { kind: 'never', error: refusal(answer.code) };
      default:
        return { kind: 'later', ms: null };
    }
    const statements = answer.holds[0]?.statements ?? [];
    await this.#outcomes.take(inquiry, index, statements);
    const share = statements.find((statement) => statement.kind === kind && fits(statement));
    if (share !== undefined && inquiry.has(kind, index)) return { kind: 'share', signature: share.signature };
    const other = kind === 'ack' ? 'none' : 'paid';
    if (inquiry.has(other, index)) return { kind: 'never', error: refusal(`said ${other}`) };
    return { kind: 'later', ms: null };
  }

  async #keep(
    hold: Spending,
    kind: 'ack' | 'refund',
    extra: Certificate['extra'],
    shares: Certificate['shares'],
    inquiry: HoldInquiry,
  ): Promise<Certificate> {
    const statement = { kind, currency: inquiry.currency, subject: hold.id, extra };
    const certificate = certificateOfShares(statement, shares, inquiry.witnesses);
    await this.#certificates.put(certificate, { keep: true });
    return certificate;
  }
}

function refusal(why: string): MarketError {
  return new MarketError('ERR_NOTARY_REFUSED', `A witness says no (${why.slice(0, 40)})`, {
    details: { refusal: why },
  });
}
