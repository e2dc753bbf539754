import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';

// This file shares no code with the client's verifier, so that a mistake in one shows up against the other.

const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const DIGITS = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** The key of one device, in the forms that BigchainDB transactions carry. */
export interface DeviceKey {
  readonly privateKey: KeyObject;
  /** Raw 32-byte public key. */
  readonly raw: Buffer;
  /** Public key in base58. */
  readonly text: string;
  /** Condition that this key fulfils. */
  readonly uri: string;
}

/** Base58 by long division of one big number. */
function toBase58(bytes: Buffer): string {
  let number = BigInt(`0x00${bytes.toString('hex')}`);
  let text = '';
  for (; number > 0n; number /= 58n) text = DIGITS.charAt(Number(number % 58n)) + text;
  for (const byte of bytes) {
    if (byte !== 0) break;
    text = `1${text}`;
  }
  return text;
}

/** A device's key derived from text: the same text, the same key. For emulation only. */
export function deviceKey(secret: string): DeviceKey {
  const seed = createHash('sha256').update(secret, 'utf8').digest();
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_HEAD, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const raw = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  const fingerprint = createHash('sha256')
    .update(Buffer.concat([Buffer.from('30228020', 'hex'), raw]))
    .digest('base64url');
  return {
    privateKey,
    raw,
    text: toBase58(raw),
    uri: `ni:///sha-256;${fingerprint}?fpt=ed25519-sha-256&cost=131072`,
  };
}

const sha3 = (text: string): Buffer => createHash('sha3-256').update(text, 'utf8').digest();

/** Metadata of a reading, its keys in alphabetical order as they are signed. */
export type EmulatedMetadata = Readonly<Record<string, unknown>>;

/** A signed BigchainDB 2.0 transaction. */
export interface SignedTransaction {
  readonly asset:
    | { readonly id: string }
    | { readonly data: { readonly id: string; readonly schema: string } };
  readonly id: string;
  readonly inputs: readonly {
    readonly fulfillment: string;
    readonly fulfills: { readonly output_index: number; readonly transaction_id: string } | null;
    readonly owners_before: readonly string[];
  }[];
  readonly metadata: EmulatedMetadata | null;
  readonly operation: 'CREATE' | 'TRANSFER';
  readonly outputs: readonly unknown[];
  readonly version: '2.0';
}

/** The same value with the keys of every object in alphabetical order. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const record = value as Record<string, unknown>;
  return Object.fromEntries(
    Object.keys(record)
      .sort()
      .map((name) => [name, ordered(record[name])]),
  );
}

/**
 * Signs a CREATE (`spends` null) or a TRANSFER to oneself. All objects are built with their keys in alphabetical order,
 * so plain `JSON.stringify` gives the text to sign (BEP 13).
 */
export function signTransaction(
  key: DeviceKey,
  asset: SignedTransaction['asset'],
  spends: string | null,
  metadata: EmulatedMetadata | null,
): SignedTransaction {
  const fulfills = spends === null ? null : { output_index: 0, transaction_id: spends };
  const details = { public_key: key.text, type: 'ed25519-sha-256' };
  const rest = {
    metadata: ordered(metadata) as EmulatedMetadata | null,
    operation: spends === null ? ('CREATE' as const) : ('TRANSFER' as const),
    outputs: [{ amount: '1', condition: { details, uri: key.uri }, public_keys: [key.text] }],
    version: '2.0' as const,
  };
  const unsigned = {
    asset,
    id: null,
    inputs: [{ fulfillment: null, fulfills, owners_before: [key.text] }],
    ...rest,
  };
  const signature = sign(
    null,
    sha3(JSON.stringify(unsigned) + (spends === null ? '' : `${spends}0`)),
    key.privateKey,
  );
  const fulfillment = Buffer.concat([
    Buffer.from('a4648020', 'hex'),
    key.raw,
    Buffer.from('8140', 'hex'),
    signature,
  ]).toString('base64url');
  const inputs = [{ fulfillment, fulfills, owners_before: [key.text] }];
  const id = sha3(JSON.stringify({ asset, id: null, inputs, ...rest })).toString('hex');
  return { asset, id, inputs, ...rest };
}
