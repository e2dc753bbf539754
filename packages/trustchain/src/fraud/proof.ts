import { type BlockId, type Crypto, equalBytes, type HalfBlock, type TxValue } from '@edmp/interface';
import { decodeCanonical, encodeCanonical } from '@edmp/interface/format';
import { decodeHalfBlock } from '../block/codec.ts';
import { identify } from '../block/identity.ts';
import { MAX_BLOCK_BYTES } from '../block/limits.ts';
import { verifyItem, verifySignature } from '../block/signature.ts';
import { FraudProofError } from './errors.ts';
import { FRAUD_KINDS, type FraudEvidence, type FraudKind, reconstructEvidence } from './evidence.ts';
import { expectOneSlot, type SlotOf } from './slot.ts';

/** Format version of fraud proofs. */
export const FRAUD_PROOF_VERSION = 1;
/** Largest fraud proof, bytes: three blocks and their frame. */
export const MAX_FRAUD_PROOF_BYTES: number = 3 * (MAX_BLOCK_BYTES + 5) + 64;
const KINDS: readonly string[] = FRAUD_KINDS;

/** A fraud proof that anyone can check from its bytes. */
export interface FraudProof extends FraudEvidence {
  /** Identity by the cores alone: other signatures over the same cores give the same proof. */
  readonly id: BlockId;
  /** Canonical dag-cbor `{ v, kind, blocks: [signed block, …] }`. */
  readonly bytes: Uint8Array;
}

/** Canonical proof of some evidence; the same bytes whatever order the evidence was found in. */
export function encodeFraudProof(evidence: FraudEvidence, crypto: Pick<Crypto, 'sha256'>): FraudProof {
  const { kind, author, blocks } = evidence;
  const bytes = encodeCanonical({ v: FRAUD_PROOF_VERSION, kind, blocks: blocks.map((block) => block.bytes) });
  const id = identify(encodeCanonical([kind, blocks.map((block) => block.id)]), crypto);
  return { kind, author, blocks, id, bytes };
}

const field = (value: TxValue, name: string): TxValue | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as { readonly [key: string]: TxValue })[name]
    : undefined;

/**
 * Decodes a proof and checks everything but the signatures, and the slots of a `slot`. Throws `ERR_FRAUD_ENCODING`, `ERR_FRAUD_ORDER`,
 * `ERR_FRAUD_UNFOUNDED`.
 *
 * @param bytes - What a stranger sent; anything may be given.
 */
export function decodeFraudProof(bytes: Uint8Array, crypto: Pick<Crypto, 'sha256'>): FraudProof {
  if (bytes.length > MAX_FRAUD_PROOF_BYTES) {
    throw new FraudProofError(
      'ERR_FRAUD_ENCODING',
      `A fraud proof has at most ${MAX_FRAUD_PROOF_BYTES} bytes, got ${bytes.length}`,
    );
  }
  let kind: FraudKind;
  let blocks: HalfBlock[];
  try {
    const value = decodeCanonical(bytes);
    const version = field(value, 'v');
    const named = field(value, 'kind');
    const list = field(value, 'blocks');
    if (version !== FRAUD_PROOF_VERSION) throw new TypeError(`Expected version 1, got ${String(version)}`);
    if (typeof named !== 'string' || !KINDS.includes(named)) throw new TypeError('Unknown kind of fraud');
    if (!Array.isArray(list) || list.length > 3) throw new TypeError('Expected two or three blocks');
    kind = named as FraudKind;
    blocks = list.map((item: TxValue) => {
      if (!(item instanceof Uint8Array)) throw new TypeError('A block in a proof is a byte string');
      return decodeHalfBlock(item, crypto);
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown';
    throw new FraudProofError('ERR_FRAUD_ENCODING', `Not a canonical fraud proof: ${reason}`, { cause });
  }
  const evidence = reconstructEvidence(kind, blocks);
  if (evidence === undefined) {
    throw new FraudProofError('ERR_FRAUD_UNFOUNDED', `These blocks do not prove a ${kind}`);
  }
  const proof = encodeFraudProof(evidence, crypto);
  if (!equalBytes(proof.bytes, bytes)) {
    throw new FraudProofError(
      'ERR_FRAUD_ORDER',
      'The blocks of a fraud proof stand in canonical order, with no other field',
    );
  }
  return proof;
}

/**
 * Verifies a fraud proof from its bytes, offline: encoding, contradiction and every signature. A `slot` is judged by
 * `slotOf`, and `ERR_FRAUD_UNKNOWN` without it. Throws a {@link FraudProofError}.
 *
 * @param bytes - What a stranger sent; anything may be given.
 */
export function verifyFraudProof(bytes: Uint8Array, crypto: Crypto, slotOf?: SlotOf): FraudProof {
  const proof = decodeFraudProof(bytes, crypto);
  if (proof.kind === 'slot') expectOneSlot(proof.blocks, slotOf);
  return verifyProofSignatures(proof, crypto);
}

/** A decoded proof whose signatures are genuine. Throws `ERR_FRAUD_SIGNATURE`. */
export function verifyProofSignatures(proof: FraudProof, crypto: Crypto): FraudProof {
  for (const block of proof.blocks) if (!verifySignature(block, crypto)) throw unsigned(block);
  return proof;
}

/**
 * {@link verifyFraudProof} with the signatures checked off the main thread where the provider can.
 *
 * @param bytes - What a stranger sent; anything may be given.
 */
export async function verifyFraudProofAsync(
  bytes: Uint8Array,
  crypto: Crypto,
  slotOf?: SlotOf,
): Promise<FraudProof> {
  const proof = decodeFraudProof(bytes, crypto);
  if (proof.kind === 'slot') expectOneSlot(proof.blocks, slotOf);
  const results = await crypto.ed25519VerifyMany(proof.blocks.map(verifyItem));
  for (const [index, block] of proof.blocks.entries()) if (results[index] !== true) throw unsigned(block);
  return proof;
}

const unsigned = (block: HalfBlock): FraudProofError =>
  new FraudProofError('ERR_FRAUD_SIGNATURE', `Block ${block.id} in the proof was not signed by its author`);
