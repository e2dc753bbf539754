import { type KeyValueStore, memoryKeyValueStore } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { rejection } from '@edmp/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Once, type OnceCall, openOnce } from '../../src/records/once.ts';

const crypto = nodeCrypto({ threads: false });

/** A world in which an effect is a line appended to a list, found again by its trace. */
function world(records: KeyValueStore = memoryKeyValueStore()) {
  const effects: { readonly trace: string; readonly id: string }[] = [];
  const call = (key: string | undefined, what: number, over: Partial<OnceCall> = {}): OnceCall => ({
    call: 'pay',
    key,
    arguments: { what },
    async work(mark) {
      const trace = `${effects.length}:${what}`;
      await mark(new TextEncoder().encode(trace));
      effects.push({ trace, id: `effect ${effects.length}` });
      return effects.at(-1)!.id;
    },
    find: async (trace) => effects.find((one) => one.trace === new TextDecoder().decode(trace))?.id,
    ...over,
  });
  return { records, effects, call, open: () => openOnce({ records, crypto, max: 5 }) };
}

describe('calls by key', () => {
  it('have their effect once, under way, afterwards and after a restart', async () => {
    const { effects, call, open } = world();
    const once = await open();
    const results = await Promise.all([
      once.run(call('a', 1)),
      once.run(call('a', 1)),
      once.run(call('a', 1)),
    ]);
    expect(new Set(results).size).toBe(1);
    expect(await (await open()).run(call('a', 1))).toBe(results[0]);
    expect(effects).toHaveLength(1);
    await once.run(call('b', 1));
    await once.run(call(undefined, 1));
    await once.run(call(undefined, 1));
    expect(effects).toHaveLength(4);
  });

  it('refuse a key that stood for other arguments', async () => {
    const { effects, call, open } = world();
    const once = await open();
    await once.run(call('a', 1));
    await rejection(once.run(call('a', 2)), 'ERR_IDEMPOTENCY');
    await rejection((await open()).run(call('a', 2)), 'ERR_IDEMPOTENCY');
    expect(effects).toHaveLength(1);
    await once.run({ ...call('a', 2), call: 'sell' });
    expect(effects).toHaveLength(2);
  });

  it('free the key when nothing was begun', async () => {
    const { effects, call, open } = world();
    const once = await open();
    const failing = call('a', 1, { work: () => Promise.reject(new Error('no')) });
    await expect(once.run(failing)).rejects.toThrow('no');
    await once.run(call('a', 2));
    expect(effects).toHaveLength(1);
  });

  it('find the effect of a call whose process died after it, and only that', async () => {
    const { effects, call, open, records } = world();
    const dying: KeyValueStore = {
      ...records,
      set: () => Promise.reject(new Error('killed')),
    };
    const before = await openOnce({ records: dying, crypto });
    await expect(before.run(call('a', 1))).rejects.toThrow('killed');
    expect(effects).toHaveLength(1);
    const after = await open();
    await rejection(after.run(call('a', 3)), 'ERR_IDEMPOTENCY');
    expect(await after.run(call('a', 1))).toBe('effect 0');
    expect(effects).toHaveLength(1);
  });

  it('do it now when the process died between the mark and the effect', async () => {
    const { effects, call, open } = world();
    const once = await open();
    const dies = call('a', 1, {
      work: async (mark) => {
        await mark(new TextEncoder().encode('0:1'));
        throw new Error('killed');
      },
    });
    await expect(once.run(dies)).rejects.toThrow('killed');
    const after = await open();
    // Another call takes the same place first: its effect is its own.
    expect(await after.run(call('b', 1))).toBe('effect 0');
    expect(await after.run(call('a', 1))).toBe('effect 1');
    expect(effects).toHaveLength(2);
  });

  it('are forgotten oldest first beyond the limit', async () => {
    const { effects, call, open, records } = world();
    const once: Once = await open();
    for (let i = 0; i < 9; i++) await once.run(call(`k${i}`, i));
    expect((await records.entries('market/once/')).length).toBe(5);
    await once.run(call('k8', 8));
    expect(effects).toHaveLength(9);
    await once.run(call('k0', 0));
    expect(effects).toHaveLength(10);
  });

  it('refuse keys that are none', async () => {
    const { call, open } = world();
    const once = await open();
    for (const key of ['', 'x'.repeat(129), 'a\tb', 'é', 7 as never, null as never, {} as never]) {
      await rejection(once.run(call(key, 1)), 'ERR_MARKET_FORMAT');
    }
  });

  it('refuse damaged records with a typed error', async () => {
    const { records, call, open } = world();
    await (await open()).run(call('a', 1));
    const [key, bytes] = (await records.entries('market/once/'))[0]!;
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const damaged = bytes.slice();
        damaged[at] = damaged[at]! ^ flip;
        await records.set(key, damaged);
        await open().catch((error: { code?: string }) => expect(error.code).toBe('ERR_MARKET_FORMAT'));
      }),
    );
  });
});
