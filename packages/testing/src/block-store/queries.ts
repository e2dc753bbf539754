import { type BlockStore, compareBytes, equalBytes, type HalfBlock } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { itemAt } from '../support.ts';
import {
  AUTHORS,
  author,
  type BlockStoreSuiteOptions,
  facts,
  ids,
  makeBlock,
  makeChain,
  strangeId,
  withStore,
} from './harness.ts';

const byId = (a: HalfBlock, b: HalfBlock): number => compareBytes(a.id.bytes, b.id.bytes);

const answersTo = async (store: BlockStore, block: HalfBlock): Promise<string[]> =>
  ids((await store.answers(block.id, { limit: 1_000 })).map((arrived) => arrived.block));

/** Each look-up on its own. */
export function queryCases(options: BlockStoreSuiteOptions): void {
  describe('look-ups', () => {
    it('answers every question about an empty store', () =>
      withStore(options, async (store) => {
        const id = strangeId(1);
        expect(await store.get(id)).toBeUndefined();
        expect(await store.getMany([])).toEqual([]);
        expect(await store.getMany([id, id])).toEqual([undefined, undefined]);
        expect(await store.answersBy([], 1)).toEqual([]);
        expect(await store.answersBy([{ link: id }, { link: id, author: author(0) }], 1)).toEqual([[], []]);
        expect(await store.has(id)).toBe(false);
        expect(await store.at(author(0), 1)).toEqual([]);
        expect(await store.range(author(0), 1, 10, 10)).toEqual([]);
        expect(await store.head(author(0))).toBeUndefined();
        expect(await store.neighbours(author(0), 1)).toEqual({ previous: [], next: [] });
        expect(await store.answers(id, { limit: 10 })).toEqual([]);
        expect(await store.byType('suite/a', { limit: 10 })).toEqual([]);
        expect(await store.since(0, 10)).toEqual([]);
        expect(await store.newest(10)).toEqual([]);
        expect(await store.authors({ limit: 100 })).toEqual([]);
        expect(await store.count()).toBe(0);
        expect(await store.count(author(0))).toBe(0);
        expect(await store.proofs(author(0))).toEqual([]);
        expect(await store.reservation(author(0))).toBeUndefined();
        expect(await store.unfinished(author(0))).toEqual([]);
      }));

    it('gives back every field of every kind of block', () =>
      withStore(options, async (store) => {
        const first = await makeBlock(options, { seq: 1, peer: author(1), tx: { n: 1, s: 'text' } });
        const blocks = [
          first,
          await makeBlock(options, { seq: 2, prev: first.id, tx: null, time: 0 }),
          await makeBlock(options, { seq: 1, key: author(1), peer: author(0), link: first.id, type: 'a' }),
          await makeBlock(options, { seq: Number.MAX_SAFE_INTEGER, key: author(2), type: 'x'.repeat(64) }),
          await makeBlock(options, { seq: 3, tx: new Uint8Array(60_000).fill(7) }),
        ];
        expect(await store.put(blocks)).toBe(blocks.length);
        for (const block of blocks) {
          const stored = await store.get(block.id);
          expect(stored && facts(stored)).toEqual(facts(block));
          expect(stored?.core.tx).toEqual(block.core.tx);
          expect(await store.has(block.id)).toBe(true);
        }
      }));

    it('keeps every branch of a fork, in order of id bytes', () =>
      withStore(options, async (store) => {
        const branches: HalfBlock[] = [];
        for (let n = 0; n < 5; n++) branches.push(await makeBlock(options, { seq: 2, tx: { n } }));
        await store.put(branches);
        expect(ids(await store.at(author(0), 2))).toEqual(ids([...branches].sort(byId)));
        expect(await store.at(author(0), 1)).toEqual([]);
        expect(await store.at(author(1), 2)).toEqual([]);
      }));

    it('ranges over a chain with bounds, branches and a limit', () =>
      withStore(options, async (store) => {
        const chain = await makeChain(options, author(0), 9);
        const branch = await makeBlock(options, { seq: 4, tx: 'branch' });
        await store.put([...chain].reverse());
        await store.put([branch, ...(await makeChain(options, author(1), 3))]);
        const fork = [itemAt(chain, 3), branch].sort(byId);
        const expected = [itemAt(chain, 2), ...fork, itemAt(chain, 4)];
        expect(ids(await store.range(author(0), 3, 5, 100))).toEqual(ids(expected));
        expect(ids(await store.range(author(0), 3, 5, 2))).toEqual(ids(expected.slice(0, 2)));
        expect(ids(await store.range(author(0), 9, Number.MAX_SAFE_INTEGER, 5))).toEqual(ids(chain.slice(8)));
        expect(await store.range(author(0), 10, 20, 5)).toEqual([]);
        expect(await store.range(author(0), 5, 4, 5)).toEqual([]);
        expect(await store.range(author(0), 1, 9, 0)).toEqual([]);
      }));

    it('finds the head by number, whatever arrived last, and breaks ties by id', () =>
      withStore(options, async (store) => {
        const chain = await makeChain(options, author(0), 3);
        const branch = await makeBlock(options, { seq: 3, tx: 'branch' });
        await store.put([itemAt(chain, 2)]);
        await store.put([itemAt(chain, 0), itemAt(chain, 1)]);
        expect((await store.head(author(0)))?.id.toString()).toBe(itemAt(chain, 2).id.toString());
        await store.put([branch]);
        const lowest = itemAt([itemAt(chain, 2), branch].sort(byId), 0);
        expect((await store.head(author(0)))?.id.toString()).toBe(lowest.id.toString());
        expect(await store.head(author(1))).toBeUndefined();
      }));

    it('finds the nearest neighbours across gaps, with every branch', () =>
      withStore(options, async (store) => {
        const low = await makeBlock(options, { seq: 2 });
        const fork = [
          await makeBlock(options, { seq: 7, tx: 'a' }),
          await makeBlock(options, { seq: 7, tx: 'b' }),
        ].sort(byId);
        const other = await makeBlock(options, { seq: 5, key: author(1) });
        await store.put([...fork, low, other]);
        const around = async (seq: number): Promise<string[][]> => {
          const { previous, next } = await store.neighbours(author(0), seq);
          return [ids(previous), ids(next)];
        };
        expect(await around(5)).toEqual([ids([low]), ids(fork)]);
        expect(await around(2), 'the position itself is no neighbour').toEqual([[], ids(fork)]);
        expect(await around(7)).toEqual([ids([low]), []]);
        expect(await around(1)).toEqual([[], ids([low])]);
        expect(await around(100)).toEqual([ids(fork), []]);
      }));

    it('finds the answers to a block in order of arrival, from any author', () =>
      withStore(options, async (store) => {
        const proposal = await makeBlock(options, { seq: 1, peer: author(1) });
        const answers: HalfBlock[] = [];
        for (const [i, key] of [2, 1, 1, 0].entries()) {
          answers.push(await makeBlock(options, { seq: 5 - i, key: author(key), link: proposal.id }));
        }
        await store.put(answers);
        await store.put([await makeBlock(options, { seq: 9, link: strangeId(3) })]);
        expect(await answersTo(store, proposal), 'before the proposal itself').toEqual(ids(answers));
        await store.put([proposal]);
        expect(await answersTo(store, proposal)).toEqual(ids(answers));
        expect(await answersTo(store, itemAt(answers, 0))).toEqual([]);
      }));

    it('pages through one type, of one author or of all, in order of arrival', () =>
      withStore(options, async (store) => {
        const blocks: HalfBlock[] = [];
        for (let i = 0; i < 12; i++) {
          blocks.push(
            await makeBlock(options, {
              seq: 20 - i,
              key: author(i % 2),
              type: i % 3 === 0 ? 'suite/b' : 'suite/a',
            }),
          );
        }
        await store.put(blocks);
        const wanted = (type: string, of?: number): HalfBlock[] =>
          blocks.filter((block, i) => block.core.type === type && (of === undefined || i % 2 === of));
        for (const of of [undefined, 0, 1]) {
          const options = of === undefined ? {} : { author: author(of) };
          const paged: string[] = [];
          let after = 0;
          for (let page = 0; page < 20; page++) {
            const found = await store.byType('suite/a', { ...options, after, limit: 2 });
            if (found.length === 0) break;
            expect(found.length).toBeLessThanOrEqual(2);
            paged.push(...found.map(({ block }) => block.id.toString()));
            after = itemAt(found, found.length - 1).arrival;
          }
          expect(paged).toEqual(ids(wanted('suite/a', of)));
        }
        expect(await store.byType('suite', { limit: 9 }), 'no prefix match').toEqual([]);
        expect(await store.byType('suite/a', { author: author(2), limit: 9 })).toEqual([]);
      }));

    it('replays arrivals from any cursor, each block once', () =>
      withStore(options, async (store) => {
        const chain = await makeChain(options, author(0), 10);
        const order = [...chain.slice(5), ...chain.slice(0, 5)];
        for (const block of order) await store.put([block]);
        const all = await store.since(0, 100);
        expect(ids(all.map(({ block }) => block))).toEqual(ids(order));
        for (let i = 1; i < all.length; i++) {
          expect(itemAt(all, i).arrival).toBeGreaterThan(itemAt(all, i - 1).arrival);
        }
        expect(itemAt(all, 0).arrival, 'cursor 0 is before everything').toBeGreaterThan(0);
        const rest = await store.since(itemAt(all, 3).arrival, 4);
        expect(rest.map(({ arrival }) => arrival)).toEqual(all.slice(4, 8).map(({ arrival }) => arrival));
        expect(ids(rest.map(({ block }) => block))).toEqual(ids(order.slice(4, 8)));
        expect(await store.since(itemAt(all, 9).arrival, 5)).toEqual([]);
      }));

    it('gives the newest arrivals, in order of arrival, also when older or newer ones were removed', () =>
      withStore(options, async (store) => {
        const chain = await makeChain(options, author(0), 10);
        const order = [...chain.slice(5), ...chain.slice(0, 5)];
        for (const block of order) await store.put([block]);
        const newest = async (limit: number): Promise<string[]> =>
          ids((await store.newest(limit)).map(({ block }) => block));
        expect(await newest(3)).toEqual(ids(order.slice(7)));
        expect(await newest(1)).toEqual(ids(order.slice(9)));
        expect(await newest(10)).toEqual(ids(order));
        expect(await newest(1000)).toEqual(ids(order));
        for (const limit of [0, -1]) expect(await newest(limit)).toEqual([]);
        const all = await store.since(0, 100);
        expect((await store.newest(4)).map(({ arrival }) => arrival)).toEqual(
          all.slice(6).map(({ arrival }) => arrival),
        );
        if (store.remove === undefined) return;
        const gone = [0, 1, 2, 3, 6, 9].map((index) => itemAt(order, index));
        expect(await store.remove(gone.map(({ id }) => id))).toBe(6);
        const left = order.filter((block) => !gone.includes(block));
        for (const limit of [1, 2, 3, 4, 5]) expect(await newest(limit)).toEqual(ids(left.slice(-limit)));
        await store.put([itemAt(order, 0)]);
        expect(await newest(2)).toEqual(ids([itemAt(order, 8), itemAt(order, 0)]));
      }));

    it('answers many questions at once as it answers each', () =>
      withStore(options, async (store) => {
        const asked = await makeChain(options, author(0), 150);
        const answers: HalfBlock[] = [];
        for (const [i, { id }] of asked.entries()) {
          if (i % 3 === 0) continue;
          for (let key = 1; key <= i % 3; key++) {
            answers.push(
              await makeBlock(options, { seq: i + 1, key: author(key), peer: author(0), link: id }),
            );
          }
        }
        const stored = asked.filter((_, i) => i % 5 !== 0);
        await store.put([...answers, ...stored]);
        const questions = [...asked, ...asked.slice(0, 3)].map(({ id }) => id);
        const found = await store.getMany(questions);
        expect(found.length).toBe(questions.length);
        for (const [i, id] of questions.entries()) {
          const wanted = stored.find((block) => block.id.equals(id));
          const block = found[i];
          expect(block && facts(block)).toEqual(wanted && facts(wanted));
        }
        for (const key of [undefined, author(1), author(2), author(4)]) {
          const linked = await store.answersBy(
            questions.map((link) => (key === undefined ? { link } : { link, author: key })),
            1,
          );
          expect(linked.length).toBe(questions.length);
          for (const [i, id] of questions.entries()) {
            const wanted = answers.filter(
              ({ core }) => core.link?.equals(id) && (key === undefined || equalBytes(core.key, key)),
            );
            expect(ids(itemAt(linked, i))).toEqual(ids(wanted.slice(0, 1)));
          }
        }
      }));

    it('pages the answers to one block, of everybody and of one author', () =>
      withStore(options, async (store) => {
        const proposal = await makeBlock(options, { seq: 1, peer: author(1) });
        const answers: HalfBlock[] = [];
        for (let n = 0; n < 12; n++) {
          const key = author(1 + (n % 3));
          answers.push(await makeBlock(options, { seq: n + 1, key, peer: author(0), link: proposal.id }));
        }
        await store.put([itemAt(answers, 0), proposal, ...answers.slice(1)]);
        for (const key of [undefined, author(1), author(3)]) {
          const wanted = answers.filter(({ core }) => key === undefined || equalBytes(core.key, key));
          const paged: string[] = [];
          let after = 0;
          for (let page = 0; page < 20; page++) {
            const query = { after, limit: 2, ...(key === undefined ? {} : { author: key }) };
            const found = await store.answers(proposal.id, query);
            if (found.length === 0) break;
            expect(found.length).toBeLessThanOrEqual(2);
            paged.push(...ids(found.map(({ block }) => block)));
            after = itemAt(found, found.length - 1).arrival;
          }
          expect(paged).toEqual(ids(wanted));
        }
        expect(await store.answers(proposal.id, { limit: 0 })).toEqual([]);
        expect(await store.answers(proposal.id, { author: author(0), limit: 5 })).toEqual([]);
      }));
    it('lists authors in byte order and counts blocks', () =>
      withStore(options, async (store) => {
        for (const [i, key] of [...AUTHORS].reverse().entries()) {
          await store.put(await makeChain(options, key, i + 1));
        }
        expect(await store.authors({ limit: 100 })).toEqual(AUTHORS);
        expect(await store.count()).toBe(15);
        for (const [i, key] of [...AUTHORS].reverse().entries()) expect(await store.count(key)).toBe(i + 1);
      }));
  });
}
