import type { BlockStore, HalfBlock } from '@edmp/interface';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { itemAt } from '../support.ts';
import { author, type BlockStoreSuiteOptions, facts, ids, makeBlock, withStore } from './harness.ts';
import { type BlockModel, blockModel } from './model.ts';

const AUTHOR_COUNT = 3;
const LENGTH = 6;
const TYPES = ['suite/a', 'suite/b'] as const;

/** Three forked chains with gaps to come, whose blocks answer each other. */
async function universe(options: BlockStoreSuiteOptions): Promise<HalfBlock[]> {
  const blocks: HalfBlock[] = [];
  for (let seq = 1; seq <= LENGTH; seq++) {
    for (let key = 0; key < AUTHOR_COUNT; key++) {
      for (let branch = 0; branch < (seq % 2 === 0 ? 2 : 1); branch++) {
        const link = branch === 0 && blocks.length > 4 ? itemAt(blocks, (blocks.length * 7) % 5).id : null;
        blocks.push(
          await makeBlock(options, {
            seq,
            key: author(key),
            link,
            peer: link === null ? null : author(0),
            type: itemAt(TYPES, (seq + branch) % 2),
            tx: { branch },
          }),
        );
      }
    }
  }
  return blocks;
}

/** Asks the store everything and compares with the model. */
async function compare(store: BlockStore, model: BlockModel, blocks: readonly HalfBlock[]): Promise<void> {
  for (const block of blocks) {
    const held = model.has(block);
    expect(await store.has(block.id)).toBe(held);
    const stored = await store.get(block.id);
    expect(stored && facts(stored)).toEqual(held ? facts(block) : undefined);
    for (const key of [undefined, author(0), author(1)]) {
      const found = await store.answers(block.id, {
        limit: 1_000,
        ...(key === undefined ? {} : { author: key }),
      });
      expect(ids(found.map((arrived) => arrived.block))).toEqual(ids(model.answers(block, key)));
    }
  }
  const asked = blocks.map(({ id }) => id);
  expect((await store.getMany(asked)).map((block) => block && facts(block))).toEqual(
    blocks.map((block) => (model.has(block) ? facts(block) : undefined)),
  );
  const questions = blocks.flatMap(({ id: link }) => [{ link }, { link, author: author(1) }]);
  expect((await store.answersBy(questions, 2)).map(ids)).toEqual(
    blocks.flatMap((block) => [
      ids(model.answers(block).slice(0, 2)),
      ids(model.answers(block, author(1)).slice(0, 2)),
    ]),
  );
  for (let key = 0; key <= AUTHOR_COUNT; key++) {
    expect((await store.head(author(key)))?.id.toString()).toBe(model.head(author(key))?.id.toString());
    expect(await store.count(author(key))).toBe(model.count(author(key)));
    const positions = new Set(model.range(author(key), 1, LENGTH, 1000).map(({ core }) => core.seq));
    expect((await store.positions?.(author(key))) ?? positions.size).toBe(positions.size);
    for (let seq = 1; seq <= LENGTH + 1; seq++) {
      expect(ids(await store.at(author(key), seq))).toEqual(ids(model.at(author(key), seq)));
      const [found, wanted] = [
        await store.neighbours(author(key), seq),
        model.neighbours(author(key), seq),
      ] as const;
      expect([ids(found.previous), ids(found.next)]).toEqual([ids(wanted.previous), ids(wanted.next)]);
      const [from, to, limit] = [seq - 1, seq + 2, 3];
      expect(ids(await store.range(author(key), from, to, limit))).toEqual(
        ids(model.range(author(key), from, to, limit)),
      );
    }
  }
  for (const type of TYPES) {
    const all = await store.byType(type, { limit: 1000 });
    expect(ids(all.map(({ block }) => block))).toEqual(ids(model.byType(type, undefined)));
    const own = await store.byType(type, { author: author(1), limit: 1000 });
    expect(ids(own.map(({ block }) => block))).toEqual(ids(model.byType(type, author(1))));
  }
  expect(ids((await store.since(0, 1000)).map(({ block }) => block))).toEqual(ids(model.all()));
  expect(ids((await store.newest(5)).map(({ block }) => block))).toEqual(ids(model.all().slice(-5)));
  expect(await store.authors({ limit: 100 })).toEqual(model.authors());
  expect(await store.count()).toBe(model.count());
}

/** Random sequences of puts (and reopenings, where the store persists) against the plain model. */
export function propertyCases(options: BlockStoreSuiteOptions): void {
  describe('random operations', () => {
    it('answer like a plain list', async () => {
      const blocks = await universe(options);
      const put = fc.record({
        kind: fc.constant('put' as const),
        indices: fc.array(fc.nat({ max: blocks.length - 1 }), { maxLength: 8 }),
        durable: fc.boolean(),
      });
      const reopen = fc.record({ kind: fc.constant('reopen' as const) });
      const operations = fc.array(fc.oneof({ weight: 6, arbitrary: put }, { weight: 1, arbitrary: reopen }), {
        maxLength: 12,
      });
      await fc.assert(
        fc.asyncProperty(operations, (sequence) =>
          withStore(options, async (first, harness) => {
            let store = first;
            const model = blockModel();
            for (const operation of sequence) {
              if (operation.kind === 'reopen') {
                store = (await harness.reopen?.()) ?? store;
                continue;
              }
              const batch = operation.indices.map((index) => itemAt(blocks, index));
              expect(await store.put(batch, { durable: operation.durable })).toBe(model.put(batch));
            }
            await compare(store, model, blocks);
          }),
        ),
        { numRuns: 25 },
      );
    });
  });
}
