import { systemEnvironment, virtualEnvironment } from '@edmp/interface';
import { defer } from '@edmp/interface/implement';
import { describe, expect, it } from 'vitest';

describe('defer', () => {
  it('goes through the environment, and is a microtask without', async () => {
    const environment = virtualEnvironment();
    const order: string[] = [];
    environment.schedule(0, () => order.push('timer'));
    defer(environment, () => order.push('deferred'));
    order.push('now');
    await environment.advance(0);
    expect(order).toEqual(['now', 'deferred', 'timer']);

    const waiting: (() => void)[] = [];
    const held = { ...systemEnvironment(), defer: (callback: () => void) => void waiting.push(callback) };
    defer(held, () => order.push('held'));
    await Promise.resolve();
    expect(order).toHaveLength(3);
    for (const callback of waiting) callback();
    expect(order.at(-1)).toBe('held');
  });
});
