import { type BlockStore, type SigningLease, sleep, systemEnvironment } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { eventually, itemAt, rejection } from '../support.ts';
import {
  AUTHORS,
  author,
  type BlockStoreHarness,
  type BlockStoreSuiteOptions,
  facts,
  ids,
  makeBlock,
  makeChain,
  reservationOf,
  strangeId,
  withStore,
} from './harness.ts';

const NOW = 1_700_000_000_000;

/** What a lease must look like. */
function expectLease(lease: SigningLease | undefined, holder: string, fence: number, until: number): void {
  expect(lease).toMatchObject({ holder, fence, until });
  expect(lease?.author).toEqual(author(0));
}

/** Pages of authors, one moment's reads, leases with their fence, and several openers of one store (DESIGN §3.5). */
export function sharingCases(options: BlockStoreSuiteOptions): void {
  describe('sharing', () => {
    it('gives authors by pages', () =>
      withStore(options, async (store) => {
        for (const key of AUTHORS) await store.put(await makeChain(options, key, 1));
        const pages: number[] = [];
        const seen: unknown[] = [];
        let after: SigningLease['author'] | undefined;
        for (;;) {
          const page = await store.authors({ limit: 2, ...(after === undefined ? {} : { after }) });
          if (page.length === 0) break;
          pages.push(page.length);
          seen.push(...page);
          after = page.at(-1);
        }
        expect(seen).toEqual(AUTHORS);
        expect(Math.max(...pages)).toBe(2);
        expect(await store.authors({ limit: 0 })).toEqual([]);
        expect(await store.authors({ after: author(AUTHORS.length - 1), limit: 5 })).toEqual([]);
        // A key that nobody has says where to go on as well.
        const between = author(0).with(31, (author(0).at(31) ?? 0) ^ 1) as typeof after;
        const rest = await store.authors({
          limit: 100,
          ...(between === undefined ? {} : { after: between }),
        });
        expect([AUTHORS.length, AUTHORS.length - 1]).toContain(rest.length);
      }));

    it('reads one moment, whatever is written meanwhile', () =>
      withStore(options, async (store) => {
        const chain = await makeChain(options, author(0), 6);
        await store.put(chain.slice(0, 3));
        await store.putProof(author(0), strangeId(1), Uint8Array.of(1));
        const written: Promise<unknown>[] = [];
        const seen = await store.snapshot(async (stored) => {
          const before = await stored.head(author(0));
          written.push(
            store.put(chain.slice(3)),
            store.putProof(author(0), strangeId(2), Uint8Array.of(2)),
            ...(store.remove === undefined ? [] : [store.remove([itemAt(chain, 0).id])]),
          );
          const late = itemAt(chain, 4);
          return {
            before,
            head: await stored.head(author(0)),
            at: await stored.at(author(0), 4),
            first: await stored.get(itemAt(chain, 0).id),
            many: (await stored.getMany([late.id, itemAt(chain, 2).id])).map((block) => block !== undefined),
            has: await stored.has(late.id),
            range: ids(await stored.range(author(0), 1, 10, 100)),
            next: (await stored.neighbours(author(0), 3)).next,
            count: [await stored.count(), await stored.count(author(0))],
            since: (await stored.since(0, 100)).length,
            newest: ids((await stored.newest(1)).map(({ block }) => block)),
            byType: (await stored.byType('suite/a', { limit: 100 })).length,
            answers: await stored.answersBy([{ link: late.id }], 1),
            proofs: (await stored.proofs(author(0))).length,
            authors: await stored.authors({ limit: 5 }),
          };
        });
        await Promise.all(written);
        expect(seen).toMatchObject({
          at: [],
          many: [false, true],
          has: false,
          range: ids(chain.slice(0, 3)),
          next: [],
          count: [3, 3],
          since: 3,
          newest: ids(chain.slice(2, 3)),
          byType: 3,
          answers: [[]],
          proofs: 1,
          authors: [author(0)],
        });
        for (const block of [seen.before, seen.head]) {
          expect(block && facts(block)).toEqual(facts(itemAt(chain, 2)));
        }
        expect(seen.first && facts(seen.first)).toEqual(facts(itemAt(chain, 0)));
        // What was written meanwhile is there afterwards.
        expect(await store.count()).toBe(store.remove === undefined ? 6 : 5);
        expect(await store.proofs(author(0))).toHaveLength(2);
      }));

    it('hands on what a reader of one moment throws, and goes on', () =>
      withStore(options, async (store) => {
        const wrong = new Error('nothing to see');
        await expect(store.snapshot(() => Promise.reject(wrong))).rejects.toThrow('nothing to see');
        await store.put(await makeChain(options, author(0), 2));
        expect(await store.snapshot((stored) => stored.count())).toBe(2);
      }));

    it('leases an author to one holder at a time, with a fence that grows with each', () =>
      withStore(options, async (store) => {
        const lease = (holder: string, now: number, until: number) =>
          store.lease(author(0), { holder, now, until });
        const first = await lease('a', NOW, NOW + 10);
        expectLease(first, 'a', 1, NOW + 10);
        expect(await lease('b', NOW + 9, NOW + 20)).toBeUndefined();
        expectLease(await lease('a', NOW + 5, NOW + 30), 'a', 1, NOW + 30);
        expect(await lease('b', NOW + 29, NOW + 40)).toBeUndefined();
        expectLease(await lease('b', NOW + 30, NOW + 40), 'b', 2, NOW + 40);
        expect(await lease('a', NOW + 31, NOW + 50)).toBeUndefined();
        // Somebody else's author is somebody else's.
        expect(await store.lease(author(1), { holder: 'a', now: NOW, until: NOW + 5 })).toMatchObject({
          fence: 1,
        });
        if (first !== undefined) await store.endLease(first);
        expect(await lease('a', NOW + 31, NOW + 50), 'an old lease ends nothing').toBeUndefined();
        const second = await lease('b', NOW + 35, NOW + 60);
        if (second !== undefined) await store.endLease(second);
        expectLease(await lease('a', NOW + 36, NOW + 50), 'a', 3, NOW + 50);
        for (const until of [NOW, NOW - 1, Number.NaN, 0.5, NOW + 3_600_001]) {
          await rejection(lease('c', NOW, until), 'ERR_INVALID_ARGUMENT');
        }
        for (const holder of ['', 'x'.repeat(1_000)]) {
          await rejection(lease(holder, NOW, NOW + 1), 'ERR_INVALID_ARGUMENT');
        }
      }));

    it('lets no lease of a clock that was wrong keep anybody waiting', () =>
      withStore(options, async (store) => {
        const year = 365 * 24 * 3_600_000;
        const lease = (holder: string, now: number) =>
          store.lease(author(0), { holder, now, until: now + 1_000 });
        expectLease(await lease('ahead', NOW + year), 'ahead', 1, NOW + year + 1_000);
        expectLease(await lease('right', NOW), 'right', 2, NOW + 1_000);
        // Its own holder, whose clock was set right, has it for as long as it asks.
        expectLease(await lease('right', NOW + year), 'right', 2, NOW + year + 1_000);
        expectLease(await lease('right', NOW), 'right', 2, NOW + 1_000);
        await rejection(store.reserve(author(0), { ...reservationOf(1, 1), fence: 1 }), 'ERR_STORE_FENCED');
      }));

    it('reserves nothing at or below a stored block of the author', () =>
      withStore(options, async (store) => {
        const chain = await makeChain(options, author(0), 3);
        await store.put(chain);
        const at = (seq: number, fill: number) => store.reserve(author(0), reservationOf(seq, fill));
        for (const seq of [1, 3]) await rejection(at(seq, 9), 'ERR_STORE_RESERVED');
        expect(await store.unfinished(author(0))).toEqual([]);
        // All or none, as ever.
        await rejection(
          store.reserve(author(0), reservationOf(3, 8), reservationOf(4, 8)),
          'ERR_STORE_RESERVED',
        );
        expect(await store.reservation(author(0))).toBeUndefined();
        await at(4, 9);
        expect((await store.unfinished(author(0))).map(({ seq }) => seq)).toEqual([4]);
        await store.reserve(author(1), reservationOf(1, 9));
      }));

    it('reserves nothing under an older lease, nor without one', () =>
      withStore(options, async (store) => {
        const at = (seq: number, fence?: number) =>
          store.reserve(author(0), {
            ...reservationOf(seq, seq),
            ...(fence === undefined ? {} : { fence }),
          });
        await at(1);
        await rejection(at(2, 1), 'ERR_STORE_FENCED');
        await store.lease(author(0), { holder: 'a', now: NOW, until: NOW + 10 });
        await rejection(at(2), 'ERR_STORE_FENCED');
        await at(2, 1);
        await store.lease(author(0), { holder: 'b', now: NOW + 10, until: NOW + 20 });
        await rejection(at(3, 1), 'ERR_STORE_FENCED');
        await rejection(at(2, 1), 'ERR_STORE_FENCED');
        await at(3, 2);
        const wrong = { ...reservationOf(5, 5), fence: 1 };
        await rejection(
          store.reserve(author(0), { ...reservationOf(4, 4), fence: 2 }, wrong),
          'ERR_STORE_FENCED',
        );
        expect((await store.unfinished(author(0))).map(({ seq }) => seq)).toEqual([1, 2, 3]);
        expect(await store.reservation(author(0))).not.toHaveProperty('fence');
        await store.reserve(author(1), reservationOf(1, 9));
      }));

    it('keeps leases of a store that persists', () =>
      withStore(options, async (store, harness) => {
        await store.lease(author(0), { holder: 'a', now: NOW, until: NOW + 10 });
        if (harness.reopen === undefined) return;
        const again = await harness.reopen();
        await rejection(again.reserve(author(0), reservationOf(1, 1)), 'ERR_STORE_FENCED');
        expect(await again.lease(author(0), { holder: 'b', now: NOW, until: NOW + 10 })).toBeUndefined();
        expectLease(
          await again.lease(author(0), { holder: 'b', now: NOW + 10, until: NOW + 20 }),
          'b',
          2,
          NOW + 20,
        );
      }));

    it('shows each opener what the others write, and tells it', () =>
      withStore(options, (store, harness) => together(options, store, harness)));

    it('lets no opener go by what it saw before another wrote', () =>
      withStore(options, async (store, harness) => {
        if (harness.another === undefined) return;
        const other = await harness.another();
        try {
          // Looked for here in vain, then stored by the other: it is not stored a second time.
          const [early, late] = await makeChain(options, author(0), 2);
          if (early === undefined || late === undefined) throw new Error('a chain of two');
          expect(await store.has(early.id)).toBe(false);
          expect(await other.put([early])).toBe(1);
          expect(await store.put([early])).toBe(0);
          expect([await store.count(), (await other.since(0, 10)).length]).toEqual([1, 1]);
          // Reserved by the other and stored here: nothing is left to sign.
          await other.reserve(author(0), { ...reservationOf(2, 0), id: late.id });
          expect(await store.put([late])).toBe(1);
          for (const one of [store, other]) expect(await one.unfinished(author(0))).toEqual([]);
          // Stored by the other: not reserved here for something else.
          const [third] = (await makeChain(options, author(0), 3)).slice(2);
          expect(await other.put(third === undefined ? [] : [third])).toBe(1);
          await rejection(store.reserve(author(0), reservationOf(3, 7)), 'ERR_STORE_RESERVED');
        } finally {
          await other.close();
        }
      }));
  });
}

async function together(
  options: BlockStoreSuiteOptions,
  store: BlockStore,
  harness: BlockStoreHarness,
): Promise<void> {
  if (harness.another === undefined) return;
  const environment = systemEnvironment();
  const other = await harness.another();
  try {
    let told = 0;
    const end = store.changed(() => {
      told += 1;
    });
    const chain = await makeChain(options, author(0), 3);
    await store.put(chain.slice(0, 1));
    expect(await other.count()).toBe(1);
    expect(await other.put(chain)).toBe(2);
    await eventually(environment, 'told of blocks', () => told > 0);
    expect(await store.count()).toBe(3);
    expect(ids((await store.since(0, 10)).map(({ block }) => block))).toEqual(ids(chain));
    // Arrivals are numbered together, each once.
    const fork = await makeBlock(options, { seq: 3, tx: 'other' });
    const [here, there] = await Promise.all([
      store.put([fork]),
      other.put(await makeChain(options, author(1), 2)),
    ]);
    expect([here, there]).toEqual([1, 2]);
    const arrivals = (await other.since(0, 100)).map(({ arrival }) => arrival);
    expect(new Set(arrivals).size).toBe(6);
    expect(await store.at(author(0), 3)).toHaveLength(2);

    told = 0;
    await other.putProof(author(0), strangeId(3), Uint8Array.of(3));
    await eventually(environment, 'told of a proof', () => told > 0);
    expect(await store.proofs(author(0))).toEqual([Uint8Array.of(3)]);

    // Two that want one position: one gets it.
    const asked = await Promise.allSettled([
      store.reserve(author(0), reservationOf(9, 1)),
      other.reserve(author(0), reservationOf(9, 2)),
    ]);
    expect(asked.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const leases = await Promise.all(
      [store, other].map((one, i) => one.lease(author(2), { holder: `h${i}`, now: NOW, until: NOW + 5 })),
    );
    expect(leases.filter((lease) => lease !== undefined)).toHaveLength(1);

    end();
    told = 0;
    await other.put(await makeChain(options, author(3), 1));
    await sleep(environment, 500);
    expect(told, 'told after it had said that it would not listen').toBe(0);
  } finally {
    await other.close();
  }
  expect(await store.count(), 'one opener closes for itself').toBe(7);
}
