import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { memoryContentStore } from '@edmp/data-settlement';
import { exportCar, importCar, isIntact, readCar } from '@edmp/data-settlement/content';
import {
  CODEC_DAG_CBOR,
  CODEC_RAW,
  concatBytes,
  isEdmpError,
  utf8ToBytes,
  virtualEnvironment,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { encode } from '@ipld/dag-cbor';
import fc from 'fast-check';
import type { CID } from 'multiformats/cid';
import { describe, expect, it } from 'vitest';
import { sharedPath } from '../../interface/test/support/shared.ts';

const crypto = nodeCrypto();
const memory = () => memoryContentStore({ crypto, environment: virtualEnvironment() });
const code = (text: string) => expect.objectContaining({ code: text });

async function* pieces(bytes: Uint8Array, size = bytes.length || 1): AsyncIterable<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return concatBytes(...parts);
}

const varint = (value: number): readonly number[] =>
  value < 128 ? [value] : [(value % 128) + 128, Math.floor(value / 128)];

async function sample() {
  const store = memory();
  const leaves = [];
  for (const text of ['one', 'two', 'three']) leaves.push(await store.put(CODEC_RAW, utf8ToBytes(text)));
  const middle = await store.put(CODEC_DAG_CBOR, encode({ leaves }));
  const root = await store.put(CODEC_DAG_CBOR, encode([middle, leaves[0]]));
  return { store, leaves, middle, root, car: await collect(exportCar(store, root)) };
}

describe('CAR', () => {
  it('carries everything under a root, once and in a fixed order, in pieces of any size', async () => {
    const { root, car } = await sample();
    for (const size of [1, 7, car.length]) {
      const target = memory();
      expect(await importCar(pieces(car, size), { crypto, store: target, root })).toMatchObject({
        blocks: 5,
      });
      expect(await collect(exportCar(target, root))).toEqual(car);
    }
  });

  it('refuses other roots, missing, foreign, altered and too many blocks, and stores nothing then', async () => {
    const { root, middle, car, store } = await sample();
    const refused = async (bytes: Uint8Array, error: string, wanted = root, maxBytes = 1 << 20) => {
      const target = memory();
      await expect(
        importCar(pieces(bytes), { crypto, store: target, root: wanted, maxBytes }),
      ).rejects.toThrow(code(error));
      for await (const cid of target.list()) throw new Error(`${cid} was stored`);
    };
    await refused(car, 'ERR_CONTENT_CAR', middle);
    await refused(car.subarray(0, car.length - 1), 'ERR_CONTENT_CAR');
    await refused(car.subarray(0, car.length - 42), 'ERR_CONTENT_CAR');
    await refused(new Uint8Array(0), 'ERR_CONTENT_CAR');
    await refused(car, 'ERR_CONTENT_TOO_LARGE', root, 10);
    const extra = memory();
    const foreign = await extra.put(CODEC_RAW, utf8ToBytes('foreign'));
    const section = concatBytes(Uint8Array.of(36 + 7), foreign.bytes, utf8ToBytes('foreign'));
    await refused(concatBytes(car, section), 'ERR_CONTENT_CAR');
    await refused(car.with(car.length - 1, 0), 'ERR_CONTENT_HASH');
    await expect(collect(exportCar(memory(), root))).rejects.toThrow(code('ERR_CONTENT_NOT_FOUND'));
    expect(await store.has(root)).toBe(true);
  });

  it('takes what it wants out of a CAR with several roots', async () => {
    const { store, root, middle, leaves, car } = await sample();
    const other = await store.put(CODEC_DAG_CBOR, encode([leaves[0], 'another root']));
    const header = (roots: readonly CID[]): Uint8Array => {
      const bytes = encode({ version: 1, roots: [...roots] });
      return concatBytes(Uint8Array.of(...varint(bytes.length)), bytes);
    };
    const body = car.subarray(car[0]! + 1);
    const block = await store.get(other);
    const section = concatBytes(Uint8Array.of(...varint(36 + block.length)), other.bytes, block);
    const both = concatBytes(header([other, root]), body, section);
    for (const [wanted, blocks] of [
      [root, 5],
      [other, 2],
    ] as const) {
      const target = memory();
      const taken = await importCar(pieces(both), { crypto, store: target, root: wanted });
      expect(taken.blocks).toBe(blocks);
      let stored = 0;
      for await (const cid of target.list()) stored += Number(await store.has(cid));
      expect(stored).toBe(blocks);
    }
    const attempt = (bytes: Uint8Array, wanted: CID) =>
      importCar(pieces(bytes), { crypto, store: memory(), root: wanted });
    // Not a root of it, missing under the other root, under no root.
    await expect(attempt(both, middle)).rejects.toThrow(code('ERR_CONTENT_CAR'));
    await expect(attempt(concatBytes(header([other, root]), body), other)).rejects.toThrow(
      code('ERR_CONTENT_CAR'),
    );
    await expect(attempt(concatBytes(header([root, middle]), body, section), root)).rejects.toThrow(
      code('ERR_CONTENT_CAR'),
    );
  });

  it('answers any bytes with a typed error', async () => {
    const { root, car } = await sample();
    const attempt = async (bytes: Uint8Array) => {
      try {
        await importCar(pieces(bytes, 11), { crypto, store: memory(), root });
      } catch (error) {
        expect(isEdmpError(error), String(error)).toBe(true);
        return;
      }
      throw new Error('accepted');
    };
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), attempt), { numRuns: 300 });
    await fc.assert(
      fc.asyncProperty(fc.nat(car.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) =>
        attempt(car.with(at, car[at]! ^ mask)),
      ),
      { numRuns: 300 },
    );
  });

  const dir = sharedPath('vectors/gateway');
  const files =
    dir !== undefined && existsSync(dir) ? readdirSync(dir).filter((name) => name.endsWith('.car')) : [];
  it('reads the gateway-conformance fixtures', async () => {
    let blocks = 0;
    for (const file of files) {
      const car = await readCar(createReadStream(join(dir ?? '', file)));
      expect(car.roots.length, file).toBe(1);
      for await (const block of car.blocks) {
        expect(isIntact(crypto, block), `${file} ${block.cid}`).toBe(true);
        blocks += 1;
      }
    }
    console.log(
      `gateway-conformance CAR fixtures: ${files.length}/${files.length} files, ${blocks} blocks intact`,
    );
    expect(files.length).toBe(5);
  });
});
