import {
  type AbortOptions,
  type BlockId,
  type Crypto,
  concatBytes,
  equalBytes,
  type TxValue,
  throwIfAborted,
} from '@edmp/interface';
import { decodeCanonical, encodeCanonical } from '@edmp/interface/format';
import { BLOCK_ID_BYTES, blockIdFromBytes, identify, isBlockId } from '../block/identity.ts';
import { unlessAborted } from '../chain/arguments.ts';
import { MAX_FRAUD_PROOF_BYTES } from '../fraud/proof.ts';
import { CarError } from './errors.ts';

/** Largest section: a fraud proof and its CID. */
const MAX_SECTION = MAX_FRAUD_PROOF_BYTES + BLOCK_ID_BYTES;

/** One block of a CAR file. */
export interface CarSection {
  readonly id: BlockId;
  readonly bytes: Uint8Array;
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** Header of a CARv1 file with one root (IPLD CARv1 specification). */
export function encodeCarHeader(root: BlockId): Uint8Array {
  const header = encodeCanonical({ roots: [root], version: 1 });
  return concatBytes(varint(header.length), header);
}

/** One section of a CARv1 file. */
export function encodeCarSection(section: CarSection): Uint8Array {
  const { id, bytes } = section;
  return concatBytes(varint(id.bytes.length + bytes.length), id.bytes, bytes);
}

/** Collects a stream of chunks and hands out exact lengths. */
function byteQueue(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): {
  take(length: number): Promise<Uint8Array>;
  atEnd(): Promise<boolean>;
  /** Tells the source that nothing more will be read. */
  close(): Promise<void>;
} {
  const iterator = source[Symbol.asyncIterator]();
  let chunks: Uint8Array[] = [];
  let buffered = 0;
  /** Asked for and not answered yet. */
  let waiting = false;
  let ended = false;
  const pull = async (): Promise<IteratorResult<Uint8Array>> => {
    waiting = true;
    try {
      return await iterator.next();
    } catch (error) {
      ended = true;
      throw error;
    } finally {
      waiting = false;
    }
  };
  const fill = async (length: number): Promise<boolean> => {
    while (buffered < length) {
      throwIfAborted(signal);
      const next = await unlessAborted(pull(), signal);
      if (next.done === true) {
        ended = true;
        return false;
      }
      chunks.push(next.value);
      buffered += next.value.length;
    }
    return true;
  };
  return {
    async take(length) {
      if (!(await fill(length))) {
        throw new CarError('ERR_CAR_INCOMPLETE', `The file ends ${length - buffered} bytes too early`);
      }
      const all = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : concatBytes(...chunks);
      chunks = [all.subarray(length)];
      buffered -= length;
      return all.subarray(0, length);
    },
    atEnd: async () => !(await fill(1)),
    async close() {
      if (ended || iterator.return === undefined) return;
      ended = true;
      // What the source says to this concerns nobody any more.
      const closed = iterator.return().then(
        () => {},
        () => {},
      );
      // A generator that stalls closes only after it has answered what it was asked before.
      if (!waiting && signal?.aborted !== true) await unlessAborted(closed, signal);
    },
  };
}

async function takeLength(queue: ReturnType<typeof byteQueue>): Promise<number> {
  let value = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = (await queue.take(1))[0] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte >= 0x80) continue;
    if (byte === 0 && shift > 0) break;
    if (value > MAX_SECTION) {
      throw new CarError('ERR_CAR_TOO_LARGE', `A section has at most ${MAX_SECTION} bytes, got ${value}`);
    }
    return value;
  }
  throw new CarError('ERR_CAR_FORMAT', 'A length is not a minimal varint within bounds');
}

function rootOf(header: Uint8Array): BlockId {
  let value: TxValue;
  try {
    value = decodeCanonical(header);
  } catch (cause) {
    throw new CarError('ERR_CAR_FORMAT', 'The header is not canonical dag-cbor', { cause });
  }
  const { roots, version } = (typeof value === 'object' && value !== null ? value : {}) as {
    readonly [key: string]: TxValue;
  };
  const root = Array.isArray(roots) && roots.length === 1 ? blockIdOf(roots[0]) : undefined;
  if (version !== 1 || root === undefined) {
    throw new CarError('ERR_CAR_FORMAT', 'Expected a CARv1 header with one dag-cbor root');
  }
  return root;
}

/** A value that is a link to a dag-cbor block; undefined for others. */
export function blockIdOf(value: TxValue | undefined): BlockId | undefined {
  const link = value as BlockId | null | undefined;
  return typeof link === 'object' && link !== null && link.bytes instanceof Uint8Array && isBlockId(link)
    ? link
    : undefined;
}

/**
 * Reads a CARv1 file section by section; every section's hash is checked. Memory use does not grow with the file.
 * The first item is the root with empty bytes. The source is closed when the reader stops early or fails. Throws a
 * {@link CarError}, `ERR_ABORTED`, and what the source throws.
 */
export async function* readCarSections(
  source: AsyncIterable<Uint8Array>,
  crypto: Pick<Crypto, 'sha256'>,
  options: AbortOptions = {},
): AsyncIterable<CarSection> {
  const queue = byteQueue(source, options.signal);
  try {
    yield* sectionsOf(queue, crypto);
  } finally {
    await queue.close();
  }
}

async function* sectionsOf(
  queue: ReturnType<typeof byteQueue>,
  crypto: Pick<Crypto, 'sha256'>,
): AsyncIterable<CarSection> {
  yield { id: rootOf(await queue.take(await takeLength(queue))), bytes: new Uint8Array(0) };
  while (!(await queue.atEnd())) {
    const length = await takeLength(queue);
    if (length <= BLOCK_ID_BYTES) throw new CarError('ERR_CAR_FORMAT', 'A section is shorter than its CID');
    const section = await queue.take(length);
    const id = blockIdFromBytes(section.subarray(0, BLOCK_ID_BYTES));
    if (id === undefined) {
      throw new CarError('ERR_CAR_FORMAT', 'A section is not a dag-cbor block with a sha2-256 CIDv1');
    }
    const bytes = section.slice(BLOCK_ID_BYTES);
    if (!equalBytes(identify(bytes, crypto).bytes, id.bytes)) {
      throw new CarError('ERR_CAR_HASH', `The bytes of section ${id} do not match its CID`);
    }
    yield { id, bytes };
  }
}
