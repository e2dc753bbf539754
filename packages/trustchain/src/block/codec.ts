import {
  type BlockId,
  type Crypto,
  concatBytes,
  type HalfBlock,
  type HalfBlockCore,
  type PublicKey,
} from '@edmp/interface';
import { CanonicalReader, CanonicalWriter, encodeCanonical } from '@edmp/interface/format';
import { checkCoreFields } from './core-rules.ts';
import { BlockError, blockErrorOf } from './errors.ts';
import { BLOCK_ID_BYTES, isBlockId, writeBlockId } from './identity.ts';
import { MAX_BLOCK_BYTES, MAX_CORE_BYTES } from './limits.ts';

/** The fields of a core in canonical key order: shorter first, then alphabetical. */
const FIELDS = ['v', 'tx', 'key', 'seq', 'link', 'peer', 'prev', 'time', 'type'] as const;
/** Each field's name as it is encoded. */
const FIELD_NAMES: readonly Uint8Array[] = FIELDS.map((name) => encodeCanonical(name));
/** Head of a list of two: core and signature. */
const PAIR_HEAD = 0x82;
/** Head of a byte string of 64. */
const SIGNATURE_HEAD: Uint8Array = Uint8Array.of(0x58, 64);

function writeId(writer: CanonicalWriter, id: BlockId | null, field: string): void {
  if (id === null) {
    writer.null();
    return;
  }
  if (!isBlockId(id)) {
    throw new BlockError('ERR_BLOCK_CID', `\`${field}\` must be a CIDv1 of dag-cbor and sha2-256, got ${id}`);
  }
  writer.link(id);
}

function writeCore(writer: CanonicalWriter, core: HalfBlockCore): void {
  writer.head(5, FIELDS.length);
  writer.text('v');
  writer.head(0, core.v);
  writer.text('tx');
  writer.value(core.tx, 2);
  writer.text('key');
  writer.bytes(core.key);
  writer.text('seq');
  writer.head(0, core.seq);
  writer.text('link');
  writeId(writer, core.link, 'link');
  writer.text('peer');
  if (core.peer === null) writer.null();
  else writer.bytes(core.peer);
  writer.text('prev');
  writeId(writer, core.prev, 'prev');
  writer.text('time');
  writer.head(0, core.time);
  writer.text('type');
  writer.text(core.type);
}

/** Canonical bytes of a core. Throws a {@link BlockError} when a field or the transaction is not acceptable, and
 * `ERR_BLOCK_TOO_LARGE` when they are too many. */
export function encodeCore(core: HalfBlockCore): Uint8Array {
  checkCoreFields(core);
  const writer = new CanonicalWriter();
  try {
    writeCore(writer, core);
  } catch (error) {
    throw blockErrorOf(error);
  }
  const bytes = writer.finish();
  if (bytes.length > MAX_CORE_BYTES) {
    throw new BlockError(
      'ERR_BLOCK_TOO_LARGE',
      `A core has at most ${MAX_CORE_BYTES} bytes, got ${bytes.length}`,
    );
  }
  return bytes;
}

function readId(reader: CanonicalReader, field: string): BlockId | null {
  return reader.skipNull() ? null : reader.blockId(field);
}

function readField(reader: CanonicalReader, index: number): void {
  const encoded = FIELD_NAMES[index];
  if (encoded !== undefined && reader.skip(encoded)) return;
  const name = reader.text('A field name');
  const expected = FIELDS[index];
  const known = (FIELDS as readonly string[]).indexOf(name);
  if (known === -1) {
    throw new BlockError('ERR_BLOCK_FIELD', `Unknown field ${JSON.stringify(name.slice(0, 64))}`);
  }
  if (known === index - 1)
    throw new BlockError('ERR_BLOCK_DUPLICATE_KEY', `The field \`${name}\` occurs twice`);
  throw new BlockError('ERR_BLOCK_NOT_CANONICAL', `Expected the field \`${expected}\`, got \`${name}\``);
}

function readCore(reader: CanonicalReader): HalfBlockCore {
  const fields = reader.expect(5, 'A core');
  if (fields !== FIELDS.length) {
    throw new BlockError('ERR_BLOCK_FIELD', `A core has ${FIELDS.length} fields, got ${fields}`);
  }
  readField(reader, 0);
  const v = reader.expect(0, '`v`');
  readField(reader, 1);
  const tx = reader.value(2);
  readField(reader, 2);
  const key = reader.bytes('`key`') as PublicKey;
  readField(reader, 3);
  const seq = reader.expect(0, '`seq`');
  readField(reader, 4);
  const link = readId(reader, '`link`');
  readField(reader, 5);
  const peer = reader.skipNull() ? null : (reader.bytes('`peer`') as PublicKey);
  readField(reader, 6);
  const prev = readId(reader, '`prev`');
  readField(reader, 7);
  const time = reader.expect(0, '`time`');
  readField(reader, 8);
  const type = reader.text('`type`');
  const core = { v: v as 1, key, seq, prev, peer, link, type, tx, time };
  checkCoreFields(core);
  return Object.freeze(core);
}

function expectSize(bytes: Uint8Array, limit: number, what: string): void {
  if (!(bytes instanceof Uint8Array)) {
    throw new BlockError('ERR_BLOCK_ENCODING', `${what} is a Uint8Array, got ${typeof bytes}`);
  }
  if (bytes.length > limit) {
    throw new BlockError('ERR_BLOCK_TOO_LARGE', `${what} has at most ${limit} bytes, got ${bytes.length}`);
  }
}

/** Core of its canonical bytes. Byte strings are views on `bytes`. Throws a {@link BlockError}. */
export function decodeCore(bytes: Uint8Array): HalfBlockCore {
  expectSize(bytes, MAX_CORE_BYTES, 'A core');
  const reader = new CanonicalReader(bytes);
  try {
    const core = readCore(reader);
    reader.end();
    return core;
  } catch (error) {
    throw blockErrorOf(error);
  }
}

/** Puts core bytes and signature together; checks the signature's length only. Throws `ERR_BLOCK_SIGNATURE`. */
export function assembleHalfBlock(
  core: HalfBlockCore,
  coreBytes: Uint8Array,
  id: BlockId,
  signature: Uint8Array,
): HalfBlock {
  if (signature.length !== 64) {
    throw new BlockError('ERR_BLOCK_SIGNATURE', `A signature has 64 bytes, got ${signature.length}`);
  }
  const bytes = concatBytes(Uint8Array.of(PAIR_HEAD), coreBytes, SIGNATURE_HEAD, signature);
  return Object.freeze({
    id,
    core,
    coreBytes: bytes.subarray(1, 1 + coreBytes.length),
    signature: bytes.subarray(bytes.length - 64),
    bytes,
  });
}

/** Decoded blocks by their own bytes: whoever decoded a block and hands its bytes on gets the same block again. */
const decoded = new WeakMap<Uint8Array, HalfBlock>();

/** The parts of a signed form, as views on the reader's input. */
function readParts(
  reader: CanonicalReader,
  input: Uint8Array,
): Pick<HalfBlock, 'core' | 'coreBytes' | 'signature'> {
  const items = reader.expect(4, 'A signed block');
  if (items !== 2) {
    throw new BlockError('ERR_BLOCK_FIELD', `A signed block is [core, signature], got ${items} items`);
  }
  const start = reader.offset;
  const core = readCore(reader);
  const coreBytes = input.subarray(start, reader.offset);
  expectSize(coreBytes, MAX_CORE_BYTES, 'A core');
  const signature = reader.bytes('A signature');
  if (signature.length !== 64) {
    throw new BlockError('ERR_BLOCK_SIGNATURE', `A signature has 64 bytes, got ${signature.length}`);
  }
  reader.end();
  return { core, coreBytes, signature };
}

/**
 * Half block of its canonical signed form `[core, signature]`. Checks everything that bytes alone can show except
 * the signature (see `verifySignature`). Copies `bytes`, unless they are those of a block that was decoded here. Throws a
 * {@link BlockError}.
 *
 * @example
 * ```ts
 * import { isEdmpError } from '@edmp/interface';
 * import { nodeCrypto } from '@edmp/interface/crypto/node';
 * import { decodeHalfBlock } from '@edmp/trustchain/block';
 *
 * try {
 *   decodeHalfBlock(Uint8Array.of(0), nodeCrypto());
 * } catch (error) {
 *   console.log(isEdmpError(error)); // true
 * }
 * ```
 */
export function decodeHalfBlock(bytes: Uint8Array, crypto: Pick<Crypto, 'sha256'>): HalfBlock {
  expectSize(bytes, MAX_BLOCK_BYTES, 'A signed block');
  const known = decoded.get(bytes);
  if (known !== undefined) return known;
  // One buffer holds the block and, behind it, its id.
  const buffer = new ArrayBuffer(bytes.length + BLOCK_ID_BYTES);
  const copy = new Uint8Array(buffer, 0, bytes.length);
  copy.set(bytes);
  let parts: Pick<HalfBlock, 'core' | 'coreBytes' | 'signature'>;
  try {
    parts = readParts(new CanonicalReader(copy), copy);
  } catch (error) {
    throw blockErrorOf(error);
  }
  const { core, coreBytes, signature } = parts;
  const id = writeBlockId(new Uint8Array(buffer, bytes.length), crypto.sha256(coreBytes));
  const block = Object.freeze({ id, core, coreBytes, signature, bytes: copy });
  decoded.set(copy, block);
  return block;
}
