import {
  type BlockId,
  type Crypto,
  compareBytes,
  equalBytes,
  type PublicKey,
  type Signature,
} from '@edmp/interface';
import { decodeCore, identify, MAX_CORE_BYTES } from '@edmp/trustchain/block';
import { currencyLink } from '../asset/currency-link.ts';
import { type SpendingPart, spendingOfCore } from '../blocks/spending.ts';
import {
  blockIdOf,
  boundedBytesOf,
  bytesOf,
  decodeCanonical,
  encodeCanonical,
  type Fields,
  integerOf,
  keyOf,
  listOf,
  mapOf,
  oneOf,
} from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import { type Statement, verifyStatement } from './statement.ts';

/** How a notary or witness can contradict itself (DESIGN §4.4.2). */
export const NOTARY_FRAUD_KINDS = ['two-spends', 'ack-and-none', 'paid-and-refund'] as const;
/** `two-spends`: two blocks of one author, currency and number. The others: both choices for one hold. */
export type NotaryFraudKind = (typeof NOTARY_FRAUD_KINDS)[number];

/** One signed statement, and for a spend the core that it is about. */
export interface SignedStatement {
  readonly statement: Statement;
  readonly signature: Signature;
  /** Canonical bytes of the spending block's core; null unless the statement is a spend. */
  readonly core: Uint8Array | null;
}

/** Two statements of one key that exclude each other. */
export interface NotaryProof {
  readonly kind: NotaryFraudKind;
  readonly key: PublicKey;
  /** The issued currency; null in test money. */
  readonly currency: BlockId | null;
  /** In canonical order: two spends by subject, ack before none, paid before refund. */
  readonly statements: readonly [SignedStatement, SignedStatement];
}

/** Largest encoded proof, bytes: two cores and their frame. */
export const MAX_NOTARY_PROOF_BYTES: number = 2 * MAX_CORE_BYTES + 1_024;

function unfounded(message: string): MarketError {
  return new MarketError('ERR_NOTARY_UNFOUNDED', message);
}

const KIND_BY_STATEMENTS: Readonly<Record<string, NotaryFraudKind>> = {
  'spend spend': 'two-spends',
  'ack none': 'ack-and-none',
  'paid refund': 'paid-and-refund',
};

function inOrder(a: SignedStatement, b: SignedStatement): readonly [SignedStatement, SignedStatement] {
  const [x, y] = [a.statement, b.statement];
  const swap = x.kind === y.kind ? compareBytes(x.subject.bytes, y.subject.bytes) > 0 : x.kind > y.kind;
  return swap ? [b, a] : [a, b];
}

function sameLink(a: BlockId | null, b: BlockId | null): boolean {
  return a === null || b === null ? a === b : equalBytes(a.bytes, b.bytes);
}

function spendingOfStatement(
  { statement, core }: SignedStatement,
  crypto: Pick<Crypto, 'sha256'>,
): SpendingPart & { readonly author: PublicKey } {
  if (core === null || !equalBytes(identify(core, crypto).bytes, statement.subject.bytes)) {
    throw unfounded('Expected the core that a spend statement is about');
  }
  const decoded = decodeCore(core);
  const part = spendingOfCore(decoded);
  if (part === undefined) throw unfounded(`A block of type ${decoded.type} spends nothing`);
  return { ...part, author: decoded.key };
}

function checkSpends(proof: NotaryProof, crypto: Pick<Crypto, 'sha256'>): void {
  const [first, second] = proof.statements;
  const [a, b] = [spendingOfStatement(first, crypto), spendingOfStatement(second, crypto)];
  if (sameLink(first.statement.subject, second.statement.subject)) throw unfounded('The two spends are one');
  const currency = currencyLink(a.money.currency);
  if (currency === null || !sameLink(currency, proof.currency) || a.money.currency !== b.money.currency) {
    throw unfounded('Expected two spends in the currency of the statements');
  }
  if (!equalBytes(a.author, b.author) || a.money.n !== b.money.n) {
    throw unfounded('Expected two spends of one author with one number');
  }
}

/**
 * The proof that two statements of `key` make, in canonical order; checks everything but the signatures. Throws
 * `ERR_NOTARY_UNFOUNDED` when they do not exclude each other, `ERR_MARKET_FORMAT` or a block error on unreadable cores.
 */
export function notaryProofOf(
  key: PublicKey,
  a: SignedStatement,
  b: SignedStatement,
  crypto: Pick<Crypto, 'sha256'>,
): NotaryProof {
  const statements = inOrder(a, b);
  const [{ statement: first }, { statement: second }] = statements;
  const kind = KIND_BY_STATEMENTS[`${first.kind} ${second.kind}`];
  if (kind === undefined) throw unfounded(`A ${first.kind} and a ${second.kind} do not exclude each other`);
  if (!sameLink(first.currency, second.currency)) throw unfounded('Expected two statements in one currency');
  const proof: NotaryProof = { kind, key, currency: first.currency, statements };
  if (kind === 'two-spends') checkSpends(proof, crypto);
  else if (!sameLink(first.subject, second.subject))
    throw unfounded('Expected two statements about one hold');
  return proof;
}

/** Canonical bytes of a proof: one encoding, whichever statement was found first. */
export function encodeNotaryProof(proof: NotaryProof): Uint8Array {
  const { kind, key, currency, statements } = proof;
  const [first, second] = statements;
  const common = { v: 1, kind, key, currency, signatures: [first.signature, second.signature] };
  return encodeCanonical(
    kind === 'two-spends'
      ? { ...common, cores: [first.core, second.core] }
      : { ...common, hold: first.statement.subject, release: first.statement.extra },
  );
}

function pairOf<T>(value: unknown, read: (item: unknown) => T, where: string): readonly [T, T] {
  const [a, b, ...rest] = listOf(value, 2, where).map(read);
  if (a === undefined || b === undefined || rest.length > 0) {
    throw new MarketError('ERR_MARKET_FORMAT', `${where}: expected two items`);
  }
  return [a, b];
}

const COMMON = ['v', 'kind', 'key', 'currency', 'signatures'];

function spendsOf(
  fields: Fields,
  currency: BlockId | null,
  signatures: readonly [Signature, Signature],
  crypto: Pick<Crypto, 'sha256'>,
): readonly [SignedStatement, SignedStatement] {
  const cores = pairOf(
    fields.cores,
    (core) => boundedBytesOf(core, MAX_CORE_BYTES, 'proof.core'),
    'proof.cores',
  );
  const spend = (core: Uint8Array, signature: Signature): SignedStatement => ({
    statement: { kind: 'spend', currency, subject: identify(core, crypto), extra: null },
    signature,
    core,
  });
  return [spend(cores[0], signatures[0]), spend(cores[1], signatures[1])];
}

function choicesOf(
  kind: NotaryFraudKind,
  fields: Fields,
  currency: BlockId | null,
  signatures: readonly [Signature, Signature],
): readonly [SignedStatement, SignedStatement] {
  const subject = blockIdOf(fields.hold, 'proof.hold');
  const [first, second] =
    kind === 'ack-and-none' ? (['ack', 'none'] as const) : (['paid', 'refund'] as const);
  const extra = first === 'ack' ? blockIdOf(fields.release, 'proof.release') : null;
  if (extra === null && fields.release !== null) {
    throw new MarketError('ERR_MARKET_FORMAT', 'proof.release: expected null beside paid and refund');
  }
  return [
    { statement: { kind: first, currency, subject, extra }, signature: signatures[0], core: null },
    { statement: { kind: second, currency, subject, extra: null }, signature: signatures[1], core: null },
  ];
}

/**
 * Reads a proof and checks everything but the signatures. Throws `ERR_MARKET_FORMAT`, `ERR_NOTARY_UNFOUNDED`, or a
 * block error on an unreadable core.
 *
 * @param bytes - What a stranger sent, `MAX_NOTARY_PROOF_BYTES` at most; anything may be given.
 */
export function decodeNotaryProof(bytes: Uint8Array, crypto: Pick<Crypto, 'sha256'>): NotaryProof {
  const value = decodeCanonical(bytes, MAX_NOTARY_PROOF_BYTES, 'proof');
  const spends = typeof value === 'object' && value !== null && Object.hasOwn(value, 'cores');
  const fields = mapOf(value, [...COMMON, ...(spends ? ['cores'] : ['hold', 'release'])], 'proof');
  integerOf(fields.v, 1, 1, 'proof.v');
  const kind = oneOf(fields.kind, NOTARY_FRAUD_KINDS, 'proof.kind');
  const key = keyOf(fields.key, 'proof.key');
  const currency = fields.currency === null ? null : blockIdOf(fields.currency, 'proof.currency');
  const signatures = pairOf(
    fields.signatures,
    (item) => bytesOf(item, 64, 'proof.signature'),
    'proof.signatures',
  );
  if (spends !== (kind === 'two-spends')) {
    throw new MarketError('ERR_MARKET_FORMAT', `proof: expected the fields of ${kind}`);
  }
  const statements = spends
    ? spendsOf(fields, currency, signatures, crypto)
    : choicesOf(kind, fields, currency, signatures);
  const proof = notaryProofOf(key, statements[0], statements[1], crypto);
  if (proof.statements[0] !== statements[0]) {
    throw new MarketError('ERR_MARKET_FORMAT', 'proof: expected the statements in canonical order');
  }
  return proof;
}

/**
 * Verifies a proof from its bytes alone. Throws what {@link decodeNotaryProof} throws, and `ERR_NOTARY_UNFOUNDED`
 * when a signature is not the key's.
 *
 * @param bytes - What a stranger sent; anything may be given.
 */
export function verifyNotaryProof(
  bytes: Uint8Array,
  crypto: Pick<Crypto, 'sha256' | 'ed25519Verify'>,
): NotaryProof {
  const proof = decodeNotaryProof(bytes, crypto);
  for (const { statement, signature } of proof.statements) {
    if (!verifyStatement(statement, signature, proof.key, crypto)) {
      throw unfounded(`The ${statement.kind} statement is not signed by the accused key`);
    }
  }
  return proof;
}
