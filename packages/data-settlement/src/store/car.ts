import {
  type AbortOptions,
  type ContentReader,
  type ContentStore,
  type Crypto,
  concatBytes,
  type TxValue,
  throwIfAborted,
} from '@edmp/interface';
import { decodeCanonical, encodeCanonical, SHA2_256 } from '@edmp/interface/format';
import { CID } from 'multiformats/cid';
import { ByteWriter } from '../codec/byte-stream.ts';
import { expectSupportedCid, MAX_READ_BYTES, verifyBlock } from '../codec/cid.ts';
import { ContentError } from '../errors.ts';
import { linksOf } from './links.ts';
import { putBlocks } from './put-blocks.ts';

const MAX_HEADER_BYTES = 16 * 1024;
/** Longest CID in front of a block, bytes. */
const MAX_CID_BYTES = 100;
/** Most block bytes that {@link importCar} takes unless told otherwise. */
const DEFAULT_MAX_CAR_BYTES: number = 512 << 20;

/** Blocks of a CAR stored together: about 1 MB as nodes cut them. */
const BATCH = 64;

const fail = (message: string, cause?: unknown): ContentError =>
  new ContentError('ERR_CONTENT_CAR', `Bad CAR: ${message}`, { cause });

function framed(...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const prefix = new ByteWriter();
  prefix.varint(length);
  return concatBytes(prefix.finish(), ...parts);
}

/** The header of a CARv1 with these roots: a whole CAR when nothing follows. */
export function encodeCarHeader(roots: readonly CID[]): Uint8Array {
  return framed(encodeCanonical({ version: 1, roots: [...roots] }));
}

/** Options of {@link exportCar}. */
export interface ExportCarOptions extends AbortOptions {
  /** `all` (default): the root and everything under it. `block`: the root alone. */
  readonly scope?: 'all' | 'block';
  /** Blocks on the path to the root, which are written before it. Default none. */
  readonly above?: readonly CID[];
  /** Which links of the root to follow. Default: all. */
  readonly links?: readonly CID[];
  /** Write a block every time that the walk comes by, not once. Default `false`. */
  readonly duplicates?: boolean;
  /** Whether to follow a link. What is not followed is left out. Default: all are. */
  readonly follow?: (cid: CID) => boolean | Promise<boolean>;
  /** Most block bytes; more throws `ERR_CONTENT_TOO_LARGE`. Default: no limit. With duplicates, small content can have endless walks. */
  readonly maxBytes?: number;
}

/**
 * Everything under `root` as CARv1 (https://ipld.io/specs/transport/car/carv1): header, root, then what each block
 * links to, depth first, every block once. The order is fixed, so equal content gives equal files. Throws
 * `ERR_CONTENT_TOO_LARGE` when the blocks have more than `maxBytes`, `ERR_CONTENT_CODEC` when the root is of another
 * kind.
 */
export async function* exportCar(
  store: ContentReader,
  root: CID,
  options: ExportCarOptions = {},
): AsyncIterable<Uint8Array> {
  expectSupportedCid(root);
  yield encodeCarHeader([root]);
  const above = new Set((options.above ?? []).map((cid) => cid.toString()));
  const seen = new Set<string>();
  const waiting: CID[] = [root, ...[...(options.above ?? [])].reverse()];
  let bytesLeft = options.maxBytes ?? Number.POSITIVE_INFINITY;
  for (let cid = waiting.pop(); cid !== undefined; cid = waiting.pop()) {
    throwIfAborted(options.signal);
    const key = cid.toString();
    if (options.duplicates !== true && seen.has(key)) continue;
    seen.add(key);
    const bytes = await store.get(cid, { signal: options.signal });
    bytesLeft -= bytes.length;
    if (bytesLeft < 0) {
      throw new ContentError(
        'ERR_CONTENT_TOO_LARGE',
        `Expected at most ${options.maxBytes} bytes of blocks under ${root}`,
      );
    }
    yield framed(cid.bytes, bytes);
    // What is on the path is there for its own sake; only from the root on is everything wanted.
    if (above.delete(key) || options.scope === 'block') continue;
    const links = cid.equals(root) ? (options.links ?? linksOf(cid, bytes)) : linksOf(cid, bytes);
    for (const link of [...links].reverse()) {
      if (options.follow === undefined || (await options.follow(link))) waiting.push(link);
    }
  }
}

/** One block of a CAR; its hash was not checked. */
export interface CarBlock {
  readonly cid: CID;
  readonly bytes: Uint8Array;
}

/** Takes exact numbers of bytes out of a stream. */
class StreamReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next `length` bytes; fewer only at the end of the stream. */
  async take(length: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let missing = length;
    while (missing > 0) {
      if (this.#rest.length === 0) {
        const next = await this.#source.next();
        if (next.done === true) break;
        this.#rest = next.value;
        continue;
      }
      const part = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(part.length);
      parts.push(part);
      missing -= part.length;
    }
    return concatBytes(...parts);
  }

  /** An unsigned LEB128 length; undefined at the end of the stream. */
  async length(max: number): Promise<number | undefined> {
    let value = 0;
    for (let scale = 1, i = 0; i < 5; i++, scale *= 128) {
      const byte = this.#byte() ?? (await this.take(1))[0];
      if (byte === undefined) {
        if (i === 0) return undefined;
        break;
      }
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (value < 1 || value > max) throw fail(`expected a section of 1 to ${max} bytes, got ${value}`);
        return value;
      }
    }
    throw fail('a section length is cut off or too long');
  }

  /** The next byte when it is here already, which it nearly always is. */
  #byte(): number | undefined {
    const byte = this.#rest[0];
    if (byte !== undefined) this.#rest = this.#rest.subarray(1);
    return byte;
  }

  async exactly(length: number): Promise<Uint8Array> {
    const bytes = await this.take(length);
    if (bytes.length < length) throw fail(`it ends ${length - bytes.length} bytes too early`);
    return bytes;
  }

  async end(): Promise<void> {
    await this.#source.return?.();
  }
}

/**
 * Reads a CARv1 block by block without checking hashes; the caller must. Sections above `maxBlockBytes` (default
 * 2 MiB) are refused before they are read. Throws `ERR_CONTENT_CAR`.
 *
 * @param source - The bytes of a CARv1, cut anywhere.
 * @param options - `maxBlockBytes` is the most bytes of one block.
 */
export async function readCar(
  source: AsyncIterable<Uint8Array>,
  options: { readonly maxBlockBytes?: number } = {},
): Promise<{ readonly roots: readonly CID[]; readonly blocks: AsyncIterable<CarBlock> }> {
  const reader = new StreamReader(source);
  const headerLength = await reader.length(MAX_HEADER_BYTES);
  if (headerLength === undefined) throw fail('it is empty');
  const roots = parseHeader(await reader.exactly(headerLength));
  const maxSection = (options.maxBlockBytes ?? MAX_READ_BYTES) + MAX_CID_BYTES;
  const blocks = async function* (): AsyncIterable<CarBlock> {
    try {
      for (
        let size = await reader.length(maxSection);
        size !== undefined;
        size = await reader.length(maxSection)
      ) {
        yield parseSection(await reader.exactly(size));
      }
    } finally {
      await reader.end();
    }
  };
  return { roots, blocks: blocks() };
}

function parseHeader(bytes: Uint8Array): readonly CID[] {
  let header: TxValue;
  try {
    header = decodeCanonical(bytes);
  } catch (cause) {
    throw fail('its header is not canonical dag-cbor', cause);
  }
  const { version, roots } = (typeof header === 'object' && header !== null ? header : {}) as {
    readonly [key: string]: TxValue;
  };
  if (version !== 1 || !Array.isArray(roots)) throw fail('expected a version 1 header with roots');
  return roots.map((item: unknown) => {
    const cid = CID.asCID(item);
    if (cid === null) throw fail('a root is not a link');
    return cid;
  });
}

function parseSection(section: Uint8Array): CarBlock {
  try {
    const [cid, rest] = CID.decodeFirst(section);
    return { cid, bytes: rest };
  } catch (cause) {
    throw fail('a section does not begin with a CID', cause);
  }
}

/** Options of {@link importCar}. */
export interface ImportCarOptions extends AbortOptions {
  readonly crypto: Pick<Crypto, 'sha256'>;
  readonly store: Pick<ContentStore, 'put' | 'putMany'>;
  /** What is wanted; it must be one of the CAR's roots. */
  readonly root: CID;
  /** Most block bytes in all. Default 512 MiB. */
  readonly maxBytes?: number;
}

/**
 * Stores what a CAR holds under `root`, which must be one of its roots (a CAR may have several; what is under the
 * others alone is checked and not stored). The blocks come in any order; a wrong hash, a missing block under `root`
 * or a block under no root is refused, and then nothing was stored. A truncated transfer is a missing block. Throws
 * `ERR_CONTENT_CAR`, `ERR_CONTENT_HASH`, `ERR_CONTENT_CODEC`, `ERR_CONTENT_TOO_LARGE`.
 *
 * @param source - The bytes of a CARv1, cut anywhere.
 */
export async function importCar(
  source: AsyncIterable<Uint8Array>,
  options: ImportCarOptions,
): Promise<{ readonly blocks: number; readonly bytes: number }> {
  const { crypto, store, root, signal } = options;
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_CAR_BYTES;
  expectSupportedCid(root);
  const { roots, blocks } = await readCar(source);
  if (!roots.some((each) => each.equals(root))) throw fail(`expected the root ${root}`);
  const held = new Map<string, CarBlock>();
  let bytes = 0;
  for await (const block of blocks) {
    throwIfAborted(signal);
    verifyBlock(crypto, block.cid, block.bytes);
    if (!held.has(block.cid.toString())) bytes += block.bytes.length;
    if (bytes > maxBytes) {
      throw new ContentError(
        'ERR_CONTENT_TOO_LARGE',
        `Expected at most ${maxBytes} bytes of blocks in the CAR`,
      );
    }
    held.set(block.cid.toString(), block);
  }
  const reached = new Map<string, CarBlock>();
  const waiting: CID[] = [root];
  for (let cid = waiting.pop(); cid !== undefined; cid = waiting.pop()) {
    const key = cid.toString();
    if (reached.has(key)) continue;
    const block = held.get(key);
    if (block === undefined) throw fail(`the block ${key} is missing`);
    reached.set(key, block);
    waiting.push(...linksOf(block.cid, block.bytes));
  }
  if (reached.size < held.size) {
    const stray = countStray(held, roots);
    if (stray > 0) throw fail(`${stray} blocks hang under no root`);
  }
  // Children first: whoever sees the root in the store finds everything under it.
  const [top, ...below] = [...reached.values()];
  below.reverse();
  for (let i = 0; i < below.length; i += BATCH) {
    throwIfAborted(signal);
    await putBlocks(store, below.slice(i, i + BATCH), { signal });
  }
  if (top !== undefined) await putBlocks(store, [top], { signal });
  return { blocks: reached.size, bytes };
}

/** How many of the blocks are under none of the roots. */
function countStray(held: ReadonlyMap<string, CarBlock>, roots: readonly CID[]): number {
  const reached = new Set<string>();
  const waiting = [...roots];
  for (let cid = waiting.pop(); cid !== undefined; cid = waiting.pop()) {
    const block = held.get(cid.toString());
    if (block === undefined || reached.has(cid.toString())) continue;
    reached.add(cid.toString());
    waiting.push(...linksOf(block.cid, block.bytes));
  }
  return held.size - reached.size;
}

/** Whether the hash of a CAR block can be checked here and is right; other hashes than sha2-256 give `false`. */
export function isIntact(crypto: Pick<Crypto, 'sha256'>, block: CarBlock): boolean {
  const { multihash } = block.cid;
  if (multihash.code !== SHA2_256) return false;
  const digest = crypto.sha256(block.bytes);
  return digest.length === multihash.digest.length && digest.every((byte, i) => byte === multihash.digest[i]);
}
