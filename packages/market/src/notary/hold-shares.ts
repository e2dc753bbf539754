import { type BlockId, type Crypto, equalBytes, type PublicKey } from '@edmp/interface';
import { type Certificate, decodeCertificate, type Share } from './certificate.ts';
import type { HoldRow } from './hold-row.ts';
import { joinShares } from './hold-rules.ts';
import { holdsStatement, type OwnStatements } from './own-statements.ts';
import type { Statement } from './statement.ts';
import { certificateItems, shareItem, type VerifyQueue } from './verify-queue.ts';

/** Looks at what other witnesses signed about a hold, and stops the notary when shown what it forgot. */
export class HoldShares {
  readonly #own: OwnStatements;
  readonly #verify: VerifyQueue;
  readonly #crypto: Crypto;

  constructor(options: {
    readonly own: OwnStatements;
    readonly verify: VerifyQueue;
    readonly crypto: Crypto;
  }) {
    this.#own = options.own;
    this.#verify = options.verify;
    this.#crypto = options.crypto;
  }

  /** The shares of `statement` that are right; what the row knows is not verified again. */
  async rightShares(row: HoldRow, shares: readonly Share[], statement: Statement): Promise<readonly Share[]> {
    const known = knownShares(row, statement);
    const right: Share[] = [];
    const fresh: { readonly share: Share; readonly key: PublicKey }[] = [];
    for (const share of shares) {
      const key = row.witnesses[share.index];
      if (known.some((other) => isSame(other, share))) right.push(share);
      else if (key !== undefined) fresh.push({ share, key });
    }
    const results = await this.#verify.each(
      fresh.map(({ share, key }) => shareItem(statement, share.signature, key, this.#crypto)),
    );
    for (const [i, { share }] of fresh.entries()) {
      if (results[i] !== true) continue;
      if (this.#own.isOwn(row.witnesses, share.index) && !holdsStatement(row, statement)) {
        await this.#own.expectHeld(row, statement);
      }
      right.push(share);
    }
    return right;
  }

  /** A certificate about the row's hold that a quorum signed; undefined for anything else. Throws `ERR_MARKET_FORMAT`. */
  async rightCertificate(
    row: HoldRow,
    bytes: Uint8Array,
    kind: 'spend' | 'ack',
  ): Promise<Certificate | undefined> {
    const certificate = decodeCertificate(bytes, row.currency);
    if (certificate.kind !== kind || !equalBytes(certificate.subject.bytes, row.hold.bytes)) return undefined;
    const items = certificateItems(certificate, row.witnesses, this.#crypto);
    if (items === undefined || !(await this.#verify.all(items))) return undefined;
    if (kind === 'ack' && certificate.shares.some(({ index }) => this.#own.isOwn(row.witnesses, index))) {
      await this.#own.expectHeld(row, certificate);
    }
    return certificate;
  }
}

/** The statement that a release of a row's hold came in time. */
export function ackStatement(row: HoldRow, release: BlockId): Statement {
  return { kind: 'ack', currency: row.currency, subject: row.hold, extra: release };
}

/** The statement that the money of a row's hold goes back for a founded complaint. */
export function refundStatement(row: HoldRow): Statement {
  return { kind: 'refund', currency: row.currency, subject: row.hold, extra: null };
}

/** A row with acknowledgements of others joined to what it knows; `own` is the place of the witness itself. */
export function withAcks(row: HoldRow, release: BlockId, shares: readonly Share[], own: number): HoldRow {
  if (shares.length === 0) return row;
  if (row.acks !== null && !equalBytes(row.acks.release.bytes, release.bytes)) return row;
  if (row.first?.kind === 'ack' && !equalBytes(row.first.release.bytes, release.bytes)) return row;
  const before = row.acks?.shares ?? [];
  const joined = joinShares(before, shares, own);
  return joined.length === before.length ? row : { ...row, acks: { release, shares: joined } };
}

/** A row with refunds of others joined to what it knows. */
export function withRefunds(row: HoldRow, shares: readonly Share[], own: number): HoldRow {
  const joined = joinShares(row.refunds, shares, own);
  return joined.length === row.refunds.length ? row : { ...row, refunds: joined };
}

function isSame(a: Share, b: Share): boolean {
  return a.index === b.index && equalBytes(a.signature, b.signature);
}

function knownShares(row: HoldRow, { kind, extra }: Statement): readonly Share[] {
  if (kind === 'refund') return row.refunds;
  if (row.acks === null || extra === null || !equalBytes(row.acks.release.bytes, extra.bytes)) return [];
  return row.acks.shares;
}
