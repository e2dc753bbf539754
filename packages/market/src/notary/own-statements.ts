import {
  type BlockId,
  type Crypto,
  equalBytes,
  type PublicKey,
  publicKeyToHex,
  type Signature,
} from '@edmp/interface';
import { boundedMap } from '@edmp/interface/bounded';
import type { Spending } from '../blocks/spending.ts';
import { MarketError } from '../errors.ts';
import type { HoldStatementKind } from './answers.ts';
import type { Certificate, Share } from './certificate.ts';
import type { HoldBook } from './hold-book.ts';
import type { HoldRow } from './hold-row.ts';
import type { SpendBook } from './spend-book.ts';
import { type Statement, signStatement } from './statement.ts';
import type { StatementKeys } from './statement-keys.ts';
import type { StoreGuard } from './store-guard.ts';

/** Signatures kept for those who ask twice. */
const MAX_KEPT = 10_000;

/** What this store has said and may say again: signs, and stops for ever when shown what it does not hold. */
export class OwnStatements {
  readonly #crypto: Crypto;
  readonly #keys: StatementKeys;
  readonly #guard: StoreGuard;
  readonly #spends: SpendBook;
  readonly #holds: HoldBook;
  readonly #signatures = boundedMap<string, Signature>({ max: MAX_KEPT });

  constructor(options: {
    readonly crypto: Crypto;
    readonly keys: StatementKeys;
    readonly guard: StoreGuard;
    readonly spends: SpendBook;
    readonly holds: HoldBook;
  }) {
    this.#crypto = options.crypto;
    this.#keys = options.keys;
    this.#guard = options.guard;
    this.#spends = options.spends;
    this.#holds = options.holds;
  }

  /** Whether one of the store's keys is at `index`. */
  isOwn(keys: readonly PublicKey[], index: number): boolean {
    const key = keys[index];
    return key !== undefined && this.#keys.signer(key) !== undefined;
  }

  /**
   * Signs a statement that the store holds. ed25519 is deterministic, so the share is the same one each time. Throws
   * `ERR_NOTARY_UNKNOWN` for a key of another store, `ERR_NOTARY_HALTED`.
   */
  async sign(key: PublicKey, statement: Statement): Promise<Signature> {
    this.#guard.expectSound();
    const hex = publicKeyToHex(key);
    const signer = this.#keys.signerOf(hex);
    if (signer === undefined) {
      throw new MarketError(
        'ERR_NOTARY_UNKNOWN',
        'This node does not serve the statement key that was asked',
      );
    }
    const name = `${hex} ${statement.kind} ${statement.subject} ${statement.extra ?? ''}`;
    const known = this.#signatures.get(name);
    if (known !== undefined) return known;
    const signature = await signStatement(statement, signer, this.#crypto);
    this.#signatures.set(name, signature);
    return signature;
  }

  /** Stops the notary when a verified spend certificate bears a share of its own that the table does not hold. */
  async expectSpend(
    certificate: Certificate,
    notaries: readonly PublicKey[],
    block: Spending,
  ): Promise<void> {
    if (!this.#bearsOwn(certificate.shares, notaries)) return;
    const { authorHex, money } = block;
    const account = await this.#spends.account(money.currency, authorHex);
    if (account?.head.key === block.key) return;
    const bound = await this.#spends.slot(money.currency, authorHex, money.n);
    if (bound?.key !== block.key)
      await this.#guard.halt(`it was shown its share of ${block.key}, unknown here`);
  }

  /** The same for an outcome certificate that was verified. */
  async expectOutcome(certificate: Certificate, witnesses: readonly PublicKey[]): Promise<void> {
    if (!this.#bearsOwn(certificate.shares, witnesses)) return;
    await this.expectHeld(await this.#holds.row(certificate.subject), certificate);
  }

  /** Stops the notary unless the row holds the statement, which bears a signature of its own. */
  async expectHeld(row: HoldRow | undefined, statement: Statement): Promise<void> {
    if (row === undefined || !holdsStatement(row, statement)) {
      await this.#guard.halt(
        `it was shown its statement ${statement.kind} about ${statement.subject}, unknown here`,
      );
    }
  }

  #bearsOwn(shares: readonly Share[], keys: readonly PublicKey[]): boolean {
    return shares.some(({ index }) => this.isOwn(keys, index));
  }
}

/** A statement about a hold. */
export type OutcomeStatement = Statement & { readonly kind: HoldStatementKind };

const same = (a: BlockId | null, b: BlockId | null): boolean =>
  a === null || b === null ? a === b : equalBytes(a.bytes, b.bytes);

/** Whether a row stands for a statement. */
export function holdsStatement(row: HoldRow, { kind, extra }: Statement): boolean {
  switch (kind) {
    case 'ack':
      return row.first?.kind === 'ack' && same(row.first.release, extra);
    case 'none':
      return row.first?.kind === 'none';
    case 'paid':
    case 'refund':
      return row.outcome === kind;
    default:
      return false;
  }
}

/** Every statement that a row stands for. */
export function statementsOfRow(row: HoldRow): readonly OutcomeStatement[] {
  const about = { currency: row.currency, subject: row.hold };
  const statements: OutcomeStatement[] = [];
  if (row.first?.kind === 'ack') statements.push({ ...about, kind: 'ack', extra: row.first.release });
  if (row.first?.kind === 'none') statements.push({ ...about, kind: 'none', extra: null });
  if (row.outcome !== null) statements.push({ ...about, kind: row.outcome, extra: null });
  return statements;
}
