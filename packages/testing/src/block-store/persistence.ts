import { describe, expect, it } from 'vitest';
import { itemAt, rejection } from '../support.ts';
import {
  author,
  type BlockStoreSuiteOptions,
  facts,
  ids,
  makeChain,
  reservationFacts,
  reservationOf,
  strangeId,
  withStore,
} from './harness.ts';

/** What must still be there after closing and opening again. Does nothing on stores that do not persist. */
export function persistenceCases(options: BlockStoreSuiteOptions): void {
  describe('reopening', () => {
    it('keeps blocks, arrivals, proofs and reservations of a store that persists', () =>
      withStore(options, async (store, harness) => {
        const chain = await makeChain(options, author(0), 5);
        await store.put(chain.slice(2), { durable: true });
        await store.put(chain.slice(0, 2));
        await store.putProof(author(1), strangeId(1), Uint8Array.of(1, 2, 3));
        await store.reserve(author(0), reservationOf(6, 6));
        const before = await store.since(0, 100);
        if (harness.reopen === undefined) {
          expect(await store.count()).toBe(5);
          return;
        }
        const again = await harness.reopen();
        const after = await again.since(0, 100);
        expect(after.map(({ arrival, block }) => [arrival, facts(block)])).toEqual(
          before.map(({ arrival, block }) => [arrival, facts(block)]),
        );
        expect(await again.proofs(author(1))).toEqual([Uint8Array.of(1, 2, 3)]);
        expect(await again.putProof(author(1), strangeId(1), Uint8Array.of(1, 2, 3))).toBe(false);
        expect(reservationFacts(await again.reservation(author(0)))).toEqual(
          reservationFacts(reservationOf(6, 6)),
        );
        expect((await again.unfinished(author(0))).map(({ seq }) => seq)).toEqual([6]);
        await rejection(again.reserve(author(0), reservationOf(6, 7)), 'ERR_STORE_RESERVED');
        expect(await again.put(chain)).toBe(0);
        const more = await makeChain(options, author(2), 1);
        await again.put(more);
        const last = (await again.since(0, 100)).at(-1);
        expect(last && ids([last.block])).toEqual(ids(more));
        expect(last?.arrival).toBeGreaterThan(itemAt(before, before.length - 1).arrival);
      }));
  });
}
