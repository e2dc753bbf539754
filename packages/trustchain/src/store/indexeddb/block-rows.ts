import { type ArrivedBlock, type BlockId, type Crypto, equalBytes, type HalfBlock } from '@edmp/interface';
import { decodeHalfBlock } from '../../block/codec.ts';
import { blockDigest } from '../../block/identity.ts';
import { StoreError } from '../errors.ts';
import type { BlockRow } from './schema.ts';

/**
 * `bytes` in a buffer of their own: a structured clone copies the whole buffer behind a view, and blocks that came
 * from the network are views on long frames.
 */
export const owned = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();

/** The digest of a block id, as it is stored. */
export const digestOf = (id: BlockId): Uint8Array => owned(blockDigest(id));

/** Row of a block, without the arrival that the key generator adds. */
export function blockRow({ id, core, bytes }: HalfBlock): Omit<BlockRow, 'arrival'> {
  return {
    id: digestOf(id),
    author: owned(core.key),
    seq: core.seq,
    type: core.type,
    ...(core.link === null ? {} : { link: digestOf(core.link) }),
    bytes: owned(bytes),
  };
}

/** Reads rows back into blocks. */
export interface RowReader {
  block(row: unknown): HalfBlock;
  arrived(row: unknown): ArrivedBlock;
}

/**
 * A reader that recomputes each block's id with `crypto`; without it the stored id is trusted, as the rest of the
 * database is. Throws `ERR_STORE_CORRUPT` when a row holds no half block, or another one than its id says.
 */
export function rowReader(crypto: Pick<Crypto, 'sha256'> | undefined): RowReader {
  const block = (value: unknown): HalfBlock => {
    const row = value as BlockRow;
    let found: HalfBlock;
    try {
      found = decodeHalfBlock(row.bytes, crypto ?? { sha256: () => row.id });
    } catch (cause) {
      throw new StoreError('ERR_STORE_CORRUPT', `Row ${row.arrival} holds no half block`, { cause });
    }
    if (!equalBytes(blockDigest(found.id), row.id)) {
      throw new StoreError('ERR_STORE_CORRUPT', `Row ${row.arrival} holds another block than its id says`);
    }
    return found;
  };
  return { block, arrived: (row) => ({ block: block(row), arrival: (row as BlockRow).arrival }) };
}
