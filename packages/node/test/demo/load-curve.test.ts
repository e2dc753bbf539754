import { describe, expect, it } from 'vitest';
import { drawLoadCurve } from '../../src/demo/load-curve.ts';

describe('drawLoadCurve', () => {
  it('scales to the peak in kW and marks missing data', () => {
    // 250 Wh in a quarter of an hour is 1 kW
    const text = drawLoadCurve([250_000, null, 125_000, 0], { stepMinutes: 15, height: 2 });
    expect(text.split('\n').slice(0, 2)).toEqual([' 1.00 kW │█   ', '    0 kW │█·█ ']);
  });

  it('averages values that share a column and never exceeds the width', () => {
    const lines = drawLoadCurve(
      Array.from({ length: 96 }, () => 250_000),
      { stepMinutes: 15, width: 24 },
    ).split('\n');
    expect(lines[0]).toBe(` 1.00 kW │${'█'.repeat(24)}`);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(36);
  });

  it('draws a series without any data', () => {
    expect(drawLoadCurve([null, null], { stepMinutes: 60, height: 1 })).toContain('│··');
  });
});
