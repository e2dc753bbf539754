import { type Crypto, equalBytes } from '@edmp/interface';
import { type FieldReaders, fieldReaders } from '@edmp/interface/format';
import { MAX_CERTIFICATE_BYTES } from '@edmp/market/notary';
import { MAX_BLOCK_BYTES } from '@edmp/trustchain/block';
import { DealError } from '../errors.ts';

/** Blocks of a deal file, in the order in which they come about. */
export const DEAL_BLOCKS = ['currency', 'ask', 'bid', 'proposal', 'hold', 'release', 'receipt'] as const;
/** One of {@link DEAL_BLOCKS}. */
export type DealBlock = (typeof DEAL_BLOCKS)[number];

/** Certificates of a deal file: of the payment, of the release, and of what became of the money. */
export const DEAL_CERTIFICATES = ['spend', 'acks', 'outcome'] as const;
/** One of {@link DEAL_CERTIFICATES}. */
export type DealCertificate = (typeof DEAL_CERTIFICATES)[number];

/** A proof of misbehaviour, with what it takes to judge it. */
export interface DealComplaint {
  /** The buyer's one-time public key, whose SHA-256 the terms hold. */
  readonly recipientKey: Uint8Array;
  /** What opens the lock of the release, 32 bytes. */
  readonly opener: Uint8Array;
  /** Canonical proof, see `@edmp/data-settlement/proof`. May hold one chunk of the data in the clear. */
  readonly proof: Uint8Array;
}

/** A complaint by which the buyer is convicted of a lie. */
export interface DealLie extends DealComplaint {
  /** The buyer's, over what it complained about and the proof it showed, 64 bytes. */
  readonly signature: Uint8Array;
}

/**
 * One deal as anybody can check it with no network (DESIGN §5.3). It holds no readings and no key but public ones;
 * only a complaint opens something, right or false: one key that is good for one deal, or one chunk.
 */
export interface DealFile {
  /** Signed half blocks; null = not part of this deal, or not known to whoever made the file. */
  readonly blocks: Readonly<Record<DealBlock, Uint8Array | null>>;
  /** Encoded certificates; null = none. */
  readonly certificates: Readonly<Record<DealCertificate, Uint8Array | null>>;
  readonly complaint: DealComplaint | null;
  /** What the buyer complained of falsely, as the seller that it complained about shows it. */
  readonly lie: DealLie | null;
}

/** Largest proof of misbehaviour in a deal file, bytes: that of the market's records. */
const MAX_PROOF_BYTES: number = 512 * 1024;
/** Largest one-time public key, bytes: that of the hybrid key wrap. */
const MAX_RECIPIENT_KEY_BYTES = 1_216;
/** Largest deal file, bytes. */
export const MAX_DEAL_FILE_BYTES: number =
  DEAL_BLOCKS.length * MAX_BLOCK_BYTES +
  DEAL_CERTIFICATES.length * MAX_CERTIFICATE_BYTES +
  2 * MAX_PROOF_BYTES +
  2 * MAX_RECIPIENT_KEY_BYTES +
  1_024;

/** Keys and values of a deal file: blocks, certificates, a complaint and a lie by name; what is in them is bytes here. */
const MAX_DEAL_FILE_ITEMS: number = 2 * (7 + DEAL_BLOCKS.length + DEAL_CERTIFICATES.length + 3 + 4);

const readers: FieldReaders = fieldReaders(
  (message, { cause }) =>
    new DealError(
      'ERR_DEAL_FORMAT',
      `the file is damaged, was cut off, or is of another version of the program (${message})`,
      { cause },
    ),
);

/** How every deal file begins: canonical dag-cbor of a map of seven, whose first name is `v`. */
const HEAD = Uint8Array.of(0xa7, 0x61, 0x76);

const contentOf = ({ blocks, certificates, complaint, lie }: DealFile) => ({
  v: 3,
  kind: 'edmp/deal',
  blocks: Object.fromEntries(DEAL_BLOCKS.map((name) => [name, blocks[name]])),
  certificates: Object.fromEntries(DEAL_CERTIFICATES.map((name) => [name, certificates[name]])),
  complaint:
    complaint === null
      ? null
      : {
          recipientKey: complaint.recipientKey,
          opener: complaint.opener,
          proof: complaint.proof,
        },
  lie:
    lie === null
      ? null
      : {
          recipientKey: lie.recipientKey,
          opener: lie.opener,
          proof: lie.proof,
          signature: lie.signature,
        },
});

/**
 * Canonical dag-cbor of a deal file: `{v: 3, kind: "edmp/deal", blocks, certificates, complaint, lie, sum}`. `sum` is the
 * SHA-256 of the same without it: it tells a damaged file from a forged one, and proves nothing else.
 *
 * @param deal what the file is to hold
 * @param crypto hashes for the sum
 */
export function encodeDealFile(deal: DealFile, crypto: Pick<Crypto, 'sha256'>): Uint8Array {
  const content = contentOf(deal);
  return readers.encodeFields({ ...content, sum: crypto.sha256(readers.encodeFields(content)) });
}

/**
 * Decodes a deal file strictly, without judging what is in it. Throws `ERR_DEAL_FORMAT`.
 *
 * @param bytes of the file, at most {@link MAX_DEAL_FILE_BYTES}
 * @param crypto hashes for the sum
 */
export function decodeDealFile(
  bytes: Uint8Array,
  crypto: Pick<Crypto, 'sha256'>,
): DealFile & {
  /** Whether the file is as it was written. */
  readonly intact: boolean;
} {
  if (bytes.length === 0) throw new DealError('ERR_DEAL_FORMAT', 'the file is empty');
  // Whatever else a person chose by mistake is told apart without looking through it.
  if (!equalBytes(bytes.subarray(0, HEAD.length), HEAD.subarray(0, bytes.length)))
    throw new DealError('ERR_DEAL_FORMAT', 'this is no deal file; `edmp data deal` makes one');
  const { mapOf, integerOf, oneOf, boundedBytesOf, bytesOf, decodeBounded, encodeFields } = readers;
  const map = mapOf(
    decodeBounded(bytes, MAX_DEAL_FILE_BYTES, 'deal file', MAX_DEAL_FILE_ITEMS),
    ['v', 'kind', 'blocks', 'certificates', 'complaint', 'lie', 'sum'],
    'deal file',
  );
  oneOf(map.kind, ['edmp/deal'], 'deal file.kind');
  integerOf(map.v, 3, 3, 'deal file.v');
  const part = (value: unknown, max: number, where: string): Uint8Array | null =>
    value === null ? null : boundedBytesOf(value, max, where, 1);
  const blocks = mapOf(map.blocks, DEAL_BLOCKS, 'deal file.blocks');
  const certificates = mapOf(map.certificates, DEAL_CERTIFICATES, 'deal file.certificates');
  const deal: DealFile = {
    blocks: recordOf(DEAL_BLOCKS, (name) => part(blocks[name], MAX_BLOCK_BYTES, `deal file.${name}`)),
    certificates: recordOf(DEAL_CERTIFICATES, (name) =>
      part(certificates[name], MAX_CERTIFICATE_BYTES, `deal file.${name}`),
    ),
    complaint: map.complaint === null ? null : complaintOf(map.complaint),
    lie: map.lie === null ? null : lieOf(map.lie),
  };
  const sum = bytesOf(map.sum, 32, 'deal file.sum');
  return { ...deal, intact: equalBytes(sum, crypto.sha256(encodeFields(contentOf(deal)))) };
}

function complaintOf(value: unknown): DealComplaint {
  const { mapOf, boundedBytesOf, bytesOf } = readers;
  const map = mapOf(value, ['recipientKey', 'opener', 'proof'], 'deal file.complaint');
  return {
    recipientKey: boundedBytesOf(map.recipientKey, MAX_RECIPIENT_KEY_BYTES, 'deal file.recipientKey', 1),
    opener: bytesOf(map.opener, 32, 'deal file.opener'),
    proof: boundedBytesOf(map.proof, MAX_PROOF_BYTES, 'deal file.proof', 1),
  };
}

function lieOf(value: unknown): DealLie {
  const { mapOf, bytesOf } = readers;
  const map = mapOf(value, ['recipientKey', 'opener', 'proof', 'signature'], 'deal file.lie');
  const { recipientKey, opener, proof, signature } = map;
  return {
    ...complaintOf({ recipientKey, opener, proof }),
    signature: bytesOf(signature, 64, 'deal file.signature'),
  };
}

function recordOf<K extends string, V>(names: readonly K[], value: (name: K) => V): Record<K, V> {
  return Object.fromEntries(names.map((name) => [name, value(name)])) as Record<K, V>;
}
