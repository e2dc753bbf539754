import { CODEC_DAG_CBOR, CODEC_RAW, equalBytes, utf8ToBytes } from '@edmp/interface';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';
import { describe, expect, it } from 'vitest';
import { collectAll, rejection } from '../support.ts';
import { type ContentStoreSuiteOptions, cidOf, linkList, plant, texts, withStore } from './harness.ts';

const MEBIBYTE = 1 << 20;
const noise = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + (i >>> 8) * seed + seed) & 255);

/** Reading, writing, verifying and limits. */
export function blockCases(options: ContentStoreSuiteOptions): void {
  describe('blocks', () => {
    it('gives back raw and dag-cbor blocks under their CID', () =>
      withStore(options, async (store, harness) => {
        const raw = utf8ToBytes('a raw block');
        const list = linkList([await cidOf(CODEC_RAW, raw)]);
        for (const [codec, bytes] of [[CODEC_RAW, raw] as const, [CODEC_DAG_CBOR, list] as const]) {
          const cid = await plant(harness, codec, bytes);
          expect(cid.toString()).toBe((await cidOf(codec, bytes)).toString());
          expect(await store.get(cid)).toEqual(bytes);
        }
      }));

    it('keeps empty blocks and blocks of 1 MiB', () =>
      withStore(options, async (store, harness) => {
        for (const length of [0, 1, MEBIBYTE]) {
          const bytes = noise(length);
          const cid = await plant(harness, CODEC_RAW, bytes);
          expect(equalBytes(await store.get(cid), bytes), `${length} bytes`).toBe(true);
        }
      }));

    it('keeps many blocks that were hashed already, where it can', () =>
      withStore(options, async (store) => {
        if (store.putMany === undefined || !store.can.write) return;
        const blocks = [];
        for (let i = 0; i < 100; i++) {
          const bytes = noise(300 + i, i);
          blocks.push({ cid: await cidOf(CODEC_RAW, bytes), bytes });
        }
        const list = linkList(blocks.map(({ cid }) => cid));
        const root = { cid: await cidOf(CODEC_DAG_CBOR, list), bytes: list };
        const given = [...blocks, root, ...blocks.slice(0, 3)];
        await store.putMany(given.map(({ cid, bytes }) => ({ cid, bytes: bytes.slice() })));
        for (const { cid, bytes } of [...blocks, root]) {
          expect(await store.has(cid)).toBe(true);
          expect(equalBytes(await store.get(cid), bytes)).toBe(true);
        }
        await store.putMany([]);
      }));

    it('refuses a block that is handed over under a wrong CID, or tells whoever reads it', () =>
      withStore(options, async (store) => {
        if (store.putMany === undefined || !store.can.write) return;
        const cid = await cidOf(CODEC_RAW, utf8ToBytes('what it should be'));
        const stored = store.putMany([{ cid, bytes: utf8ToBytes('what it is') }]);
        const taken = await stored.then(
          () => true,
          () => false,
        );
        await rejection(store.get(cid), taken ? 'ERR_CONTENT_HASH' : 'ERR_CONTENT_NOT_FOUND');
      }));

    it('refuses many blocks of which one is too long or of an unknown kind', () =>
      withStore(options, async (store) => {
        if (store.putMany === undefined || !store.can.write) return;
        const good = utf8ToBytes('in good company');
        const block = { cid: await cidOf(CODEC_RAW, good), bytes: good };
        const long = new Uint8Array(MEBIBYTE + 1);
        const tooLong = { cid: await cidOf(CODEC_RAW, long), bytes: long };
        await rejection(store.putMany([block, tooLong]), 'ERR_CONTENT_TOO_LARGE');
        const other = { cid: CID.createV1(0x70, block.cid.multihash), bytes: good };
        await rejection(store.putMany([other]), 'ERR_CONTENT_CODEC');
        await rejection(store.putMany([block], { signal: AbortSignal.abort() }), 'ERR_ABORTED');
        expect(await store.has(block.cid)).toBe(false);
      }));

    it('says ERR_CONTENT_NOT_FOUND for what nobody has', () =>
      withStore(options, async (store) => {
        const cid = await cidOf(CODEC_RAW, utf8ToBytes('never stored'));
        await rejection(store.get(cid), 'ERR_CONTENT_NOT_FOUND');
        expect(await store.has(cid)).toBe(false);
      }));

    it('refuses CIDs of other versions, codecs and hashes', () =>
      withStore(options, async (store) => {
        const { multihash } = await cidOf(CODEC_RAW, utf8ToBytes('x'));
        const refused = [
          CID.createV0(createDigest(0x12, multihash.digest)),
          CID.createV1(0x70, multihash),
          CID.createV1(CODEC_RAW, createDigest(0x13, new Uint8Array(64))),
          CID.createV1(CODEC_RAW, createDigest(0x00, utf8ToBytes('x'))),
        ];
        for (const cid of refused) await rejection(store.get(cid), 'ERR_CONTENT_CODEC');
      }));

    it('refuses to read a block larger than asked for', () =>
      withStore(options, async (store, harness) => {
        const cid = await plant(harness, CODEC_RAW, noise(1000));
        expect((await store.get(cid, { maxBytes: 1000 })).length).toBe(1000);
        await rejection(store.get(cid, { maxBytes: 999 }), 'ERR_CONTENT_TOO_LARGE');
      }));

    it('never hands out bytes that do not match their CID', () =>
      withStore(options, async (store, harness) => {
        if (harness.corrupt === undefined) return;
        const cid = await plant(harness, CODEC_RAW, noise(5000));
        const other = await plant(harness, CODEC_RAW, noise(5000, 2));
        await harness.corrupt(cid);
        await rejection(store.get(cid), 'ERR_CONTENT_HASH');
        expect(await store.get(other)).toEqual(noise(5000, 2));
      }));

    it('stops when its caller has aborted', () =>
      withStore(options, async (store, harness) => {
        const bytes = utf8ToBytes('wanted');
        const cid = await plant(harness, CODEC_RAW, bytes);
        const signal = AbortSignal.abort();
        await rejection(store.get(cid, { signal }), 'ERR_ABORTED');
        if (store.can.write) await rejection(store.put(CODEC_RAW, bytes, { signal }), 'ERR_ABORTED');
        if (store.can.enumerate) await rejection(collectAll(store.list({ signal })), 'ERR_ABORTED');
        expect(await store.get(cid)).toEqual(bytes);
      }));
  });

  describe('writing', () => {
    it('says ERR_CONTENT_READ_ONLY for what it cannot do', () =>
      withStore(options, async (store) => {
        const cid = await cidOf(CODEC_RAW, utf8ToBytes('x'));
        if (!store.can.write) {
          await rejection(store.put(CODEC_RAW, utf8ToBytes('x')), 'ERR_CONTENT_READ_ONLY');
        }
        if (!store.can.pin) {
          await rejection(store.pin(cid, 'owner'), 'ERR_CONTENT_READ_ONLY');
          await rejection(store.unpin(cid, 'owner'), 'ERR_CONTENT_READ_ONLY');
          await rejection(store.collect(), 'ERR_CONTENT_READ_ONLY');
        }
        if (!store.can.enumerate) await rejection(collectAll(store.list()), 'ERR_CONTENT_READ_ONLY');
        expect(typeof store.can.write).toBe('boolean');
      }));

    it('holds what was put and lists it once', () =>
      withStore(options, async (store) => {
        if (!store.can.write) return;
        const cids = [
          await store.put(CODEC_RAW, utf8ToBytes('one')),
          await store.put(CODEC_RAW, utf8ToBytes('two')),
        ];
        expect(texts([await store.put(CODEC_RAW, utf8ToBytes('one'))])).toEqual(texts(cids.slice(0, 1)));
        for (const cid of cids) expect(await store.has(cid)).toBe(true);
        if (store.can.enumerate) expect(texts(await collectAll(store.list()))).toEqual(texts(cids));
      }));

    it('refuses a block above 1 MiB', () =>
      withStore(options, async (store) => {
        if (!store.can.write) return;
        const bytes = new Uint8Array(MEBIBYTE + 1);
        await rejection(store.put(CODEC_RAW, bytes), 'ERR_CONTENT_TOO_LARGE');
        expect(await store.has(await cidOf(CODEC_RAW, bytes))).toBe(false);
      }));

    it('copies bytes in and out', () =>
      withStore(options, async (store) => {
        if (!store.can.write) return;
        const bytes = utf8ToBytes('mine');
        const cid = await store.put(CODEC_RAW, bytes);
        bytes.fill(0);
        (await store.get(cid)).fill(1);
        expect(await store.get(cid)).toEqual(utf8ToBytes('mine'));
      }));

    it('takes the same and different blocks at the same time', () =>
      withStore(options, async (store) => {
        if (!store.can.write) return;
        const blocks = Array.from({ length: 40 }, (_, i) => noise(2000, i % 10));
        const cids = await Promise.all(blocks.map((bytes) => store.put(CODEC_RAW, bytes)));
        expect(new Set(texts(cids)).size).toBe(10);
        for (const [i, cid] of cids.entries()) expect(await store.get(cid)).toEqual(blocks[i]);
        if (store.can.enumerate) expect((await collectAll(store.list())).length).toBe(10);
      }));

    it('keeps blocks and pins over reopening where it persists', () =>
      withStore(options, async (store, harness) => {
        if (!store.can.write || harness.reopen === undefined) return;
        const leaf = await store.put(CODEC_RAW, noise(100));
        const root = await store.put(CODEC_DAG_CBOR, linkList([leaf]));
        const loose = await store.put(CODEC_RAW, noise(100, 2));
        if (store.can.pin) await store.pin(root, 'owner');
        const again = await harness.reopen();
        expect(await again.get(leaf)).toEqual(noise(100));
        expect(await again.has(loose)).toBe(true);
        if (!again.can.pin) return;
        expect(await again.collect()).toEqual({ blocks: 1, bytes: 100 });
        expect([await again.has(leaf), await again.has(root), await again.has(loose)]).toEqual([
          true,
          true,
          false,
        ]);
      }));
  });
}
