import { type BlockStore, bytesToHex } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { itemAt, rejection } from '../support.ts';
import {
  author,
  type BlockStoreSuiteOptions,
  facts,
  ids,
  makeBlock,
  makeChain,
  reservationFacts,
  reservationOf,
  strangeId,
  withStore,
} from './harness.ts';

/** Puts, proofs and reservations. */
export function writeCases(options: BlockStoreSuiteOptions): void {
  describe('puts', () => {
    it('counts only what is new, inside a batch and across batches', () =>
      withStore(options, async (store) => {
        const [one, two, three] = await makeChain(options, author(0), 3);
        if (one === undefined || two === undefined || three === undefined) return expect.fail('no chain');
        expect(await store.put([])).toBe(0);
        expect(await store.put([one, two, one])).toBe(2);
        expect(await store.put([two, three], { durable: true })).toBe(1);
        expect(await store.put([one, two, three])).toBe(0);
        expect(await store.count()).toBe(3);
        expect(ids((await store.since(0, 9)).map(({ block }) => block))).toEqual(ids([one, two, three]));
      }));

    it('keeps the first signature of a core: a second one is not another block', () =>
      withStore(options, async (store) => {
        const first = await makeBlock(options, { seq: 1 }, new Uint8Array(64).fill(1));
        const second = await makeBlock(options, { seq: 1 }, new Uint8Array(64).fill(2));
        expect(second.id.equals(first.id)).toBe(true);
        expect(await store.put([first])).toBe(1);
        expect(await store.put([second])).toBe(0);
        const stored = await store.get(first.id);
        expect(stored && facts(stored)).toEqual(facts(first));
      }));

    it('takes a large batch at once', () =>
      withStore(options, async (store) => {
        const chain = await makeChain(options, author(0), 2000);
        expect(await store.put(chain)).toBe(2000);
        expect(await store.count(author(0))).toBe(2000);
        expect(ids(await store.range(author(0), 1, 2000, 5000))).toEqual(ids(chain));
      }));

    it('adds every block once when many puts overlap in time', () =>
      withStore(options, async (store) => {
        const chain = await makeChain(options, author(0), 60);
        const batches = Array.from({ length: 30 }, (_, i) => chain.slice(i, i + 31));
        const added = await Promise.all(
          batches.map((batch, i) => store.put(batch, { durable: i % 2 === 0 })),
        );
        expect(added.reduce((sum, count) => sum + count, 0)).toBe(60);
        const arrivals = await store.since(0, 1000);
        expect(ids(arrivals.map(({ block }) => block)).sort()).toEqual(ids(chain).sort());
        expect(new Set(arrivals.map(({ arrival }) => arrival)).size).toBe(60);
      }));

    it('shows a put to everybody who asks after it resolved', () =>
      withStore(options, async (store) => {
        const chain = await makeChain(options, author(0), 20);
        await Promise.all(
          chain.map(async (block) => {
            await store.put([block]);
            expect(await store.has(block.id)).toBe(true);
            expect(ids(await store.at(author(0), block.core.seq))).toEqual(ids([block]));
          }),
        );
      }));
  });

  describe('fraud proofs', () => {
    it('keeps each proof once and gives them per author', () =>
      withStore(options, async (store) => {
        const proofs = [Uint8Array.of(1), Uint8Array.of(2, 2), new Uint8Array(70_000).fill(3)];
        for (const [i, proof] of proofs.entries()) {
          expect(await store.putProof(author(0), strangeId(i), proof)).toBe(true);
        }
        expect(await store.putProof(author(0), strangeId(1), Uint8Array.of(2, 2))).toBe(false);
        expect(await store.putProof(author(1), strangeId(9), Uint8Array.of(9))).toBe(true);
        expect((await store.proofs(author(0))).map(bytesToHex).sort()).toEqual(proofs.map(bytesToHex).sort());
        expect(await store.proofs(author(1))).toEqual([Uint8Array.of(9)]);
        expect(await store.proofs(author(2))).toEqual([]);
        expect(await store.count(), 'proofs are no blocks').toBe(0);
      }));
  });

  describe('reservations', () => {
    const reserve = (store: BlockStore, seq: number, fill: number, key = author(0)): Promise<void> =>
      store.reserve(key, reservationOf(seq, fill));

    it('reserves each position for one core, and again for the same core', () =>
      withStore(options, async (store) => {
        await reserve(store, 1, 1);
        await reserve(store, 1, 1);
        await rejection(reserve(store, 1, 2), 'ERR_STORE_RESERVED');
        expect(reservationFacts(await store.reservation(author(0)))).toEqual(
          reservationFacts(reservationOf(1, 1)),
        );
        await reserve(store, 2, 2);
        expect(reservationFacts(await store.reservation(author(0)))).toEqual(
          reservationFacts(reservationOf(2, 2)),
        );
        await reserve(store, 1, 1);
        expect((await store.reservation(author(0)))?.seq, 'the highest stays the latest').toBe(2);
      }));

    it('may skip positions but never goes back to them', () =>
      withStore(options, async (store) => {
        await reserve(store, 5, 5);
        await reserve(store, 9, 9);
        await rejection(reserve(store, 5, 6), 'ERR_STORE_RESERVED');
        await rejection(reserve(store, 7, 7), 'ERR_STORE_RESERVED');
        expect((await store.reservation(author(0)))?.seq).toBe(9);
      }));

    it('keeps authors apart and adds no block', () =>
      withStore(options, async (store) => {
        await reserve(store, 4, 4);
        await reserve(store, 1, 1, author(1));
        expect((await store.reservation(author(0)))?.seq).toBe(4);
        expect((await store.reservation(author(1)))?.seq).toBe(1);
        expect(await store.count()).toBe(0);
        expect(await store.authors({ limit: 100 })).toEqual([]);
      }));

    it('lets exactly one of several rivals win a position', () =>
      withStore(options, async (store) => {
        const outcomes = await Promise.allSettled(
          Array.from({ length: 10 }, (_, i) => reserve(store, 1, i + 1)),
        );
        const winners = outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [i + 1] : []));
        expect(winners.length).toBe(1);
        expect((await store.reservation(author(0)))?.id.toString()).toBe(`${strangeId(itemAt(winners, 0))}`);
      }));

    it('holds a reservation also after its block was stored', () =>
      withStore(options, async (store) => {
        const block = await makeBlock(options, { seq: 1 });
        await store.reserve(author(0), { seq: 1, prev: null, id: block.id, core: block.coreBytes });
        await store.put([block], { durable: true });
        await rejection(reserve(store, 1, 8), 'ERR_STORE_RESERVED');
        expect((await store.reservation(author(0)))?.id.toString()).toBe(block.id.toString());
      }));

    it('reserves several positions together: all or none', () =>
      withStore(options, async (store) => {
        await store.reserve(author(0), reservationOf(1, 1), reservationOf(2, 2), reservationOf(3, 3));
        expect((await store.unfinished(author(0))).map(({ seq }) => seq)).toEqual([1, 2, 3]);
        await rejection(
          store.reserve(author(0), reservationOf(4, 4), reservationOf(3, 9)),
          'ERR_STORE_RESERVED',
        );
        expect((await store.reservation(author(0)))?.seq).toBe(3);
        expect((await store.unfinished(author(0))).map(({ seq }) => seq)).toEqual([1, 2, 3]);
      }));

    it('lists the reservations whose block is not stored, by position', () =>
      withStore(options, async (store) => {
        const chain = await makeChain(options, author(0), 4);
        const own = chain.map(({ id, coreBytes, core: { seq, prev } }) => ({
          seq,
          prev,
          id,
          core: coreBytes,
        }));
        for (const reservation of own) await store.reserve(author(0), reservation);
        await reserve(store, 7, 7, author(1));
        await store.put([itemAt(chain, 1)], { durable: true });
        await store.put([await makeBlock(options, { seq: 3, tx: 'a fork of the reserved one' })]);
        expect((await store.unfinished(author(0))).map(reservationFacts)).toEqual(
          own.filter(({ seq }) => seq !== 2).map(reservationFacts),
        );
        await store.put(chain, { durable: true });
        expect(await store.unfinished(author(0))).toEqual([]);
        expect((await store.unfinished(author(1))).map(({ seq }) => seq)).toEqual([7]);
      }));
  });
}
