import {
  type Crypto,
  concatBytes,
  type DatasetDocument,
  EdmpError,
  uint32ToBytes,
  utf8ToBytes,
} from '@edmp/interface';
import { MAX_CHUNKS } from '@edmp/interface/dataset';
import {
  boundedBytesOf,
  bytesOf,
  decodeBounded,
  encodeFields,
  integerOf,
  listOf,
  mapOf,
} from '../codec/fields.ts';
import { CHUNK_HEADER_BYTES, type Chunk, decodeChunk } from '../dataset/chunk.ts';
import { chunkContradiction } from '../dataset/describe.ts';
import { dataLeaf } from '../dataset/leaf.ts';
import { MAX_CHUNK_BYTES, SALT_BYTES } from '../dataset/limits.ts';
import { SettlementError } from '../errors.ts';
import { inclusionProof, leafHash, verifyInclusion } from '../merkle/tree.ts';

/** Most chunks of one spot check. */
export const MAX_SPOT_CHECK = 32;
const SEED_LABEL = utf8ToBytes('edmp/spot-check-seed/v1');
const LABEL = utf8ToBytes('edmp/spot-check/v1');
const MAX_BYTES: number = MAX_SPOT_CHECK * (MAX_CHUNK_BYTES + 1024);

/**
 * What a spot check is drawn by: SHA-256 of `"edmp/spot-check-seed/v1" ‖ nonce ‖ bid`. The seller committed to the nonce
 * before the buyer signed the bid, and the buyer did not know it then, so neither side picks (DESIGN §5.3).
 *
 * @param nonce 32 bytes of the seller
 * @param bid bytes of the bid's CID
 */
export function spotCheckSeed(
  crypto: Pick<Crypto, 'sha256'>,
  nonce: Uint8Array,
  bid: Uint8Array,
): Uint8Array {
  return crypto.sha256(concatBytes(SEED_LABEL, nonce, bid));
}

/**
 * Which chunks a buyer may look at before paying: `samples` different indices below `chunks`, ascending, drawn from
 * `SHA-256("edmp/spot-check/v1" ‖ seed ‖ counter)`. For the seed see {@link spotCheckSeed}.
 * A seller that cheats on a share f of the chunks passes with probability (1 − f)^samples.
 *
 * Throws `ERR_INVALID_ARGUMENT` unless the seed has 32 bytes and 1 ≤ samples ≤ min(32, chunks).
 *
 * @param seed - Hash of the signed bid, 32 bytes.
 */
export function spotCheckIndices(
  crypto: Pick<Crypto, 'sha256'>,
  seed: Uint8Array,
  chunks: number,
  samples: number,
): readonly number[] {
  const usable =
    seed.length === 32 &&
    Number.isInteger(samples) &&
    samples >= 1 &&
    samples <= Math.min(MAX_SPOT_CHECK, chunks);
  if (!usable || !Number.isInteger(chunks) || chunks > MAX_CHUNKS) {
    throw new EdmpError(
      'ERR_INVALID_ARGUMENT',
      `Expected a seed of 32 bytes and 1 to ${Math.min(MAX_SPOT_CHECK, chunks)} samples of ${chunks} chunks, got ${seed.length} bytes and ${samples}`,
    );
  }
  const drawn = new Set<number>();
  // Values in the incomplete last multiple of `chunks` would favour low indices.
  const limit = 0x1_0000_0000 - (0x1_0000_0000 % chunks);
  for (let counter = 0; drawn.size < samples; counter++) {
    const digest = crypto.sha256(concatBytes(LABEL, seed, uint32ToBytes(counter)));
    const value = new DataView(digest.buffer, digest.byteOffset).getUint32(0);
    if (value < limit) drawn.add(value % chunks);
  }
  return [...drawn].sort((a, b) => a - b);
}

/** A chunk to be opened in a spot check. */
export interface DrawnChunk {
  readonly index: number;
  /** Salt ‖ encoded chunk. */
  readonly saltedChunk: Uint8Array;
}

/**
 * Canonical dag-cbor of the opened chunks of a spot check: list of `{index, salt, chunk, path}`.
 *
 * @param leaves - Leaves of the whole dataset as `dataLeaf` gives them, in the order of its chunks.
 * @param drawn - The chunks to open, ascending by index.
 */
export function encodeSpotCheck(
  crypto: Pick<Crypto, 'sha256'>,
  leaves: readonly Uint8Array[],
  drawn: readonly DrawnChunk[],
): Uint8Array {
  return encodeFields(
    drawn.map(({ index, saltedChunk }) => ({
      index,
      salt: saltedChunk.subarray(0, SALT_BYTES),
      chunk: saltedChunk.subarray(SALT_BYTES),
      path: [...inclusionProof(crypto, leaves, index)],
    })),
  );
}

/**
 * Checks a seller's answer to a spot check: exactly the drawn chunks, each part of the dataset, well-formed and in
 * agreement with the document. Returns them by index.
 *
 * Throws `ERR_SETTLEMENT_FORMAT` or `ERR_SETTLEMENT_DELIVERY`: do not buy.
 *
 * @param options - The dataset's document, and the seed and number of samples that {@link spotCheckIndices} draws
 *   from.
 * @param answer - What the seller sent; anything may be given.
 */
export function verifySpotCheck(
  options: {
    readonly crypto: Pick<Crypto, 'sha256'>;
    readonly document: DatasetDocument;
    readonly seed: Uint8Array;
    readonly samples: number;
  },
  answer: Uint8Array,
): ReadonlyMap<number, Chunk> {
  const { crypto, document } = options;
  const wanted = spotCheckIndices(crypto, options.seed, document.chunks, options.samples);
  const items = listOf(decodeBounded(answer, MAX_BYTES, 'spot check'), MAX_SPOT_CHECK, 'spot check');
  const refuse = (message: string): never => {
    throw new SettlementError('ERR_SETTLEMENT_DELIVERY', `The spot check failed: ${message}`);
  };
  if (items.length !== wanted.length) refuse(`${wanted.length} chunks were drawn, ${items.length} came`);
  const opened = new Map<number, Chunk>();
  for (const [at, item] of items.entries()) {
    const map = mapOf(item, ['index', 'salt', 'chunk', 'path'], 'spot check');
    const index = integerOf(map.index, 0, MAX_CHUNKS - 1, 'spot check.index');
    const salt = bytesOf(map.salt, SALT_BYTES, 'spot check.salt');
    const bytes = boundedBytesOf(map.chunk, MAX_CHUNK_BYTES, 'spot check.chunk', CHUNK_HEADER_BYTES);
    const path = listOf(map.path, 14, 'spot check.path').map((hash) => bytesOf(hash, 32, 'spot check.path'));
    if (index !== wanted[at]) refuse(`chunk ${wanted[at]} was drawn, chunk ${index} came`);
    const leaf = leafHash(crypto, dataLeaf(crypto, index, salt, bytes));
    if (!verifyInclusion(crypto, { leaf, index, size: document.chunks, path, root: document.dataRoot })) {
      refuse(`chunk ${index} is not part of the dataset`);
    }
    let chunk: Chunk;
    try {
      chunk = decodeChunk(bytes);
    } catch (cause) {
      throw new SettlementError(
        'ERR_SETTLEMENT_DELIVERY',
        `The spot check failed: chunk ${index} is malformed`,
        { cause },
      );
    }
    const contradiction = chunkContradiction(document, index, chunk);
    if (contradiction !== undefined) refuse(contradiction);
    opened.set(index, chunk);
  }
  return opened;
}
