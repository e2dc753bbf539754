import { intervalStarts, localTime, microDecimal } from '@edmp/node/client';
import { describe, expect, it } from 'vitest';

const utc = (text: string): number => Date.parse(text);

describe('intervalStarts', () => {
  it('steps hours through a change of clocks without a jump', () => {
    const starts = intervalStarts(utc('2026-03-28T23:00Z'), 'PT1H', 'Europe/Amsterdam', 4);
    const local = localTime('Europe/Amsterdam');
    expect(starts.map(local)).toEqual([
      '2026-03-29T00:00:00+01:00',
      '2026-03-29T01:00:00+01:00',
      '2026-03-29T03:00:00+02:00',
      '2026-03-29T04:00:00+02:00',
    ]);
  });

  it('steps days of 23 and 25 hours', () => {
    const local = localTime('Europe/Amsterdam');
    for (const first of ['2026-03-27T23:00Z', '2026-10-23T22:00Z']) {
      const starts = intervalStarts(utc(first), 'P1D', 'Europe/Amsterdam', 4);
      for (const start of starts) expect(local(start)).toContain('T00:00:00');
      expect(starts[2]! - starts[1]!).toBe((first < '2026-06' ? 23 : 25) * 3_600_000);
    }
  });
});

it('writes micro-units as exact decimals', () => {
  expect([0, 1, 1_500_000, 12_000_001, -250_000].map(microDecimal)).toEqual([
    '0.000000',
    '0.000001',
    '1.500000',
    '12.000001',
    '-0.250000',
  ]);
});
