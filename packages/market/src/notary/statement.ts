import {
  type BlockId,
  type Crypto,
  concatBytes,
  type PublicKey,
  type Signature,
  type Signer,
  utf8ToBytes,
} from '@edmp/interface';
import { encodeCanonical } from '../codec/fields.ts';
import { MarketError } from '../errors.ts';

/** What a notary or witness can say (DESIGN §4.4.2, §4.4.4). */
export const STATEMENT_KINDS = ['spend', 'ack', 'none', 'paid', 'refund'] as const;
/**
 * - `spend`: the one block of its author, currency and number (notaries).
 * - `ack`: the release of this hold came in time; `none`: none did.
 * - `paid`: the hold is the payee's; `refund`: it goes back.
 */
export type StatementKind = (typeof STATEMENT_KINDS)[number];

/** One sentence that a statement key signs. */
export interface Statement {
  readonly kind: StatementKind;
  /** The issued currency's block; null in test money, where nothing is certified as a spend. */
  readonly currency: BlockId | null;
  /** The spending block or hold that it is about. */
  readonly subject: BlockId;
  /** Of an `ack` the release; else null. */
  readonly extra: BlockId | null;
}

const DOMAIN = utf8ToBytes('edmp/notary/v1');

/** Checks that the parts of a statement belong together. Throws `ERR_MARKET_FORMAT`. */
export function checkStatement(statement: Statement): void {
  if ((statement.extra !== null) !== (statement.kind === 'ack')) {
    throw new MarketError('ERR_MARKET_FORMAT', 'statement: expected a release beside an ack, and only there');
  }
  if (statement.kind === 'spend' && statement.currency === null) {
    throw new MarketError('ERR_MARKET_FORMAT', 'statement: nothing is certified as a spend in test money');
  }
}

/** What is signed: `"edmp/notary/v1" ‖ SHA-256(dag-cbor [kind, currency, subject, extra])`. */
export function statementMessage(statement: Statement, crypto: Pick<Crypto, 'sha256'>): Uint8Array {
  const { kind, currency, subject, extra } = statement;
  return concatBytes(DOMAIN, crypto.sha256(encodeCanonical([kind, currency, subject, extra])));
}

/** Signs a statement. Throws `ERR_MARKET_FORMAT` when its parts do not belong together. */
export async function signStatement(
  statement: Statement,
  signer: Signer,
  crypto: Pick<Crypto, 'sha256'>,
): Promise<Signature> {
  checkStatement(statement);
  return signer.sign(statementMessage(statement, crypto));
}

/** Whether `signature` is `key`'s under the statement. */
export function verifyStatement(
  statement: Statement,
  signature: Signature,
  key: PublicKey,
  crypto: Pick<Crypto, 'sha256' | 'ed25519Verify'>,
): boolean {
  return crypto.ed25519Verify(signature, statementMessage(statement, crypto), key);
}
