import { bytesToHex, concatBytes, equalBytes, type HalfBlockCore, isEdmpError } from '@edmp/interface';
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { encodeCanonical } from '@edmp/interface/format';
import {
  decodeCore,
  decodeHalfBlock,
  encodeCore,
  identify,
  MAX_CORE_BYTES,
  signHalfBlock,
  signingMessage,
  verifySignature,
} from '@edmp/trustchain/block';
import { HALF_BLOCK_DOMAIN } from '@edmp/trustchain/tools';
import * as dagCbor from '@ipld/dag-cbor';
import * as fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { beforeAll, describe, expect, it } from 'vitest';
import { blockOf, crypto, START, signerOf, strangeId } from './support/blocks.ts';
import { codeOf, codeOfAsync } from './support/errors.ts';

const alice = signerOf(1);
const bob = signerOf(2);

const good: HalfBlockCore = {
  v: 1,
  key: alice.publicKey,
  seq: 2,
  prev: strangeId(1),
  peer: bob.publicKey,
  link: strangeId(2),
  type: 'trade',
  tx: { up: 5, down: 7 },
  time: START,
};

describe('half block', () => {
  it('S001 S010 has the CID of its core as identity, without the signature', async () => {
    const block = await blockOf(alice, { tx: { a: 1 } });
    expect(block.id.toString()).toBe(
      CID.createV1(0x71, {
        ...block.id.multihash,
        digest: crypto.sha256(block.coreBytes),
      } as never).toString(),
    );
    expect(block.id.version).toBe(1);
    expect(block.id.code).toBe(0x71);
    const again = decodeHalfBlock(block.bytes, crypto);
    expect(again.id.equals(block.id)).toBe(true);
    expect(again.core).toEqual(block.core);
    expect(bytesToHex(again.bytes)).toBe(bytesToHex(block.bytes));
  });

  it('S012 hashes to the same id a thousand times', async () => {
    const block = await blockOf(alice, { tx: { b: [1, 2n ** 60n, 'é'], a: new Uint8Array(3) } });
    let bytes = block.bytes;
    for (let n = 0; n < 1_000; n++) bytes = decodeHalfBlock(bytes, crypto).bytes;
    expect(decodeHalfBlock(bytes, crypto).id.equals(block.id)).toBe(true);
  });

  it('is plain IPLD: any dag-cbor tool reads it and follows its links', async () => {
    const one = await blockOf(alice);
    const two = await signHalfBlock({ ...good, prev: one.id }, alice, crypto);
    const [core, signature] = dagCbor.decode<[HalfBlockCore, Uint8Array]>(two.bytes);
    expect(CID.asCID(core.prev)?.equals(one.id)).toBe(true);
    expect(bytesToHex(signature)).toBe(bytesToHex(two.signature));
    expect(bytesToHex(dagCbor.encode(core))).toBe(bytesToHex(two.coreBytes));
    expect(bytesToHex(dagCbor.encode([core, signature]))).toBe(bytesToHex(two.bytes));
  });

  it('signs the domain label and the digest of the core', async () => {
    const block = await blockOf(alice);
    const message = concatBytes(new TextEncoder().encode(HALF_BLOCK_DOMAIN), crypto.sha256(block.coreBytes));
    expect(HALF_BLOCK_DOMAIN).toBe('edmp/half-block/v1');
    expect(signingMessage(crypto.sha256(block.coreBytes))).toEqual(message);
    expect(crypto.ed25519Verify(block.signature, message, alice.publicKey)).toBe(true);
    expect(verifySignature(block, crypto)).toBe(true);
    expect(verifySignature(block, nobleCrypto())).toBe(true);
    expect(verifySignature(block, nodeCrypto())).toBe(true);
  });

  it('S018 is signed only by its author', async () => {
    expect(await codeOfAsync(signHalfBlock(good, bob, crypto))).toBe('ERR_BLOCK_SIGNER');
  });

  it('S022 is frozen', async () => {
    const block = await blockOf(alice, { tx: { a: 1 } });
    expect(() => Object.assign(block, { id: strangeId(1) })).toThrow(TypeError);
    expect(() => Object.assign(block.core, { seq: 9 })).toThrow(TypeError);
    expect(() => Object.assign(block.core.tx as object, { a: 2 })).toThrow(TypeError);
  });

  it('does not change when the bytes it was decoded from do', async () => {
    const block = await blockOf(alice, { tx: new Uint8Array([1, 2, 3]) });
    const bytes = block.bytes.slice();
    const decoded = decodeHalfBlock(bytes, crypto);
    bytes.fill(0);
    expect(decoded.core.tx).toEqual(new Uint8Array([1, 2, 3]));
    expect(equalBytes(decoded.core.key, alice.publicKey)).toBe(true);
  });

  it('S059 round-trips for any good fields', () => {
    const cores = fc.record({
      seq: fc.integer({ min: 2, max: Number.MAX_SAFE_INTEGER }),
      type: fc.stringMatching(/^[a-z0-9/_.-]{1,64}$/).filter((type) => !type.startsWith('tc/')),
      time: fc.maxSafeNat(),
      peer: fc.constantFrom(null, bob.publicKey, alice.publicKey),
      link: fc.constantFrom(null, strangeId(7)),
      tx: fc.oneof(fc.constant(null), fc.string(), fc.maxSafeInteger(), fc.uint8Array()),
    });
    fc.assert(
      fc.property(cores, (parts) => {
        const bytes = encodeCore({ ...good, ...parts });
        expect(encodeCore(decodeCore(bytes))).toEqual(bytes);
        expect(bytesToHex(bytes)).toBe(bytesToHex(dagCbor.encode({ ...good, ...parts })));
      }),
      { numRuns: 300 },
    );
  });

  it('S041 S049 S050 S053 S055 refuses fields by name', () => {
    const cases: readonly (readonly [string, Record<string, unknown>])[] = [
      ['ERR_BLOCK_VERSION', { v: 2 }],
      ['ERR_BLOCK_KEY', { key: new Uint8Array(31) }],
      ['ERR_BLOCK_KEY', { key: 'alice' }],
      ['ERR_BLOCK_KEY', { peer: new Uint8Array(33) }],
      ['ERR_BLOCK_KEY', { peer: undefined }],
      ['ERR_BLOCK_SEQUENCE', { seq: 0 }],
      ['ERR_BLOCK_SEQUENCE', { seq: -1 }],
      ['ERR_BLOCK_SEQUENCE', { seq: 1.5 }],
      ['ERR_BLOCK_SEQUENCE', { seq: 2 ** 53 }],
      ['ERR_BLOCK_PREVIOUS', { seq: 1 }],
      ['ERR_BLOCK_PREVIOUS', { prev: null }],
      ['ERR_BLOCK_CID', { prev: CID.createV1(0x55, strangeId(1).multihash) }],
      ['ERR_BLOCK_CID', { link: CID.createV0(strangeId(1).multihash as never) }],
      ['ERR_BLOCK_TYPE', { type: '' }],
      ['ERR_BLOCK_TYPE', { type: 'Trade' }],
      ['ERR_BLOCK_TYPE', { type: 'x'.repeat(65) }],
      ['ERR_BLOCK_TYPE', { type: 5 }],
      ['ERR_BLOCK_LINK', { type: 'tc/refuse', link: null }],
      ['ERR_BLOCK_LINK', { type: 'tc/withdraw', link: null }],
      ['ERR_BLOCK_TIME', { time: -1 }],
      ['ERR_BLOCK_TIME', { time: 0.5 }],
      ['ERR_BLOCK_FLOAT', { tx: 0.5 }],
      ['ERR_BLOCK_VALUE', { tx: undefined }],
      ['ERR_BLOCK_TOO_LARGE', { tx: new Uint8Array(MAX_CORE_BYTES) }],
    ];
    for (const [code, parts] of cases) {
      expect(
        codeOf(() => encodeCore({ ...good, ...parts } as HalfBlockCore)),
        JSON.stringify(Object.keys(parts)),
      ).toBe(code);
    }
  });

  it('refuses the same fields when they come as bytes', () => {
    const cases: readonly (readonly [string, Record<string, unknown>])[] = [
      ['ERR_BLOCK_VERSION', { v: 2 }],
      ['ERR_BLOCK_FIELD', { v: 'one' }],
      ['ERR_BLOCK_KEY', { key: new Uint8Array(31) }],
      ['ERR_BLOCK_FIELD', { key: 'alice' }],
      ['ERR_BLOCK_FIELD', { peer: 'bob' }],
      ['ERR_BLOCK_SEQUENCE', { seq: 0 }],
      ['ERR_BLOCK_FIELD', { seq: -1 }],
      ['ERR_BLOCK_FIELD', { seq: 2n ** 60n }],
      ['ERR_BLOCK_FIELD', { prev: 'x' }],
      ['ERR_BLOCK_FIELD', { link: 7 }],
      ['ERR_BLOCK_CID', { prev: CID.createV1(0x55, strangeId(1).multihash) }],
      ['ERR_BLOCK_FIELD', { time: 'now' }],
      ['ERR_BLOCK_FIELD', { type: 5 }],
      ['ERR_BLOCK_FIELD', { extra: 5 }],
      ['ERR_BLOCK_FIELD', { type: undefined }],
    ];
    for (const [code, parts] of cases) {
      const fields = Object.fromEntries(
        Object.entries({ ...good, ...parts }).filter(([, value]) => value !== undefined),
      );
      expect(
        codeOf(() => decodeCore(encodeCanonical(fields as never))),
        JSON.stringify(Object.keys(parts)),
      ).toBe(code);
    }
    const { type: _, ...renamed } = good;
    expect(codeOf(() => decodeCore(encodeCanonical({ ...renamed, typo: 'x' } as never)))).toBe(
      'ERR_BLOCK_FIELD',
    );
    expect(codeOf(() => decodeCore(encodeCanonical([])))).toBe('ERR_BLOCK_FIELD');
    expect(codeOf(() => decodeCore(new Uint8Array(MAX_CORE_BYTES + 1)))).toBe('ERR_BLOCK_TOO_LARGE');
    expect(codeOf(() => decodeCore('x' as never))).toBe('ERR_BLOCK_ENCODING');
    expect(codeOf(() => decodeCore(Uint8Array.of(0xfb, 0, 0, 0, 0, 0, 0, 0, 0)))).toBe('ERR_BLOCK_FLOAT');
  });

  it('refuses cores whose fields stand twice or out of order', () => {
    const bytes = encodeCore(good);
    const swapped = bytes.slice();
    const key = bytesToHex(bytes).indexOf('636b6579') / 2; // "key"
    swapped.set([0x73, 0x65, 0x71], key + 1); // renamed to "seq"
    expect(codeOf(() => decodeCore(swapped))).toBe('ERR_BLOCK_NOT_CANONICAL');
    const twice = bytes.slice();
    const seq = bytesToHex(bytes).indexOf('63736571') / 2; // "seq"
    twice.set([0x6b, 0x65, 0x79], seq + 1); // renamed to "key"
    expect(codeOf(() => decodeCore(twice))).toBe('ERR_BLOCK_DUPLICATE_KEY');
  });

  it('refuses signed forms that are none', async () => {
    const { bytes, core, signature } = await blockOf(alice);
    expect(codeOf(() => decodeHalfBlock(encodeCanonical([core as never]), crypto))).toBe('ERR_BLOCK_FIELD');
    expect(codeOf(() => decodeHalfBlock(encodeCanonical([core as never, signature.slice(1)]), crypto))).toBe(
      'ERR_BLOCK_SIGNATURE',
    );
    expect(codeOf(() => decodeHalfBlock(concatBytes(bytes, Uint8Array.of(0)), crypto))).toBe(
      'ERR_BLOCK_TRAILING_BYTES',
    );
    expect(codeOf(() => decodeHalfBlock(new Uint8Array(80_000), crypto))).toBe('ERR_BLOCK_TOO_LARGE');
    expect(codeOf(() => decodeHalfBlock(null as never, crypto))).toBe('ERR_BLOCK_ENCODING');
    expect(codeOf(() => decodeHalfBlock(new Uint8Array(0), crypto))).toBe('ERR_BLOCK_ENCODING');
  });

  it('accepts a core of exactly 64 KiB', async () => {
    const spare = MAX_CORE_BYTES - encodeCore({ ...good, tx: new Uint8Array(1_000) }).length + 1_000;
    const block = await signHalfBlock({ ...good, tx: new Uint8Array(spare - 2) }, alice, crypto);
    expect(block.coreBytes.length).toBeGreaterThan(MAX_CORE_BYTES - 8);
    expect(decodeHalfBlock(block.bytes, crypto).id.equals(block.id)).toBe(true);
  });

  it('S263 is smaller than its JSON', async () => {
    const block = await blockOf(alice, {
      tx: { up: 1000, down: 2000, total_up: 10_000, total_down: 20_000 },
    });
    const json = JSON.stringify({
      ...block.core,
      key: bytesToHex(block.core.key),
      signature: bytesToHex(block.signature),
    });
    expect(block.bytes.length).toBeLessThan(json.length);
  });
});

describe('tampering', () => {
  let bytes: Uint8Array;
  beforeAll(async () => {
    bytes = (await signHalfBlock(good, alice, crypto)).bytes;
  });

  it('S015 S016 of any byte of a signed block is refused with a typed error', () => {
    const verdict = (altered: Uint8Array): string => {
      try {
        return verifySignature(decodeHalfBlock(altered, crypto), crypto) ? 'accepted' : 'ERR_BLOCK_SIGNATURE';
      } catch (error) {
        if (isEdmpError(error)) return error.code;
        throw error;
      }
    };
    expect(verdict(bytes)).toBe('accepted');
    for (let position = 0; position < bytes.length; position++) {
      const altered = bytes.slice();
      altered[position] = (altered[position] ?? 0) ^ (1 << (position % 8));
      expect(verdict(altered), `byte ${position}`).toMatch(/^ERR_BLOCK_/);
    }
  });

  it('S058 random mutations never crash, and never pass', () => {
    const mutation = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }),
      fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), byte: fc.nat(20) }),
      fc.record({ kind: fc.constant('add' as const), at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }),
    );
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        let altered = [...bytes];
        for (const { kind, at, byte } of mutations) {
          const position = at % Math.max(1, altered.length);
          if (kind === 'set') altered[position] = byte;
          else if (kind === 'cut') altered.splice(position, byte);
          else altered = altered.toSpliced(position, 0, byte);
        }
        const result = Uint8Array.from(altered);
        if (equalBytes(result, bytes)) return;
        try {
          const block = decodeHalfBlock(result, crypto);
          expect(bytesToHex(block.bytes)).toBe(bytesToHex(result));
          expect(verifySignature(block, crypto)).toBe(false);
        } catch (error) {
          if (!isEdmpError(error)) throw error;
          expect(error.code).toMatch(/^ERR_BLOCK_/);
        }
      }),
      { numRuns: Number(process.env.EDMP_FUZZ_RUNS ?? 3_000) },
    );
  });

  it('another signature over the same core gives the same block, not a fork', async () => {
    const block = decodeHalfBlock(bytes, crypto);
    const other = bytes.slice();
    other.fill(9, other.length - 64);
    expect(decodeHalfBlock(other, crypto).id.equals(block.id)).toBe(true);
    expect(identify(block.coreBytes, crypto).equals(block.id)).toBe(true);
  });
});
