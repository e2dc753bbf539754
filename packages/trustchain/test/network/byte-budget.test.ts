import { describe, expect, it } from 'vitest';
import { byteBudget } from '../../src/network/byte-budget.ts';

describe('a byte budget', () => {
  it('gives one peer its limit and no more, and takes back once', () => {
    const budget = byteBudget({ perPeer: 10, total: 100 });
    const back = budget.take('a', 6);
    expect(budget.take('a', 5)).toBeUndefined();
    expect(budget.take('a', 4)).toBeDefined();
    back?.();
    back?.();
    expect(budget.held).toBe(4);
    expect(budget.take('a', 6)).toBeDefined();
    expect(budget.held).toBe(10);
  });

  it('never gives out its total, and keeps something for whoever comes next', () => {
    const budget = byteBudget({ perPeer: 50, total: 100 });
    let greedy = 0;
    for (let peer = 0; peer < 1000; peer++) while (budget.take(`${peer}`, 1) !== undefined) greedy++;
    expect(greedy).toBe(budget.held);
    expect(budget.held).toBeLessThan(100);
    const rest = byteBudget({ perPeer: 50, total: 1000 });
    for (let peer = 0; peer < 10; peer++) while (rest.take(`${peer}`, 1) !== undefined);
    expect(rest.held).toBe(500);
    expect(rest.take('honest', 50)).toBeDefined();
  });

  it('lets empty things pass while anything is left', () => {
    const budget = byteBudget({ perPeer: 1, total: 3 });
    budget.take('a', 1);
    expect(budget.take('a', 0)).toBeDefined();
    expect(budget.take('b', 0)).toBeDefined();
  });
});
