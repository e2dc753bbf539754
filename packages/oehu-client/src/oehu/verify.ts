import {
  type AttestationLevel,
  bytesToHex,
  type Crypto,
  type PublicKey,
  publicKey,
  utf8ToBytes,
} from '@edmp/interface';
import { sha3_256 } from '@noble/hashes/sha3.js';
import { base58Decode, base58Encode } from './base58.ts';
import { conditionUri, parseFulfillment } from './fulfillment.ts';
import { isJsonObject, type JsonObject, signedTexts } from './json.ts';

/** Why a transaction did not reach the next level. */
export type VerificationCode =
  | 'not-a-transaction'
  | 'version'
  | 'id-mismatch'
  | 'inputs'
  | 'fulfillment-length'
  | 'fulfillment-characters'
  | 'fulfillment-type'
  | 'fulfillment-layout'
  | 'owner-mismatch'
  | 'signature'
  | 'outputs'
  | 'condition-mismatch'
  | 'not-pinned-key'
  | 'not-linked'
  | 'fork'
  | 'key-changed'
  | 'no-create'
  | 'create-mismatch';

/** One reason, in words for people. */
export interface VerificationReason {
  readonly code: VerificationCode;
  readonly message: string;
}

/** What is proven about one transaction, and what kept it from the next level. */
export interface Verification {
  readonly level: AttestationLevel;
  readonly reasons: readonly VerificationReason[];
  /** Transaction id as claimed, or empty. */
  readonly id: string;
  /** Key that signed, base58, from level `signed` on. */
  readonly signer: string | null;
  /** Key that holds the output from now on, base58, where the outputs are well-formed. */
  readonly holder: string | null;
  /** Transaction and output spent, as `id:index`; null for CREATE. */
  readonly spends: string | null;
}

/** Options of {@link verifyTransaction}. */
export interface VerifyOptions {
  readonly crypto: Crypto;
  /** The device key that must have signed, base58. Without it you only learn that *somebody* signed. */
  readonly pinnedKey?: string | undefined;
  /** SHA3-256 to use instead of the portable one, e.g. over `node:crypto`. */
  readonly sha3?: ((data: Uint8Array) => Uint8Array) | undefined;
}

interface Prepared {
  readonly base: Omit<Verification, 'level' | 'reasons'>;
  readonly level: 'unsigned' | 'intact';
  readonly reasons: VerificationReason[];
  /** What is left to check, when the form allows a signature at all. */
  readonly check: {
    readonly message: Uint8Array;
    readonly signature: Uint8Array;
    readonly key: PublicKey;
  } | null;
}

/** Conditions remembered within one batch: a chain has one key. */
const MAX_URIS = 1000;
const HEX_ID = /^[0-9a-f]{64}$/;

/** Everything but the signature's own equation; pure. */
function prepare(transaction: unknown, options: VerifyOptions, uris: Map<string, string>): Prepared {
  const reasons: VerificationReason[] = [];
  const fail = (code: VerificationCode, message: string): void => {
    reasons.push({ code, message });
  };
  const done = (level: 'unsigned' | 'intact', base: Prepared['base']): Prepared => ({
    base,
    level,
    reasons,
    check: null,
  });
  const nothing = { id: '', signer: null, holder: null, spends: null };
  if (!isJsonObject(transaction) || typeof transaction.id !== 'string') {
    fail('not-a-transaction', 'Expected a BigchainDB transaction with an id');
    return done('unsigned', nothing);
  }
  const { id } = transaction;
  if (typeof id !== 'string') return done('unsigned', nothing);
  const hash = options.sha3 ?? sha3_256;
  const operation = transaction.operation;
  const inputs = transaction.inputs;
  const input = Array.isArray(inputs) ? inputs[0] : undefined;
  const fulfills = isJsonObject(input) ? input.fulfills : undefined;
  const link = isJsonObject(fulfills)
    ? { id: fulfills.transaction_id, index: fulfills.output_index }
    : undefined;
  const spends =
    link !== undefined && typeof link.id === 'string' && typeof link.index === 'number'
      ? `${link.id}:${link.index}`
      : null;
  const base = { id, signer: null, holder: null, spends };
  if (transaction.version !== '2.0') {
    fail('version', `Expected version 2.0, got ${JSON.stringify(transaction.version ?? null).slice(0, 20)}`);
    return done('unsigned', base);
  }
  let body: string;
  let message: string;
  try {
    ({ body, message } = signedTexts(transaction));
  } catch (error) {
    fail(
      'not-a-transaction',
      error instanceof Error ? error.message : 'The transaction cannot be serialised',
    );
    return done('unsigned', base);
  }
  // A fulfillment that is cut off spoils the id too, so it is named first: such a transaction is unverifiable.
  const text = isJsonObject(input) ? input.fulfillment : undefined;
  const fulfillment = typeof text === 'string' ? parseFulfillment(text) : 'type';
  if (typeof fulfillment === 'string') {
    fail(
      `fulfillment-${fulfillment}`,
      `Expected an ed25519-sha-256 fulfillment of 136 characters, got ${
        typeof text === 'string' ? `${text.length} that are not one` : 'none'
      }: the signature cannot be checked`,
    );
  }
  if (!HEX_ID.test(id) || bytesToHex(hash(utf8ToBytes(body))) !== id) {
    fail(
      'id-mismatch',
      'The id is not the hash of the content: something was changed or cut off after it was made',
    );
    return done('unsigned', base);
  }
  if (!Array.isArray(inputs) || inputs.length !== 1 || !isJsonObject(input)) {
    fail('inputs', 'Expected exactly one input, as OEHU devices make them');
    return done('intact', base);
  }
  const isCreate = operation === 'CREATE';
  if (
    isCreate
      ? fulfills !== null
      : operation !== 'TRANSFER' || spends === null || !HEX_ID.test(String(link?.id))
  ) {
    fail('inputs', 'Expected a CREATE that spends nothing or a TRANSFER that spends one output');
    return done('intact', base);
  }
  const owners = input.owners_before;
  const owner = Array.isArray(owners) && owners.length === 1 ? owners[0] : undefined;
  if (typeof fulfillment === 'string') return done('intact', base);
  const signer = base58Encode(fulfillment.publicKey);
  if (owner !== signer) {
    fail('owner-mismatch', 'The key in the fulfillment is not the one in owners_before');
    return done('intact', base);
  }
  const holder = holderOf(transaction, options.crypto, uris, fail);
  if (holder === null) return done('intact', base);
  if (options.pinnedKey !== undefined && options.pinnedKey !== signer) {
    fail('not-pinned-key', 'Signed, but not by the pinned device key');
    return done('intact', base);
  }
  const appended = isCreate ? '' : `${String(link?.id)}${String(link?.index)}`;
  return {
    base: { id, signer, holder, spends },
    level: 'intact',
    reasons,
    check: {
      message: hash(utf8ToBytes(message + appended)),
      signature: fulfillment.signature,
      key: publicKey(fulfillment.publicKey),
    },
  };
}

/** The key of the only output, when it is locked by the condition of that key. */
function holderOf(
  transaction: JsonObject,
  crypto: Crypto,
  uris: Map<string, string>,
  fail: (code: VerificationCode, message: string) => void,
): string | null {
  const outputs = transaction.outputs;
  const output = Array.isArray(outputs) && outputs.length === 1 ? outputs[0] : undefined;
  const keys = isJsonObject(output) ? output.public_keys : undefined;
  const condition = isJsonObject(output) ? output.condition : undefined;
  const details = isJsonObject(condition) ? condition.details : undefined;
  const key = Array.isArray(keys) && keys.length === 1 ? keys[0] : undefined;
  if (!isJsonObject(condition) || !isJsonObject(details) || typeof key !== 'string') {
    fail('outputs', 'Expected exactly one output for exactly one key');
    return null;
  }
  if (details.type !== 'ed25519-sha-256' || details.public_key !== key) {
    fail('condition-mismatch', 'The output is not locked by a plain ed25519 condition of its key');
    return null;
  }
  let uri = uris.get(key);
  if (uri === undefined) {
    const bytes = decodeKey(key);
    uri = bytes === undefined ? '' : conditionUri(bytes, crypto);
    if (uris.size < MAX_URIS) uris.set(key, uri);
  }
  if (uri === '' || uri !== condition.uri) {
    fail('condition-mismatch', "The output's condition is not the hash of its key");
    return null;
  }
  return key;
}

/** Bytes of a base58 public key in its one spelling, or undefined. */
function decodeKey(text: string): Uint8Array | undefined {
  try {
    const bytes = base58Decode(text);
    return bytes.length === 32 && base58Encode(bytes) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function conclude(prepared: Prepared, valid: boolean): Verification {
  if (prepared.check === null) return { ...prepared.base, level: prepared.level, reasons: prepared.reasons };
  if (valid) return { ...prepared.base, level: 'signed', reasons: prepared.reasons };
  const reason: VerificationReason = {
    code: 'signature',
    message:
      'The signature does not fit the content: it was changed and its id recomputed, or signed by another key',
  };
  return { ...prepared.base, signer: null, level: 'intact', reasons: [...prepared.reasons, reason] };
}

/**
 * Verifies one BigchainDB 2.0 transaction (BEP 13) from its untouched JSON: id, owner, condition and signature. Never
 * throws on bad input; the level is at most `signed` (see `verifyTransactionChain` for more), and the reasons say why
 * not more.
 *
 * @param transaction - The transaction as it was parsed, with nothing changed; anything may be given.
 */
export function verifyTransaction(transaction: unknown, options: VerifyOptions): Verification {
  const prepared = prepare(transaction, options, new Map());
  const { check } = prepared;
  return conclude(
    prepared,
    check !== null && options.crypto.ed25519Verify(check.signature, check.message, check.key),
  );
}

/**
 * {@link verifyTransaction} for many, with signatures checked in one batch. Answers in order.
 *
 * @param transactions - The transactions as they were parsed, with nothing changed; anything may be given.
 * @param options - Those of {@link verifyTransaction}, and a signal that ends the checking of signatures.
 */
export async function verifyTransactions(
  transactions: readonly unknown[],
  options: VerifyOptions & { readonly signal?: AbortSignal | undefined },
): Promise<readonly Verification[]> {
  const uris = new Map<string, string>();
  const prepared = transactions.map((transaction) => prepare(transaction, options, uris));
  const items = prepared.flatMap(({ check }) =>
    check === null ? [] : [{ message: check.message, signature: check.signature, publicKey: check.key }],
  );
  const answers = await options.crypto.ed25519VerifyMany(items, { signal: options.signal });
  let next = 0;
  return prepared.map((one) => conclude(one, one.check !== null && answers[next++] === true));
}
