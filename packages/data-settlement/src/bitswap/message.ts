import { CODEC_DAG_CBOR, CODEC_RAW, concatBytes } from '@edmp/interface';
import { SHA2_256 } from '@edmp/interface/format';
import { CID } from 'multiformats/cid';
import { type Reader, reader, type Writer, writer } from 'protons-runtime';
import { SettlementError } from '../errors.ts';

/** Protocol id (https://specs.ipfs.tech/bitswap-protocol/#bitswap-1-2-0). */
export const BITSWAP_PROTOCOL = '/ipfs/bitswap/1.2.0';

/** One entry of a wantlist. */
export interface WantEntry {
  readonly cid: CID;
  /** Wants of a higher one are answered first. */
  readonly priority: number;
  /** The block is not wanted any longer. */
  readonly cancel: boolean;
  /** Whether to be told that the block is there, instead of getting it. */
  readonly have: boolean;
  /** Whether to be told that it is not. */
  readonly sendDontHave: boolean;
}

/** A block with the parts of its CID that the hash does not give. */
export interface PayloadBlock {
  /** CID without the digest: version, codec, hash and length, each a varint. */
  readonly prefix: Uint8Array;
  readonly data: Uint8Array;
}

/** Whether a peer has a block. */
export interface BlockPresence {
  readonly cid: CID;
  readonly have: boolean;
}

/** What two bitswap peers send each other. */
export interface BitswapMessage {
  readonly wants: readonly WantEntry[];
  /** Whether `wants` replaces all that was wanted before. */
  readonly full: boolean;
  readonly blocks: readonly PayloadBlock[];
  readonly presences: readonly BlockPresence[];
}

const fail = (what: string, cause?: unknown): SettlementError =>
  new SettlementError('ERR_SETTLEMENT_FORMAT', `Bad bitswap message: ${what}`, { cause });

/** Tag of a protobuf field: its number and how its value is written. */
const tag = (field: number, wire: typeof VARINT | typeof BYTES): number => (field << 3) | wire;
const VARINT = 0;
const BYTES = 2;

/** Runs `write` for a nested message of `field`. */
function nested(to: Writer, field: number, write: (inner: Writer) => void): void {
  to.uint32(tag(field, BYTES)).fork();
  write(to);
  to.ldelim();
}

/** Protobuf bytes of a message; what has its default value is left out. */
export function encodeBitswapMessage(message: Partial<BitswapMessage>): Uint8Array {
  const { wants = [], full = false, blocks = [], presences = [] } = message;
  const to = writer();
  if (wants.length > 0 || full) {
    nested(to, 1, (list) => {
      for (const want of wants) nested(list, 1, (entry) => writeWant(entry, want));
      if (full) list.uint32(tag(2, VARINT)).bool(true);
    });
  }
  for (const { prefix, data } of blocks) {
    nested(to, 3, (block) => {
      block.uint32(tag(1, BYTES)).bytes(prefix);
      block.uint32(tag(2, BYTES)).bytes(data);
    });
  }
  for (const { cid, have } of presences) {
    nested(to, 4, (presence) => {
      presence.uint32(tag(1, BYTES)).bytes(cid.bytes);
      if (!have) presence.uint32(tag(2, VARINT)).uint32(1);
    });
  }
  return to.finish();
}

function writeWant(to: Writer, want: WantEntry): void {
  to.uint32(tag(1, BYTES)).bytes(want.cid.bytes);
  to.uint32(tag(2, VARINT)).int32(want.priority);
  if (want.cancel) to.uint32(tag(3, VARINT)).bool(true);
  if (want.have) to.uint32(tag(4, VARINT)).uint32(1);
  if (want.sendDontHave) to.uint32(tag(5, VARINT)).bool(true);
}

/**
 * Decodes a message; fields that bitswap 1.2 does not have are skipped. Throws `ERR_SETTLEMENT_FORMAT`.
 *
 * @param bytes - What a stranger sent; anything may be given.
 */
export function decodeBitswapMessage(bytes: Uint8Array): BitswapMessage {
  const wants: WantEntry[] = [];
  const blocks: PayloadBlock[] = [];
  const presences: BlockPresence[] = [];
  let full = false;
  try {
    fields(reader(bytes), bytes.length, {
      1: (list, length) =>
        fields(list, list.pos + length, {
          1: (entry, size) => wants.push(readWant(entry, size)),
          2: (from) => {
            full = from.bool();
          },
        }),
      3: (block, length) => blocks.push(readBlock(block, length)),
      4: (presence, length) => presences.push(readPresence(presence, length)),
    });
  } catch (cause) {
    throw cause instanceof SettlementError ? cause : fail('it is no protobuf of its form', cause);
  }
  return { wants, full, blocks, presences };
}

/** For each field by its number, what reads its value; `length` is that of a value in bytes, and 0 for varints. */
type FieldReads = Readonly<Record<number, (from: Reader, length: number) => unknown>>;

/** Numbers of fields that are varints, in every message of this format; the other known ones are bytes. */
function fields(from: Reader, end: number, reads: FieldReads, varints: readonly number[] = [2]): void {
  if (end > from.len) throw fail('it ends too early');
  while (from.pos < end) {
    const key = from.uint32();
    const read = reads[key >>> 3];
    const wire = varints.includes(key >>> 3) ? VARINT : BYTES;
    if (read === undefined) from.skipType(key & 7);
    else if ((key & 7) !== wire) throw fail(`field ${key >>> 3} is written in another way`);
    else if (wire === VARINT) read(from, 0);
    else {
      const length = from.uint32();
      const next = from.pos + length;
      if (next > end) throw fail('a part is longer than the whole');
      read(from, length);
      if (from.pos !== next) throw fail('a part is longer than it says');
    }
  }
  if (from.pos !== end) throw fail('a part is longer than it says');
}

const take = (from: Reader, length: number): Uint8Array => {
  const bytes = from.buf.subarray(from.pos, from.pos + length);
  from.skip(length);
  return bytes;
};

function readWant(from: Reader, length: number): WantEntry {
  let cid: Uint8Array = new Uint8Array();
  let [priority, cancel, have, sendDontHave] = [1, false, false, false];
  const reads: FieldReads = {
    1: (entry, size) => {
      cid = take(entry, size);
    },
    2: (entry) => {
      priority = entry.int32();
    },
    3: (entry) => {
      cancel = entry.bool();
    },
    4: (entry) => {
      have = entry.int32() === 1;
    },
    5: (entry) => {
      sendDontHave = entry.bool();
    },
  };
  fields(from, from.pos + length, reads, [2, 3, 4, 5]);
  return { cid: cidOf(cid), priority, cancel, have, sendDontHave };
}

function readBlock(from: Reader, length: number): PayloadBlock {
  let [prefix, data] = [new Uint8Array() as Uint8Array, new Uint8Array() as Uint8Array];
  const reads: FieldReads = {
    1: (block, size) => {
      prefix = take(block, size);
    },
    2: (block, size) => {
      data = take(block, size);
    },
  };
  fields(from, from.pos + length, reads, []);
  return { prefix, data };
}

function readPresence(from: Reader, length: number): BlockPresence {
  let [cid, have] = [new Uint8Array() as Uint8Array, true];
  const reads: FieldReads = {
    1: (presence, size) => {
      cid = take(presence, size);
    },
    2: (presence) => {
      have = presence.int32() === 0;
    },
  };
  fields(from, from.pos + length, reads, [2]);
  return { cid: cidOf(cid), have };
}

function cidOf(bytes: Uint8Array): CID {
  try {
    // A copy: the whole message would otherwise stay in memory for as long as one of its CIDs.
    return CID.decode(bytes.slice());
  } catch (cause) {
    throw fail('a CID is none', cause);
  }
}

/** CID prefix of blocks of this package: CIDv1, raw or dag-cbor, sha2-256, 32 bytes. */
export function prefixOf(cid: CID): Uint8Array {
  return Uint8Array.of(1, cid.code, SHA2_256, 32);
}

/** Codec that a prefix names; undefined unless it is one that {@link prefixOf} makes. */
export function codecOfPrefix(prefix: Uint8Array): typeof CODEC_RAW | typeof CODEC_DAG_CBOR | undefined {
  const [version, codec, hash, length] = prefix;
  if (prefix.length !== 4 || version !== 1 || hash !== SHA2_256 || length !== 32) return undefined;
  return codec === CODEC_RAW || codec === CODEC_DAG_CBOR ? codec : undefined;
}

/** A message as it goes over a stream: its length as an unsigned varint, then its bytes. */
export function frameBitswapMessage(message: Partial<BitswapMessage>): Uint8Array {
  const bytes = encodeBitswapMessage(message);
  return concatBytes(writer().uint32(bytes.length).finish(), bytes);
}
