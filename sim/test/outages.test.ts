import { describe, expect, it } from 'vitest';
import { Outages } from '../lib/outages.ts';

describe('outages', () => {
  it('add up times apart, by whatever cause, once', () => {
    const outages = new Outages();
    outages.down('a', 100);
    outages.up('a', 200);
    outages.cut(['a'], ['b', 'c'], 150, 300);
    outages.down('b', 900);
    expect(outages.apart('a', 'b', 0, 1_000)).toBe(300);
    expect(outages.apart('b', 'a', 0, 1_000)).toBe(300);
    expect(outages.apart('a', 'c', 0, 1_000)).toBe(200);
    expect(outages.apart('b', 'c', 0, 1_000)).toBe(100);
    expect(outages.apart('a', 'b', 120, 180)).toBe(60);
  });

  it('end with what heals them', () => {
    const outages = new Outages();
    outages.cut(['a'], ['b'], 0, 1_000);
    outages.heal(400);
    expect(outages.apart('a', 'b', 0, 1_000)).toBe(400);
  });

  it('know the longest time in which a node reached enough others', () => {
    const outages = new Outages();
    outages.cut(['buyer'], ['w1', 'w2'], 200, 400);
    outages.down('w3', 600);
    outages.up('w3', 700);
    const witnesses = ['w1', 'w2', 'w3', 'w4'];
    expect(outages.longestTogether('buyer', witnesses, 3, 0, 1_000)).toBe(600);
    expect(outages.longestTogether('buyer', witnesses, 4, 0, 1_000)).toBe(300);
    expect(outages.longestTogether('buyer', witnesses, 1, 0, 1_000)).toBe(1_000);
    outages.down('buyer', 0);
    expect(outages.longestTogether('buyer', witnesses, 1, 0, 1_000)).toBe(0);
  });
});
