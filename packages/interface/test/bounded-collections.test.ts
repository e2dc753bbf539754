import { boundedMap, boundedSet, minHeap } from '@edmp/interface/bounded';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const key = fc.integer({ min: 0, max: 9 });
const operation = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key, value: fc.nat() }),
  fc.record({ kind: fc.constantFrom('get' as const, 'delete' as const), key }),
);

describe('boundedMap', () => {
  it('is a map of the newest entries, whatever is done to it', () => {
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 60 }),
        fc.integer({ min: 1, max: 6 }),
        fc.boolean(),
        (operations, max, refresh) => {
          const evicted: [number, number][] = [];
          const map = boundedMap<number, number>({ max, refresh, onEvict: (k, v) => evicted.push([k, v]) });
          /** Oldest first. */
          let model: [number, number][] = [];
          const expected: [number, number][] = [];
          for (const op of operations) {
            const known = model.find(([k]) => k === op.key);
            const others = model.filter(([k]) => k !== op.key);
            if (op.kind === 'set') {
              map.set(op.key, op.value);
              model = [...others, [op.key, op.value]];
              if (model.length > max) expected.push(...model.splice(0, 1));
            } else if (op.kind === 'get') {
              expect(map.get(op.key)).toBe(known?.[1]);
              if (refresh && known !== undefined) model = [...others, known];
            } else {
              expect(map.delete(op.key)).toBe(known !== undefined);
              model = others;
            }
            expect(map.has(op.key)).toBe(model.some(([k]) => k === op.key));
            expect([...map.entries()]).toEqual(model);
            expect(map.size).toBe(model.length);
            expect(map.size).toBeLessThanOrEqual(max);
          }
          expect(evicted).toEqual(expected);
          map.clear();
          expect([map.size, evicted]).toEqual([0, expected]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keeps undefined as a value', () => {
    const map = boundedMap<string, undefined>({ max: 2, refresh: true });
    map.set('a', undefined);
    map.set('b', undefined);
    expect(map.get('a')).toBeUndefined();
    map.set('c', undefined);
    expect([map.has('a'), map.has('b'), map.has('c')]).toEqual([true, false, true]);
  });
});

describe('boundedSet', () => {
  it('keeps what was added last, and says what was new', () => {
    const evicted: string[] = [];
    const set = boundedSet<string>({ max: 2, onEvict: (item) => evicted.push(item) });
    expect([set.add('a'), set.add('b'), set.add('a'), set.add('c')]).toEqual([true, true, false, true]);
    expect([...set.values()]).toEqual(['a', 'c']);
    expect(evicted).toEqual(['b']);
    expect([set.delete('b'), set.delete('a'), set.has('a'), set.has('c'), set.size]).toEqual([
      false,
      true,
      false,
      true,
      1,
    ]);
    set.clear();
    expect(set.size).toBe(0);
  });
});

describe('minHeap', () => {
  it('gives the lowest rank first, equal ranks in the order of pushing, and lets any item be taken out', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('push' as const), rank: fc.integer({ min: -5, max: 5 }) }),
      fc.record({ kind: fc.constant('pop' as const), rank: fc.constant(0) }),
      fc.record({ kind: fc.constant('remove' as const), rank: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const heap = minHeap<number>();
        const entries: ReturnType<typeof heap.push>[] = [];
        let model: { rank: number; item: number }[] = [];
        for (const { kind, rank } of steps) {
          // A stable sort: equal ranks stay in the order of pushing.
          const first = [...model].sort((a, b) => a.rank - b.rank)[0];
          if (kind === 'push') {
            const item = entries.length;
            entries.push(heap.push(rank, item));
            model.push({ rank, item });
          } else if (kind === 'pop') {
            expect(heap.pop()).toBe(first?.item);
            model = model.filter(({ item }) => item !== first?.item);
          } else if (entries.length > 0) {
            const item = rank % entries.length;
            const entry = entries[item];
            if (entry === undefined) throw new Error('no entry');
            expect(heap.remove(entry)).toBe(model.some((one) => one.item === item));
            model = model.filter((one) => one.item !== item);
          }
          const lowest = [...model].sort((a, b) => a.rank - b.rank)[0];
          expect(heap.size).toBe(model.length);
          expect(heap.peekRank()).toBe(lowest?.rank ?? Number.POSITIVE_INFINITY);
          expect(heap.peek()?.item).toBe(lowest?.item);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('takes out nothing of another heap', () => {
    const [one, other] = [minHeap<string>(), minHeap<string>()];
    const entry = one.push(1, 'a');
    other.push(1, 'b');
    expect(other.remove(entry)).toBe(false);
    expect([one.size, other.size]).toEqual([1, 1]);
  });
});
