/** The fields of a core and the form of a signed block, at the edge of every limit. */

import {
  bytesToHex,
  concatBytes,
  equalBytes,
  type HalfBlockCore,
  hexToBytes,
  type TxValue,
} from '@edmp/interface';
import { MAX_DEPTH } from '@edmp/interface/format';
import {
  decodeCore,
  decodeHalfBlock,
  encodeCore,
  identify,
  isBlockType,
  MAX_BLOCK_BYTES,
  MAX_CORE_BYTES,
  MAX_TYPE_BYTES,
  signHalfBlock,
  signingMessage,
  verifyItem,
} from '@edmp/trustchain/block';
import * as dagCbor from '@ipld/dag-cbor';
import { describe, expect, it } from 'vitest';
import { signatureError } from '../src/block/signature.ts';
import { blockOf, crypto, signerOf, strangeId } from './support/blocks.ts';
import { coded, fullCore as good, mapOf, nested } from './support/core.ts';
import { codeOf } from './support/errors.ts';

const alice = signerOf(1);
const coreRefusal = (bytes: Uint8Array): string => codeOf(() => decodeCore(bytes));

describe('a core', () => {
  it('cut anywhere is refused as cut, whatever lies behind the bytes', () => {
    const bytes = encodeCore(good);
    for (let length = 0; length < bytes.length; length++) {
      // Behind a tag that announces a link, nothing is no link.
      const tagged = bytes[length - 2] === 0xd8 && bytes[length - 1] === 42;
      const code = tagged ? 'ERR_BLOCK_CID' : 'ERR_BLOCK_ENCODING';
      expect(`${length}: ${coreRefusal(bytes.slice(0, length))}`).toBe(`${length}: ${code}`);
      expect(`${length}: ${coreRefusal(bytes.subarray(0, length))}`).toBe(`${length}: ${code}`);
    }
    expect(coreRefusal(concatBytes(bytes, Uint8Array.of(0)))).toBe('ERR_BLOCK_TRAILING_BYTES');
  });

  it('has its nine fields once each, in canonical order', () => {
    const names = ['v', 'tx', 'key', 'seq', 'link', 'peer', 'prev', 'time', 'type'] as const;
    const entries: readonly (readonly [string, unknown])[] = names.map((name) => [name, good[name]]);
    expect(bytesToHex(mapOf(entries))).toBe(bytesToHex(encodeCore(good)));
    for (const [i, name] of names.entries()) {
      const renamed = (to: string): Uint8Array => mapOf(entries.with(i, [to, good[name]]));
      expect(coreRefusal(renamed('nonsense')), name).toBe('ERR_BLOCK_FIELD');
      expect(() => decodeCore(renamed('nonsense'))).toThrow('nonsense');
      const missing = mapOf(entries.toSpliced(i, 1));
      expect(coreRefusal(missing), name).toBe('ERR_BLOCK_FIELD');
      if (i > 0) expect(coreRefusal(renamed(names[i - 1]!)), name).toBe('ERR_BLOCK_DUPLICATE_KEY');
      if (i > 1) expect(coreRefusal(renamed(names[i - 2]!)), name).toBe('ERR_BLOCK_NOT_CANONICAL');
      if (i < 8) expect(coreRefusal(renamed(names[i + 1]!)), name).toBe('ERR_BLOCK_NOT_CANONICAL');
    }
    expect(coreRefusal(mapOf([...entries, ['zzzzz', 1]]))).toBe('ERR_BLOCK_FIELD');
    expect(coreRefusal(concatBytes(Uint8Array.of(0xa9, 0x01), encodeCore(good)))).toBe('ERR_BLOCK_FIELD');
  });

  it('holds the kind of value that each field needs', () => {
    const wrong: Readonly<Record<string, readonly unknown[]>> = {
      v: [null, true, 'x', [], {}, new Uint8Array(1), -1, strangeId(1), 2n ** 60n],
      key: [null, false, 'x', [], {}, 1, strangeId(1)],
      seq: [null, true, 'x', [], {}, new Uint8Array(1), -1, strangeId(1), 2n ** 53n],
      link: [true, 'x', [], {}, new Uint8Array(1), 1, -1],
      peer: [true, 'x', [], {}, 1, -1, strangeId(1)],
      prev: [true, 'x', [], {}, new Uint8Array(1), 1, -1],
      time: [null, true, 'x', [], {}, new Uint8Array(1), -1, strangeId(1), 2n ** 53n],
      type: [null, true, [], {}, new Uint8Array(1), 1, -1, strangeId(1)],
    };
    for (const [name, list] of Object.entries(wrong)) {
      for (const value of list) {
        const bytes = dagCbor.encode({ ...good, [name]: value });
        expect(coreRefusal(bytes), `${name}: ${String(value)}`).toBe('ERR_BLOCK_FIELD');
        expect(() => decodeCore(bytes)).toThrow(`\`${name}\``);
      }
      expect(coreRefusal(dagCbor.encode({ ...good, [name]: 0.5 })), name).toBe('ERR_BLOCK_FLOAT');
    }
    for (const hex of ['00', '20', '40', '60', '80', 'f6', 'f4']) {
      expect(coreRefusal(hexToBytes(hex)), hex).toBe('ERR_BLOCK_FIELD');
    }
    expect(coreRefusal(hexToBytes('f7'))).toBe('ERR_BLOCK_VALUE');
  });

  it('keeps to the limits of its fields exactly', () => {
    const accepted: readonly Partial<HalfBlockCore>[] = [
      { seq: 1, prev: null },
      { seq: Number.MAX_SAFE_INTEGER },
      { time: 0 },
      { time: Number.MAX_SAFE_INTEGER },
      { peer: null },
      { link: null },
      { type: 'x' },
      { type: 'x'.repeat(MAX_TYPE_BYTES) },
      { type: 'tc/refuse' },
      { type: 'tc/withdraw' },
    ];
    for (const parts of accepted) {
      const bytes = encodeCore({ ...good, ...parts });
      expect(decodeCore(bytes)).toEqual({ ...good, ...parts });
    }
    const thirtyTwo = Array.from(alice.publicKey);
    const refused: readonly (readonly [string, Record<string, unknown>])[] = [
      ['ERR_BLOCK_VERSION', { v: 0 }],
      ['ERR_BLOCK_VERSION', { v: '1' }],
      ['ERR_BLOCK_KEY', { key: thirtyTwo }],
      ['ERR_BLOCK_KEY', { key: undefined }],
      ['ERR_BLOCK_KEY', { key: new Uint8Array(33) }],
      ['ERR_BLOCK_KEY', { peer: thirtyTwo }],
      ['ERR_BLOCK_KEY', { peer: new Uint8Array(31) }],
      ['ERR_BLOCK_SEQUENCE', { seq: '2' }],
      ['ERR_BLOCK_SEQUENCE', { seq: Number.NaN }],
      ['ERR_BLOCK_PREVIOUS', { seq: 1 }],
      ['ERR_BLOCK_PREVIOUS', { seq: 2, prev: null }],
      ['ERR_BLOCK_LINK', { type: 'tc/refuse', link: null }],
      ['ERR_BLOCK_LINK', { type: 'tc/withdraw', link: null }],
      ['ERR_BLOCK_TIME', { time: -1 }],
      ['ERR_BLOCK_TIME', { time: 2 ** 53 }],
      ['ERR_BLOCK_TYPE', { type: ['trade'] }],
    ];
    for (const [code, parts] of refused) {
      const core = { ...good, ...parts } as HalfBlockCore;
      expect(
        codeOf(() => encodeCore(core)),
        JSON.stringify(Object.keys(parts)),
      ).toBe(code);
    }
  });

  it('that is refused does not repeat the whole of what it held', () => {
    const messageOf = (call: () => unknown): string => {
      try {
        call();
      } catch (error) {
        if (error instanceof Error) return error.message;
      }
      return 'no error';
    };
    const long = 'n'.repeat(10_000);
    const { v, ...others } = good;
    const renamed = mapOf([[long, v], ...Object.entries(others)]);
    expect(coreRefusal(renamed)).toBe('ERR_BLOCK_FIELD');
    expect(messageOf(() => decodeCore(renamed))).toContain('n'.repeat(60));
    expect(messageOf(() => decodeCore(renamed)).length).toBeLessThan(200);
    const typed = (): unknown => encodeCore({ ...good, type: long });
    expect(messageOf(typed)).toContain('n'.repeat(60));
    expect(messageOf(typed).length).toBeLessThan(200);
  });

  it('says which end of a chain its link back does not fit', () => {
    expect(() => encodeCore({ ...good, seq: 7, prev: null })).toThrow('Position 7 must link');
    expect(() => encodeCore({ ...good, seq: 1 })).toThrow('Position 1 has no previous block');
  });

  it('has at most 64 KiB, to the byte', () => {
    const sized = (size: number): Uint8Array => {
      const length = (n: number): number => dagCbor.encode({ ...good, tx: new Uint8Array(n) }).length;
      return dagCbor.encode({ ...good, tx: new Uint8Array(1_000 + size - length(1_000)) });
    };
    const largest = sized(MAX_CORE_BYTES);
    expect(largest.length).toBe(MAX_CORE_BYTES);
    const core = decodeCore(largest);
    expect(equalBytes(encodeCore(core), largest)).toBe(true);
    const larger = sized(MAX_CORE_BYTES + 1);
    expect(larger.length).toBe(MAX_CORE_BYTES + 1);
    expect(coreRefusal(larger)).toBe('ERR_BLOCK_TOO_LARGE');
    const tx = new Uint8Array((core.tx as Uint8Array).length + 1);
    expect(codeOf(() => encodeCore({ ...good, tx }))).toBe('ERR_BLOCK_TOO_LARGE');
    const signed = (bytes: Uint8Array, signature: number): Uint8Array =>
      concatBytes(Uint8Array.of(0x82), bytes, coded(new Uint8Array(signature)));
    expect(signed(largest, 64).length).toBe(MAX_BLOCK_BYTES);
    expect(decodeHalfBlock(signed(largest, 64), crypto).core).toEqual(core);
    // One byte less of signature makes room for one byte too many of core.
    expect(codeOf(() => decodeHalfBlock(signed(larger, 63), crypto))).toBe('ERR_BLOCK_TOO_LARGE');
    expect(codeOf(() => decodeHalfBlock(signed(larger, 64), crypto))).toBe('ERR_BLOCK_TOO_LARGE');
  });

  it('counts as the first level of its depth', () => {
    const tx = (depth: number): TxValue => nested(depth, 1, true) as TxValue;
    const deepest = encodeCore({ ...good, tx: tx(MAX_DEPTH - 1) });
    expect(encodeCore(decodeCore(deepest))).toEqual(deepest);
    expect(codeOf(() => encodeCore({ ...good, tx: tx(MAX_DEPTH) }))).toBe('ERR_BLOCK_DEPTH');
    expect(coreRefusal(dagCbor.encode({ ...good, tx: tx(MAX_DEPTH) }))).toBe('ERR_BLOCK_DEPTH');
  });
});

describe('types of blocks', () => {
  it('are 1 to 64 bytes of their alphabet, however many were seen', () => {
    const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789/_.-';
    for (const letter of alphabet) expect(isBlockType(letter), letter).toBe(true);
    for (let code = 0; code < 256; code++) {
      const letter = String.fromCharCode(code);
      if (alphabet.includes(letter)) continue;
      expect(isBlockType(letter), `code ${code}`).toBe(false);
      expect(isBlockType(`a${letter}`), `code ${code}`).toBe(false);
      expect(isBlockType(`${letter}a`), `code ${code}`).toBe(false);
    }
    for (let n = 0; n < 600; n++) {
      expect(isBlockType(`type/${n}`)).toBe(true);
      expect(isBlockType(`Type/${n}`)).toBe(false);
    }
    expect(isBlockType('x'.repeat(64))).toBe(true);
    expect(isBlockType('x'.repeat(65))).toBe(false);
    expect(isBlockType('x'.repeat(65))).toBe(false);
    expect(isBlockType('')).toBe(false);
  });
});

describe('a signed block', () => {
  it('is a list of a core and 64 bytes', async () => {
    const { coreBytes, bytes, signature } = await blockOf(alice);
    const refused = (...parts: Uint8Array[]): string =>
      codeOf(() => decodeHalfBlock(concatBytes(...parts), crypto));
    const head = (count: number): Uint8Array => Uint8Array.of(0x80 | count);
    expect(refused(head(2), coreBytes, coded(signature))).toBe('no error');
    expect(refused(head(3), coreBytes, coded(signature), coded(1))).toBe('ERR_BLOCK_FIELD');
    expect(refused(head(1), coreBytes)).toBe('ERR_BLOCK_FIELD');
    expect(refused(head(0))).toBe('ERR_BLOCK_FIELD');
    expect(refused(Uint8Array.of(0xa1), coreBytes, coded(signature))).toBe('ERR_BLOCK_FIELD');
    expect(refused(head(2), coreBytes, coded('x'.repeat(64)))).toBe('ERR_BLOCK_FIELD');
    expect(refused(head(2), coreBytes, coded(null))).toBe('ERR_BLOCK_FIELD');
    for (const length of [0, 63, 65]) {
      expect(refused(head(2), coreBytes, coded(new Uint8Array(length)))).toBe('ERR_BLOCK_SIGNATURE');
    }
    for (let length = 0; length < bytes.length; length++) {
      expect(refused(bytes.slice(0, length)), `${length} bytes`).toBe('ERR_BLOCK_ENCODING');
    }
    expect(codeOf(() => decodeHalfBlock('x' as never, crypto))).toBe('ERR_BLOCK_ENCODING');
  });

  it('is made as every other node will decode it', async () => {
    const tx = { bb: 5n, a: -0, list: [1n] };
    const core = { ...good, tx };
    const made = await signHalfBlock(core, alice, crypto);
    const read = decodeHalfBlock(made.bytes, crypto);
    expect(read).toEqual(made);
    expect(Object.keys(made.core.tx as object)).toEqual(['a', 'bb', 'list']);
    expect(made.core.tx).toEqual({ a: 0, bb: 5, list: [1] });
    expect(bytesToHex(made.coreBytes)).toBe(bytesToHex(encodeCore(core)));
    expect(bytesToHex(read.coreBytes)).toBe(bytesToHex(made.coreBytes));
    expect(bytesToHex(made.signature)).toBe(bytesToHex(read.signature));
    expect(made.signature.length).toBe(64);
    expect(read.id.equals(identify(made.coreBytes, crypto))).toBe(true);
    expect(Object.isFrozen(read) && Object.isFrozen(read.core) && Object.isFrozen(made)).toBe(true);
  });

  it('is verified by its own signature, digest and key', async () => {
    const block = await blockOf(alice);
    expect(verifyItem(block)).toEqual({
      signature: block.signature,
      message: signingMessage(crypto.sha256(block.coreBytes)),
      publicKey: alice.publicKey,
    });
    const error = signatureError(block);
    expect(error.code).toBe('ERR_BLOCK_SIGNATURE');
    expect(error.details).toEqual({ id: block.id.toString() });
    expect(error.message).toContain('position 1');
  });
});
