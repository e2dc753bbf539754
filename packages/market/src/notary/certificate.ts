import { type BlockId, type Crypto, equalBytes, type PublicKey, type Signature } from '@edmp/interface';
import { quorumOfKeys } from '../asset/currency.ts';
import {
  blockIdOf,
  bytesOf,
  decodeCanonical,
  encodeCanonical,
  integerOf,
  listOf,
  oneOf,
} from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import { checkStatement, STATEMENT_KINDS, type Statement, statementMessage } from './statement.ts';

/** One key's signature under a statement. */
export interface Share {
  /** Place of the key in the list of notaries or witnesses, 0 … 6. */
  readonly index: number;
  readonly signature: Signature;
}

/** A statement that a quorum signed (DESIGN §4.4). Travels beside blocks and never in them, but for refunds of test money. */
export interface Certificate extends Statement {
  /** Sorted by `index`, none twice. */
  readonly shares: readonly Share[];
}

/** Largest encoded certificate, bytes: seven shares are about 580. */
export const MAX_CERTIFICATE_BYTES = 1_024;
/** Most shares: seven keys. */
const MAX_SHARES = 7;

/** Canonical bytes `[kind, subject, extra, [[index, signature] …]]`; the currency is known from where it is used. */
export function encodeCertificate(certificate: Certificate): Uint8Array {
  const { kind, subject, extra, shares } = certificate;
  return encodeCanonical([kind, subject, extra, shares.map(({ index, signature }) => [index, signature])]);
}

function shareOf(value: unknown): Share {
  const [index, signature, ...rest] = listOf(value, 2, 'certificate.share');
  if (rest.length > 0) throw new MarketError('ERR_MARKET_FORMAT', 'certificate.share: expected two items');
  return {
    index: integerOf(index, 0, MAX_SHARES - 1, 'certificate.index'),
    signature: bytesOf(signature, 64, 'certificate.signature'),
  };
}

function isSorted(shares: readonly Share[]): boolean {
  let last = -1;
  for (const { index } of shares) {
    if (index <= last) return false;
    last = index;
  }
  return true;
}

/**
 * Reads a certificate about money of `currency` (null = test money). Checks no signature. Throws `ERR_MARKET_FORMAT`.
 *
 * @param bytes - What a stranger sent, 1 024 bytes at most; anything may be given.
 */
export function decodeCertificate(bytes: Uint8Array, currency: BlockId | null): Certificate {
  const items = listOf(decodeCanonical(bytes, MAX_CERTIFICATE_BYTES, 'certificate'), 4, 'certificate');
  if (items.length !== 4) {
    throw new MarketError('ERR_MARKET_FORMAT', `certificate: expected 4 items, got ${items.length}`);
  }
  const [kind, subject, extra, list] = items;
  const shares = listOf(list, MAX_SHARES, 'certificate.shares').map(shareOf);
  if (shares.length === 0 || !isSorted(shares)) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      'certificate.shares: expected some, sorted by index, none twice',
    );
  }
  const certificate: Certificate = {
    kind: oneOf(kind, STATEMENT_KINDS, 'certificate.kind'),
    currency,
    subject: blockIdOf(subject, 'certificate.subject'),
    extra: extra === null ? null : blockIdOf(extra, 'certificate.extra'),
    shares,
  };
  checkStatement(certificate);
  return certificate;
}

/** Certificates that were verified, with the keys that they were verified against. */
const verified = new WeakMap<Certificate, readonly PublicKey[]>();

function sameKeys(a: readonly PublicKey[], b: readonly PublicKey[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((key, i) => equalBytes(key, b[i] ?? new Uint8Array(0)));
}

/**
 * Whether a quorum of `keys` signed: at least 2f + 1 of 3f + 1 different ones, every share right. A certificate object
 * is verified once; it must not be changed.
 */
export function verifyCertificate(
  certificate: Certificate,
  keys: readonly PublicKey[],
  crypto: Pick<Crypto, 'sha256' | 'ed25519Verify'>,
): boolean {
  const before = verified.get(certificate);
  if (before !== undefined && sameKeys(before, keys)) return true;
  const { shares } = certificate;
  const quorum = quorumOfKeys(keys);
  if (quorum === undefined || shares.length < quorum || !isSorted(shares)) return false;
  const message = statementMessage(certificate, crypto);
  for (const { index, signature } of shares) {
    const key = keys[index];
    if (key === undefined || !crypto.ed25519Verify(signature, message, key)) return false;
  }
  verified.set(certificate, keys);
  return true;
}

/**
 * A certificate of shares that the caller verified one by one as they came (`verifyStatement`), at least a quorum of
 * `keys`. Sorts them; nobody verifies them again. Throws `ERR_MARKET_FORMAT` when they are no quorum.
 */
export function certificateOfShares(
  statement: Statement,
  shares: readonly Share[],
  keys: readonly PublicKey[],
): Certificate {
  const { kind, currency, subject, extra } = statement;
  const sorted = shares.toSorted((a, b) => a.index - b.index);
  const quorum = quorumOfKeys(keys);
  if (
    quorum === undefined ||
    sorted.length < quorum ||
    !isSorted(sorted) ||
    (sorted.at(-1)?.index ?? 0) >= keys.length
  ) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      `certificate: expected a quorum of ${keys.length} keys, got ${sorted.length} shares`,
    );
  }
  const certificate: Certificate = { kind, currency, subject, extra, shares: sorted };
  checkStatement(certificate);
  verified.set(certificate, keys);
  return certificate;
}
