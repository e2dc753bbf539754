/** Links and ids of blocks: every CID keeps its form, and only one form names a block. */

import { bytesToHex, concatBytes, hexToBytes, type TxValue } from '@edmp/interface';
import { decodeCanonical, encodeCanonical } from '@edmp/interface/format';
import {
  blockIdFromBytes,
  blockIdFromDigest,
  decodeCore,
  encodeCore,
  identify,
  isBlockId,
} from '@edmp/trustchain/block';
import * as dagCbor from '@ipld/dag-cbor';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';
import { describe, expect, it } from 'vitest';
import { bytesKey } from '../src/block/identity.ts';
import { crypto, strangeId } from './support/blocks.ts';
import { coded, fullCore as good } from './support/core.ts';
import { codeOf } from './support/errors.ts';

const decodeHex = (hex: string): TxValue => decodeCanonical(hexToBytes(hex));
const refusal = (hex: string): string => codeOf(() => decodeHex(hex));
const coreRefusal = (bytes: Uint8Array): string => codeOf(() => decodeCore(bytes));

describe('links', () => {
  const sha256 = strangeId(1).multihash;
  const linkHex = (cid: string): string => {
    const bytes = hexToBytes(`00${cid}`);
    return bytesToHex(concatBytes(Uint8Array.of(0xd8, 42), coded(bytes)));
  };

  it('keep version, codec and hash of every CID', () => {
    const digests = [
      sha256,
      createDigest(0x00, new Uint8Array(32).fill(1)),
      createDigest(0x16, new Uint8Array(32).fill(2)),
      createDigest(0x13, new Uint8Array(64).fill(3)),
      createDigest(0x12, new Uint8Array(31).fill(4)),
      createDigest(0x12, new Uint8Array(33).fill(5)),
      createDigest(0xb220, new Uint8Array(32).fill(6)),
    ];
    const cids = digests.flatMap((digest) =>
      [0x00, 0x55, 0x71, 0x7f, 0x80, 0x0129, 0x901].map((codec) => CID.createV1(codec, digest)),
    );
    for (const cid of [...cids, CID.createV0(sha256 as never)]) {
      const bytes = encodeCanonical(cid);
      expect(bytesToHex(bytes)).toBe(bytesToHex(dagCbor.encode(cid)));
      const again = decodeCanonical(bytes) as CID;
      expect(again.toString()).toBe(cid.toString());
      expect([again.version, again.code, again.multihash.code, again.multihash.size]).toEqual([
        cid.version,
        cid.code,
        cid.multihash.code,
        cid.multihash.size,
      ]);
      expect(bytesToHex(again.bytes)).toBe(bytesToHex(cid.bytes));
      expect(bytesToHex(again.multihash.bytes)).toBe(bytesToHex(cid.multihash.bytes));
      expect(bytesToHex(again.multihash.digest)).toBe(bytesToHex(cid.multihash.digest));
    }
  });

  it('are read by their varints, also when they look like a link to a block', () => {
    // Codec 0x901, hash 0x20 of 31 bytes: as long as, and with the same bytes in front as, a link with SHA2-256.
    const cid = decodeHex(linkHex(`018112201f${'aa'.repeat(31)}`)) as CID;
    expect([cid.version, cid.code, cid.multihash.code, cid.multihash.size]).toEqual([1, 0x901, 0x20, 31]);
  });

  it('in any other form than the shortest are refused', () => {
    const digest = 'aa'.repeat(32);
    for (const cid of [
      `81007112 20${digest}`,
      `01f10012 20${digest}`,
      `0171920020${digest}`,
      `017112a000${digest}`,
      `027112 20${digest}`,
      `007112 20${digest}`,
      `017112 1f${digest}`,
      `017112 21${digest}`,
      `017112 20${digest}00`,
      `017112 20${digest.slice(2)}`,
      `1220${digest}00`,
      `1220${digest.slice(2)}`,
      '0171',
      '01',
    ]) {
      expect(`${cid}: ${refusal(linkHex(cid.replace(' ', '')))}`).toBe(`${cid}: ERR_FORMAT_CID`);
    }
  });

  it('are byte strings under their tag, nothing else of the same length', () => {
    const { bytes } = strangeId(1);
    const content = `00${bytesToHex(bytes)}`;
    expect(refusal(`d82a5825${content}`)).toBe('no error');
    for (const head of ['7825', '9825', 'b825', '1825', '3825', 'f825']) {
      expect(`${head}: ${refusal(`d82a${head}${content}`)}`).toBe(`${head}: ERR_FORMAT_CID`);
    }
  });

  it('start with a zero byte', () => {
    expect(refusal(`d82a582501${bytesToHex(strangeId(1).bytes)}`)).toBe('ERR_FORMAT_CID');
    expect(refusal('d82a40')).toBe('ERR_FORMAT_CID');
  });

  it('of a block go to blocks only', () => {
    const others = [
      CID.createV0(sha256 as never),
      CID.createV1(0x55, sha256),
      CID.createV1(0x70, sha256),
      CID.createV1(0x71, createDigest(0x16, sha256.digest)),
      CID.createV1(0x71, createDigest(0x12, sha256.digest.subarray(1))),
      CID.createV1(0x71, createDigest(0x12, new Uint8Array(33))),
    ];
    expect(isBlockId(strangeId(1))).toBe(true);
    for (const cid of others) {
      expect(isBlockId(cid), cid.toString()).toBe(false);
      expect(blockIdFromBytes(cid.bytes), cid.toString()).toBeUndefined();
      for (const name of ['prev', 'link'] as const) {
        expect(codeOf(() => encodeCore({ ...good, [name]: cid }))).toBe('ERR_BLOCK_CID');
        expect(() => encodeCore({ ...good, [name]: cid })).toThrow(name);
        expect(coreRefusal(dagCbor.encode({ ...good, [name]: cid }))).toBe('ERR_BLOCK_CID');
        expect(() => decodeCore(dagCbor.encode({ ...good, [name]: cid }))).toThrow(name);
      }
    }
  });
});

describe('ids of blocks', () => {
  it('have 36 bytes, the first four always the same', () => {
    const { bytes } = strangeId(3);
    expect(blockIdFromBytes(bytes)?.equals(strangeId(3))).toBe(true);
    for (let i = 0; i < 4; i++) {
      const other = bytes.slice();
      other[i] = 0x7f;
      expect(blockIdFromBytes(other)).toBeUndefined();
    }
    expect(blockIdFromBytes(concatBytes(bytes, Uint8Array.of(0)))).toBeUndefined();
    expect(blockIdFromBytes(bytes.subarray(0, 35))).toBeUndefined();
  });

  it('are CIDs like any other', () => {
    const digest = crypto.sha256(Uint8Array.of(7));
    const id = blockIdFromDigest(digest);
    const cid = CID.createV1(0x71, createDigest(0x12, digest));
    expect(id.toString()).toBe(cid.toString());
    expect(id.equals(cid)).toBe(true);
    expect(bytesToHex(id.bytes)).toBe(bytesToHex(cid.bytes));
    expect(bytesToHex(id.multihash.bytes)).toBe(bytesToHex(cid.multihash.bytes));
    expect(identify(Uint8Array.of(7), crypto).equals(cid)).toBe(true);
  });

  it('have map keys that differ where the bytes do', () => {
    const bytes = Uint8Array.from({ length: 36 }, (_, i) => i * 7);
    const key = bytesKey(bytes);
    expect(key.length).toBe(18);
    expect(bytesKey(bytes.slice())).toBe(key);
    for (let i = 0; i < bytes.length; i++) {
      for (const change of [1, 0x80]) {
        const other = bytes.slice();
        other[i] = (other[i] ?? 0) ^ change;
        expect(bytesKey(other), `byte ${i}`).not.toBe(key);
      }
    }
    expect(bytesKey(Uint8Array.of(0x12, 0x34, 0, 0xff))).toBe('\u1234\u00ff');
  });
});
