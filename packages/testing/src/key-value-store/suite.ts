import { equalBytes, type KeyValueChange, type KeyValueStore } from '@edmp/interface';
import { MAX_ENTRIES_AT_ONCE, MAX_KEY_LENGTH } from '@edmp/interface/implement';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rejection } from '../support.ts';

/** An empty store made for one test. */
export interface KeyValueStoreHarness {
  readonly store: KeyValueStore;
  /** Closes the store and opens what it left behind again. Present exactly when the implementation persists. */
  reopen?(): Promise<KeyValueStore>;
  /** Closes whichever store is open and removes what is left. */
  close(): Promise<void>;
}

/** Options of {@link keyValueStoreSuite}. */
export interface KeyValueStoreSuiteOptions {
  /** Name of the implementation in test titles. */
  readonly name: string;
  create(): Promise<KeyValueStoreHarness>;
}

/** Keys that a pattern language, a case fold or another order of text would confuse. */
const TRICKY = [
  '',
  'a',
  'A',
  'a/b',
  'a_b',
  'a%',
  'a*',
  "a'b",
  'a"b',
  'a\u0000b',
  'é',
  'e\u0301',
  '\uffff',
  '😀',
];

const of = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0) & 255);

type Operation =
  | readonly ['set', string, Uint8Array]
  | readonly ['delete', string]
  | readonly ['many', readonly KeyValueChange[]]
  | readonly ['reopen'];

/** What a random operation changes. */
const changesOf = (operation: Operation): readonly KeyValueChange[] => {
  if (operation[0] === 'many') return operation[1];
  if (operation[0] === 'set') return [[operation[1], operation[2]]];
  return operation[0] === 'delete' ? [[operation[1], null]] : [];
};

async function withStore(
  options: KeyValueStoreSuiteOptions,
  body: (store: KeyValueStore, harness: KeyValueStoreHarness) => Promise<void>,
): Promise<void> {
  const harness = await options.create();
  try {
    await body(harness.store, harness);
  } finally {
    await harness.close();
  }
}

/** What every {@link KeyValueStore} must do. Registers vitest cases; call it at the top of a test file. */
export function keyValueStoreSuite(options: KeyValueStoreSuiteOptions): void {
  describe(`key-value store suite: ${options.name}`, () => {
    it('gives back what was set, replaced or deleted', () =>
      withStore(options, async (store) => {
        expect(await store.get('a')).toBeUndefined();
        await store.set('a', Uint8Array.of(1, 2));
        await store.set('b', new Uint8Array());
        expect(await store.get('a')).toEqual(Uint8Array.of(1, 2));
        expect(await store.get('b')).toEqual(new Uint8Array());
        await store.set('a', Uint8Array.of(3));
        expect(await store.get('a')).toEqual(Uint8Array.of(3));
        await store.delete('a');
        await store.delete('a');
        expect(await store.get('a')).toBeUndefined();
        expect(await store.entries('')).toEqual([['b', new Uint8Array()]]);
      }));

    it('keeps a megabyte', () =>
      withStore(options, async (store) => {
        const value = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 7) & 255);
        await store.set('large', value);
        expect(equalBytes((await store.get('large')) ?? new Uint8Array(), value)).toBe(true);
      }));

    it('copies values in and out', () =>
      withStore(options, async (store) => {
        const value = Uint8Array.of(1, 2, 3);
        await store.set('a', value);
        value.fill(9);
        const read = await store.get('a');
        read?.fill(8);
        for (const [, entry] of await store.entries('')) entry.fill(7);
        expect(await store.get('a')).toEqual(Uint8Array.of(1, 2, 3));
      }));

    it('tells tricky keys apart and lists them by prefix in code-unit order', () =>
      withStore(options, async (store) => {
        for (const key of TRICKY) await store.set(key, of(key));
        for (const key of TRICKY) expect(await store.get(key), JSON.stringify(key)).toEqual(of(key));
        for (const prefix of [...TRICKY, 'z']) {
          const wanted = TRICKY.filter((key) => key.startsWith(prefix)).sort();
          expect(await store.entries(prefix), JSON.stringify(prefix)).toEqual(
            wanted.map((key) => [key, of(key)]),
          );
        }
      }));

    it('refuses keys that are too long or not well-formed', () =>
      withStore(options, async (store) => {
        const longest = 'k'.repeat(MAX_KEY_LENGTH);
        await store.set(longest, Uint8Array.of(1));
        expect(await store.get(longest)).toEqual(Uint8Array.of(1));
        for (const key of [`${longest}k`, '\ud800', 'a\udc00b']) {
          await rejection(store.set(key, Uint8Array.of(1)), 'ERR_INVALID_ARGUMENT');
          await rejection(store.get(key), 'ERR_INVALID_ARGUMENT');
          await rejection(store.delete(key), 'ERR_INVALID_ARGUMENT');
          await rejection(store.entries(key), 'ERR_INVALID_ARGUMENT');
        }
        expect((await store.entries('')).length).toBe(1);
      }));

    it('applies concurrent writes in the order of the calls', () =>
      withStore(options, async (store) => {
        const calls: Promise<void>[] = [];
        for (let i = 0; i < 50; i++) {
          calls.push(store.set(`key ${i % 5}`, Uint8Array.of(i)));
          if (i % 10 === 0) calls.push(store.delete('key 0'));
        }
        await Promise.all(calls);
        expect((await store.entries('key')).map(([key, value]) => [key, ...value])).toEqual([
          ['key 0', 45],
          ['key 1', 46],
          ['key 2', 47],
          ['key 3', 48],
          ['key 4', 49],
        ]);
      }));

    it('writes many together in their order, and removes with null', () =>
      withStore(options, async (store, harness) => {
        await store.set('gone', Uint8Array.of(9));
        const value = Uint8Array.of(1);
        const writing = store.setMany([
          ['a', value],
          ['gone', null],
          ['never there', null],
          ['twice', Uint8Array.of(2)],
          ['twice', Uint8Array.of(3)],
          ['back', null],
          ['back', Uint8Array.of(4)],
        ]);
        value.fill(7); // copied by then
        await writing;
        await store.setMany([]);
        const wanted = [
          ['a', Uint8Array.of(1)],
          ['back', Uint8Array.of(4)],
          ['twice', Uint8Array.of(3)],
        ];
        expect(await store.entries('')).toEqual(wanted);
        expect(await ((await harness.reopen?.()) ?? store).entries('')).toEqual(wanted);
      }));

    it('writes all of many or none', () =>
      withStore(options, async (store, harness) => {
        await store.set('a', Uint8Array.of(1));
        const unwritable = Symbol('no bytes') as unknown as Uint8Array;
        for (const last of [
          ['k'.repeat(MAX_KEY_LENGTH + 1), Uint8Array.of(2)],
          ['\ud800', null],
          ['b', unwritable],
        ] as const) {
          const beside = store.set('beside', Uint8Array.of(5));
          await expect(
            (async () => store.setMany([['a', Uint8Array.of(2)], ['c', Uint8Array.of(3)], last]))(),
          ).rejects.toThrow();
          await beside;
        }
        const many = Array.from({ length: MAX_ENTRIES_AT_ONCE + 1 }, (_, i) => [`${i}`, null] as const);
        await rejection(store.setMany(many), 'ERR_INVALID_ARGUMENT');
        const wanted = [
          ['a', Uint8Array.of(1)],
          ['beside', Uint8Array.of(5)],
        ];
        expect(await store.entries('')).toEqual(wanted);
        expect(await ((await harness.reopen?.()) ?? store).entries('')).toEqual(wanted);
      }));

    it('reads by pages: every entry once, in order, none beside the prefix', () =>
      withStore(options, async (store) => {
        await store.setMany(TRICKY.map((key) => [key, of(key)] as const));
        for (const prefix of [...TRICKY, 'z']) {
          const wanted = TRICKY.filter((key) => key.startsWith(prefix)).sort();
          for (const limit of [1, 2, MAX_ENTRIES_AT_ONCE]) {
            const read: string[] = [];
            for (;;) {
              const after = read.at(-1);
              const page = await store.range(prefix, after === undefined ? { limit } : { after, limit });
              for (const [key, value] of page) expect(value).toEqual(of(key));
              read.push(...page.map(([key]) => key));
              if (page.length < limit) break;
            }
            expect(read, JSON.stringify(prefix)).toEqual(wanted);
          }
          for (const after of TRICKY) {
            const above = wanted.filter((key) => key > after).slice(0, 3);
            const page = await store.range(prefix, { after, limit: 3 });
            expect(
              page.map(([key]) => key),
              JSON.stringify([prefix, after]),
            ).toEqual(above);
          }
        }
        for (const limit of [0, -1, 1.5, Number.NaN, MAX_ENTRIES_AT_ONCE + 1]) {
          await rejection(store.range('', { limit }), 'ERR_INVALID_ARGUMENT');
        }
        await rejection(store.range('\ud800', { limit: 1 }), 'ERR_INVALID_ARGUMENT');
        await rejection(store.range('', { after: '\ud800', limit: 1 }), 'ERR_INVALID_ARGUMENT');
      }));

    it('answers like a map after random operations, also when reopened', async () => {
      const codePoint = fc.integer({ min: 0, max: 0x10ffff }).filter((point) => point >> 11 !== 0x1b);
      const key = fc.oneof(
        fc.constantFrom(...TRICKY),
        fc.array(codePoint, { maxLength: 4 }).map((points) => String.fromCodePoint(...points)),
      );
      const operation = fc.oneof(
        { weight: 4, arbitrary: fc.tuple(fc.constant('set' as const), key, fc.uint8Array({ maxLength: 8 })) },
        { weight: 2, arbitrary: fc.tuple(fc.constant('delete' as const), key) },
        {
          weight: 2,
          arbitrary: fc
            .array(fc.tuple(key, fc.option(fc.uint8Array({ maxLength: 8 }))), { maxLength: 6 })
            .map((changes) => ['many', changes] as const),
        },
        { weight: 1, arbitrary: fc.tuple(fc.constant('reopen' as const)) },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 20 }), key, (operations, prefix) =>
          withStore(options, async (first, harness) => {
            let store = first;
            const model = new Map<string, Uint8Array>();
            for (const operation of operations) {
              if (operation[0] === 'reopen') store = (await harness.reopen?.()) ?? store;
              else if (operation[0] === 'set') await store.set(operation[1], operation[2]);
              else if (operation[0] === 'delete') await store.delete(operation[1]);
              else await store.setMany(operation[1]);
              for (const [name, value] of changesOf(operation)) {
                if (value === null) model.delete(name);
                else model.set(name, value);
              }
            }
            for (const text of ['', prefix]) {
              const wanted = [...model]
                .filter(([name]) => name.startsWith(text))
                .sort(([a], [b]) => (a < b ? -1 : 1));
              expect(await store.entries(text)).toEqual(wanted);
              const above = wanted.filter(([name]) => name > prefix).slice(0, 2);
              expect(await store.range(text, { after: prefix, limit: 2 })).toEqual(above);
            }
            for (const name of [...model.keys(), prefix]) {
              expect(await store.get(name)).toEqual(model.get(name));
            }
          }),
        ),
        { numRuns: 30 },
      );
    });
  });
}
