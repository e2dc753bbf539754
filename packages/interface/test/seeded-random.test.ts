import { seededRandom } from '@edmp/interface';
import { thrown } from '@edmp/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const draw = (seed: number, count: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => random.uint32());
};

describe('seededRandom', () => {
  it('gives the same numbers for ever: fixtures and vectors depend on them', () => {
    expect(draw(1, 4)).toMatchInlineSnapshot(`
      [
        1950625580,
        354034397,
        661219729,
        2802375379,
      ]
    `);
    expect(draw(2 ** 40 + 7, 4)).toMatchInlineSnapshot(`
      [
        3987187133,
        2462513609,
        4142839006,
        1686928375,
      ]
    `);
    expect(Buffer.from(seededRandom(1).fork('meters').bytes(10)).toString('hex')).toMatchInlineSnapshot(
      `"3dc5e1326303c359748f"`,
    );
  });

  it('draws integers below a bound, units below one and bytes of any length', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 1000 }), (seed, bound) => {
        const random = seededRandom(seed);
        for (let i = 0; i < 20; i++) {
          const integer = random.below(bound);
          expect(Number.isInteger(integer) && integer >= 0 && integer < bound).toBe(true);
          const unit = random.unit();
          expect(unit >= 0 && unit < 1).toBe(true);
        }
        for (let length = 0; length < 9; length++) expect(random.bytes(length).length).toBe(length);
      }),
    );
    expect(seededRandom(3).below(1)).toBe(0);
    expect(seededRandom(3).below(2 ** 32)).toBe(seededRandom(3).uint32());
  });

  it('is even enough for simulations: each of 16 classes within 5 % of its share in 160 000 draws', () => {
    const random = seededRandom(42);
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < 160_000; i++) counts[random.below(16)]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    const bytes = random.bytes(100_003);
    const mean = bytes.reduce((sum, byte) => sum + byte, 0) / bytes.length;
    expect(Math.abs(mean - 127.5)).toBeLessThan(1);
  });

  it('forks by label without moving on, differently for seeds that differ only above 32 bits', () => {
    const random = seededRandom(9);
    const before = random.fork('a').uint32();
    random.uint32();
    expect(random.fork('a').uint32()).toBe(before);
    expect(random.fork('b').uint32()).not.toBe(before);
    expect(
      seededRandom(9 + 2 ** 32)
        .fork('a')
        .uint32(),
    ).not.toBe(before);
    expect(draw(9, 1)).not.toEqual(draw(9 + 2 ** 32, 1));
  });

  it('refuses seeds and bounds that are no fitting integers', () => {
    for (const seed of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
      thrown(() => seededRandom(seed), 'ERR_INVALID_ARGUMENT');
    }
    for (const bound of [0, -1, 1.5, Number.NaN, 2 ** 32 + 1]) {
      thrown(() => seededRandom(1).below(bound), 'ERR_INVALID_ARGUMENT');
    }
  });
});
