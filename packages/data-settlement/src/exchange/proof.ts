import { MAX_CHUNKS } from '@edmp/interface/dataset';
import { boundedBytesOf, bytesOf, decodeBounded, encodeFields, integerOf, mapOf } from '../codec/fields.ts';
import { CHUNK_HEADER_BYTES } from '../dataset/chunk.ts';
import { MAX_CHUNK_BYTES, SALT_BYTES } from '../dataset/limits.ts';
import { SettlementError } from '../errors.ts';
import { MAX_SEALED_CHUNK_BYTES } from '../sealing/chunk.ts';
import { SEALED_LEAF_BYTES } from '../sealing/manifest.ts';

/** Largest proof, bytes: leaves room for the rest of a 64 KiB half block (DESIGN §3.1). */
export const MAX_PROOF_BYTES: number = 52 * 1024;
// A tree of MAX_CHUNKS leaves is 14 levels high.
const MAX_PATH_BYTES = 14 * 32;

/** Place of a leaf in the settlement tree. */
export interface LeafEvidence {
  readonly index: number;
  /** The 96 bytes of the leaf. */
  readonly leaf: Uint8Array;
  /** Sibling hashes, lowest level first, 32 bytes each. */
  readonly path: readonly Uint8Array[];
}

/**
 * Evidence against a seller (DESIGN §5.3):
 *
 * - `wrong-key`: the one-time secret, with which anyone sees that the released key does not unwrap (`check` null) or
 *   does not give a chunk key that was committed to. Reveals only a key that is good for one trade.
 * - `wrong-data`: one sealed chunk and its committed key, which does not open it to the promised data.
 * - `wrong-description`: one chunk that contradicts the signed document, alone or with the next one's header.
 */
export type Proof =
  | { readonly kind: 'wrong-key'; readonly secretKey: Uint8Array; readonly check: LeafEvidence | null }
  | {
      readonly kind: 'wrong-data';
      readonly check: LeafEvidence;
      readonly ciphertext: Uint8Array;
      readonly key: Uint8Array;
    }
  | {
      readonly kind: 'wrong-description';
      readonly index: number;
      readonly salt: Uint8Array;
      readonly chunk: Uint8Array;
      /** Path from the chunk's data leaf to the data root. */
      readonly path: readonly Uint8Array[];
      readonly next: {
        readonly header: Uint8Array;
        readonly body: Uint8Array;
        readonly path: readonly Uint8Array[];
      } | null;
    };

const fail = (message: string): SettlementError =>
  new SettlementError('ERR_SETTLEMENT_FORMAT', `Bad proof of misbehaviour: ${message}`);

const joinPath = (path: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(32 * path.length);
  path.forEach((hash, i) => {
    bytes.set(hash, 32 * i);
  });
  return bytes;
};

function asPath(value: unknown, what: string): readonly Uint8Array[] {
  const bytes = boundedBytesOf(value, MAX_PATH_BYTES, what);
  if (bytes.length % 32 !== 0)
    throw fail(`Expected ${what} to be whole hashes of 32 bytes, got ${bytes.length} bytes`);
  return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(32 * i, 32 * i + 32));
}

const encodeCheck = (check: LeafEvidence): unknown => ({
  index: check.index,
  leaf: check.leaf,
  path: joinPath(check.path),
});

function asCheck(value: unknown): LeafEvidence {
  const map = mapOf(value, ['index', 'leaf', 'path'], 'proof.check');
  return {
    index: integerOf(map.index, 0, MAX_CHUNKS - 1, 'proof.check.index'),
    leaf: bytesOf(map.leaf, SEALED_LEAF_BYTES, 'proof.check.leaf'),
    path: asPath(map.path, 'proof.check.path'),
  };
}

/** Canonical dag-cbor of a proof. */
export function encodeProof(proof: Proof): Uint8Array {
  if (proof.kind === 'wrong-key') {
    const check = proof.check === null ? null : encodeCheck(proof.check);
    return encodeFields({ v: 1, kind: proof.kind, secret: proof.secretKey, check });
  }
  if (proof.kind === 'wrong-data') {
    const { kind, ciphertext, key } = proof;
    return encodeFields({ v: 1, kind, check: encodeCheck(proof.check), ciphertext, key });
  }
  const { kind, index, salt, chunk, next } = proof;
  return encodeFields({
    v: 1,
    kind,
    index,
    salt,
    chunk,
    path: joinPath(proof.path),
    next: next === null ? null : { header: next.header, body: next.body, path: joinPath(next.path) },
  });
}

const FIELDS = {
  'wrong-key': ['v', 'kind', 'secret', 'check'],
  'wrong-data': ['v', 'kind', 'check', 'ciphertext', 'key'],
  'wrong-description': ['v', 'kind', 'index', 'salt', 'chunk', 'path', 'next'],
} as const;

/**
 * Whether bytes that {@link decodeProof} refuses may be a proof of another version of this program: too long for this
 * one, or of a version or kind that it does not know. Whoever shows one has not lied. So later versions must stay maps of
 * canonical dag-cbor, and what a version and kind mean must never change: everything else counts against who shows it.
 *
 * @param bytes - What a stranger sent; anything may be given.
 */
export function isForeignProof(bytes: Uint8Array): boolean {
  if (!(bytes instanceof Uint8Array) || bytes.length > MAX_PROOF_BYTES) return true;
  let value: unknown;
  try {
    value = decodeBounded(bytes, MAX_PROOF_BYTES, 'proof');
  } catch {
    return false;
  }
  if (value === null || typeof value !== 'object') return false;
  const { v, kind } = value as { readonly v?: unknown; readonly kind?: unknown };
  return (v !== undefined && v !== 1) || (typeof kind === 'string' && !Object.hasOwn(FIELDS, kind));
}

/**
 * Decodes a proof strictly. Throws `ERR_SETTLEMENT_FORMAT`.
 *
 * @param bytes - What a stranger sent; anything may be given.
 */
export function decodeProof(bytes: Uint8Array): Proof {
  const value = decodeBounded(bytes, MAX_PROOF_BYTES, 'proof');
  const kind = (value as { readonly kind?: unknown } | null)?.kind;
  if (kind === 'wrong-key') {
    const map = mapOf(value, FIELDS[kind], 'proof');
    integerOf(map.v, 1, 1, 'proof.v');
    return {
      kind,
      secretKey: bytesOf(map.secret, 32, 'proof.secret'),
      check: map.check === null ? null : asCheck(map.check),
    };
  }
  if (kind === 'wrong-data') {
    const map = mapOf(value, FIELDS[kind], 'proof');
    integerOf(map.v, 1, 1, 'proof.v');
    return {
      kind,
      check: asCheck(map.check),
      ciphertext: boundedBytesOf(map.ciphertext, MAX_SEALED_CHUNK_BYTES, 'proof.ciphertext'),
      key: bytesOf(map.key, 32, 'proof.key'),
    };
  }
  if (kind !== 'wrong-description') throw fail('Expected kind wrong-key, wrong-data or wrong-description');
  const map = mapOf(value, FIELDS[kind], 'proof');
  integerOf(map.v, 1, 1, 'proof.v');
  return {
    kind,
    index: integerOf(map.index, 0, MAX_CHUNKS - 1, 'proof.index'),
    salt: bytesOf(map.salt, SALT_BYTES, 'proof.salt'),
    chunk: boundedBytesOf(map.chunk, MAX_CHUNK_BYTES, 'proof.chunk', CHUNK_HEADER_BYTES),
    path: asPath(map.path, 'proof.path'),
    next: map.next === null ? null : asNext(map.next),
  };
}

function asNext(value: unknown): NonNullable<Extract<Proof, { kind: 'wrong-description' }>['next']> {
  const map = mapOf(value, ['header', 'body', 'path'], 'proof.next');
  return {
    header: bytesOf(map.header, CHUNK_HEADER_BYTES, 'proof.next.header'),
    body: bytesOf(map.body, 32, 'proof.next.body'),
    path: asPath(map.path, 'proof.next.path'),
  };
}
