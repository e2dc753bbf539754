import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  inclusionProof,
  leafHash,
  merkleRoot,
  nodeHash,
  verifyInclusion,
} from '@edmp/data-settlement/dataset';
import { bytesToHex, utf8ToBytes } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sharedPath } from '../../interface/test/support/shared.ts';

const crypto = nodeCrypto();

interface Vector {
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly root: string | null;
  readonly leafHash: string | null;
  readonly proof: readonly string[] | null;
  readonly desc: string;
  readonly wantErr: boolean;
}

const bytes = (text: string | null): Uint8Array => new Uint8Array(Buffer.from(text ?? '', 'base64'));
const dir = sharedPath('vectors/merkle/inclusion');

describe('RFC 9162 tree', () => {
  it('judges the transparency-dev inclusion vectors', () => {
    const files = readdirSync(dir ?? '', { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.json'),
    );
    let agreed = 0;
    for (const file of files) {
      const vector = JSON.parse(readFileSync(join(dir ?? '', file), 'utf8')) as Vector;
      const valid = verifyInclusion(crypto, {
        leaf: bytes(vector.leafHash),
        index: vector.leafIdx,
        size: vector.treeSize,
        path: (vector.proof ?? []).map(bytes),
        root: bytes(vector.root),
      });
      expect(valid, file).toBe(!vector.wantErr);
      agreed += 1;
    }
    console.log(`rfc9162 inclusion: ${agreed}/${files.length}`);
    expect(agreed).toBe(98);
  });

  it('has the empty root of RFC 9162 and separates leaves from nodes', () => {
    expect(bytesToHex(merkleRoot(crypto, []))).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    const [a, b] = [utf8ToBytes('a'), utf8ToBytes('b')];
    const inner = Uint8Array.from([...leafHash(crypto, a), ...leafHash(crypto, b)]);
    expect(merkleRoot(crypto, [a, b])).toEqual(nodeHash(crypto, leafHash(crypto, a), leafHash(crypto, b)));
    expect(merkleRoot(crypto, [inner])).not.toEqual(merkleRoot(crypto, [a, b]));
  });

  it('proves every leaf of every small tree, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 8 }), { minLength: 1, maxLength: 40 }),
        fc.nat(),
        (leaves, at) => {
          const index = at % leaves.length;
          const root = merkleRoot(crypto, leaves);
          const path = inclusionProof(crypto, leaves, index);
          const claim = { leaf: leafHash(crypto, leaves[index]!), index, size: leaves.length, path, root };
          expect(verifyInclusion(crypto, claim)).toBe(true);
          expect(verifyInclusion(crypto, { ...claim, path: [...path, root] })).toBe(false);
          expect(verifyInclusion(crypto, { ...claim, index: leaves.length })).toBe(false);
          expect(verifyInclusion(crypto, { ...claim, index: -1 })).toBe(false);
          expect(verifyInclusion(crypto, { ...claim, index: 0.5 })).toBe(false);
          expect(verifyInclusion(crypto, { ...claim, leaf: claim.leaf.subarray(1) })).toBe(false);
          if (path.length > 0) {
            expect(verifyInclusion(crypto, { ...claim, path: path.slice(1) })).toBe(false);
            const flipped = path.map((hash, i) =>
              i === at % path.length ? hash.map((byte) => byte ^ 1) : hash,
            );
            expect(verifyInclusion(crypto, { ...claim, path: flipped })).toBe(false);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('refuses a leaf that is not there', () => {
    const refusal = expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' });
    expect(() => inclusionProof(crypto, [], 0)).toThrow(refusal);
    expect(() => inclusionProof(crypto, [utf8ToBytes('a')], 1)).toThrow(refusal);
  });
});
