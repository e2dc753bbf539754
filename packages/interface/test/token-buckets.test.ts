import { tokenBuckets } from '@edmp/interface/bounded';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('tokenBuckets', () => {
  it('never give more than the burst and what came back since, and refuse nothing less', () => {
    const act = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      wait: fc.integer({ min: 0, max: 3_000 }),
      tokens: fc.integer({ min: 0, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        let now = 0;
        // Powers of two, so that the model's sums are exact.
        const buckets = tokenBuckets({ burst: 4, perSecond: 0.5 }, () => now);
        const model = new Map<string, { tokens: number; at: number }>();
        for (const { name, wait, tokens } of acts) {
          now += wait * 2;
          const known = model.get(name) ?? { tokens: 4, at: now };
          const left = Math.min(4, known.tokens + (now - known.at) / 2_000);
          expect(buckets.has(name, tokens)).toBe(left >= tokens);
          expect(buckets.take(name, tokens)).toBe(left >= tokens);
          model.set(name, { tokens: left >= tokens ? left - tokens : left, at: now });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('charge below zero, and give back up to the burst', () => {
    let now = 0;
    const buckets = tokenBuckets({ burst: 2, perSecond: 1 }, () => now);
    buckets.charge('a', 5);
    expect(buckets.has('a', 0)).toBe(false);
    now = 3_000;
    expect(buckets.has('a', 0)).toBe(true);
    expect(buckets.has('a')).toBe(false);
    buckets.charge('a', -100);
    expect([buckets.take('a', 3), buckets.take('a', 2)]).toEqual([false, true]);
  });

  it('neither give nor take tokens when the clock is set back', () => {
    let now = 1_000_000;
    const buckets = tokenBuckets({ burst: 10, perSecond: 1 }, () => now);
    buckets.take('a', 4);
    now -= 3_600_000;
    expect([buckets.take('a', 7), buckets.take('a', 6)]).toEqual([false, true]);
    now += 2_000;
    expect([buckets.take('a', 3), buckets.take('a', 2)]).toEqual([false, true]);
  });

  it('do not remember names whose buckets are full', () => {
    let now = 0;
    const buckets = tokenBuckets({ burst: 2, perSecond: 1 }, () => now, 10);
    for (let n = 0; n < 100; n++) expect(buckets.has(`n${n}`, 2)).toBe(true);
    expect(buckets.size).toBe(0);
    buckets.take('a');
    now = 1_000;
    buckets.take('a', 0);
    expect(buckets.size).toBe(0);
  });

  it('do not forget an empty bucket, or a debt, because many new names appear', () => {
    for (const perSecond of [0, 0.001, 5]) {
      const buckets = tokenBuckets({ burst: 10, perSecond }, () => 0, 100);
      buckets.take('victim', 10);
      buckets.charge('debtor', 15);
      for (let n = 0; n < 20_000; n++) expect(buckets.take(`new ${n}`, 9)).toBe(true);
      expect(buckets.size).toBe(100);
      expect(buckets.take('victim')).toBe(false);
      expect(buckets.has('debtor', -5)).toBe(true);
      expect(buckets.has('debtor', -4)).toBe(false);
    }
  });

  it('forget early only for names that are all as far from full: that price is paid in tokens', () => {
    let spent = 0;
    const buckets = tokenBuckets({ burst: 10, perSecond: 0 }, () => 0, 50);
    buckets.take('victim', 7);
    let n = 0;
    // A flood that takes as much as it may from every name, until the victim has a full bucket again.
    for (; !buckets.has('victim', 4); n++)
      for (let i = 0; i < 10; i++) if (buckets.take(`flood ${n}`)) spent += 1;
    expect(n).toBeGreaterThanOrEqual(49);
    expect(spent).toBeGreaterThanOrEqual(49 * 7);
  });

  it('always remember what was used last', () => {
    const buckets = tokenBuckets({ burst: 10, perSecond: 0 }, () => 0, 3);
    for (const name of ['a', 'b', 'c']) buckets.take(name, 10);
    // A newcomer that uses one token at a time gets no more than its burst.
    let got = 0;
    for (let i = 0; i < 30; i++) if (buckets.take('d')) got += 1;
    expect(got).toBe(10);
  });

  it('stay bounded under any use', () => {
    const act = fc.record({
      name: fc.nat(40),
      tokens: fc.integer({ min: -3, max: 12 }),
      wait: fc.nat(500),
      charge: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 100 }), fc.integer({ min: 1, max: 8 }), (acts, max) => {
        let now = 0;
        const buckets = tokenBuckets({ burst: 10, perSecond: 1 }, () => now, max);
        for (const { name, tokens, wait, charge } of acts) {
          now += wait;
          if (charge) buckets.charge(String(name), tokens);
          else buckets.take(String(name), Math.max(0, tokens));
          expect(buckets.size).toBeLessThanOrEqual(max);
        }
      }),
    );
  });
});
