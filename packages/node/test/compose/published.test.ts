import { memoryContentStore } from '@edmp/data-settlement';
import {
  type ContentStore,
  memoryKeyValueStore,
  softwareSigner,
  type TxValue,
  virtualEnvironment,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { decodeCanonical } from '@edmp/interface/format';
import { memoryBlockStore } from '@edmp/trustchain';
import { signHalfBlock } from '@edmp/trustchain/block';
import { CID } from 'multiformats/cid';
import { describe, expect, it } from 'vitest';
import { publications } from '../../src/compose/published.ts';

const crypto = nodeCrypto({ threads: false });

async function setUp() {
  const environment = virtualEnvironment();
  const signer = softwareSigner({ crypto, secretKey: new Uint8Array(32).fill(1) });
  const chain = memoryBlockStore();
  const memory = memoryContentStore({ crypto, environment });
  const records = memoryKeyValueStore();
  let failing: 'pin' | 'unpin' | undefined;
  const fail = (what: typeof failing): void => {
    if (failing === what) throw new Error('the power went');
  };
  const store: ContentStore = {
    ...memory,
    async pin(...args) {
      fail('pin');
      await memory.pin(...args);
    },
    async unpin(...args) {
      fail('unpin');
      await memory.unpin(...args);
    },
  };
  let last: Awaited<ReturnType<typeof signHalfBlock>> | undefined;
  const grow = async (tx: TxValue): Promise<void> => {
    const seq = (last?.core.seq ?? 0) + 1;
    const core = {
      v: 1,
      key: signer.publicKey,
      seq,
      prev: last?.id ?? null,
      peer: null,
      link: null,
    } as const;
    last = await signHalfBlock({ ...core, type: 'x/y', tx, time: 1_800_000_000_000 + seq }, signer, crypto);
    await chain.put([last]);
  };
  const self = signer.publicKey;
  const settlement = { datasets: async () => [] };
  return {
    all: publications({ store, records, chain, self, settlement, environment }),
    memory,
    grow,
    failAt(what: typeof failing) {
      failing = what;
    },
    count: async () => {
      let blocks = 0;
      for await (const _ of memory.list()) blocks += 1;
      return blocks;
    },
  };
}

describe('publications', () => {
  it('grow with the chain, and leave nothing when they are withdrawn', async () => {
    const { all, grow, memory, count } = await setUp();
    expect(await all.publish()).toEqual([]);
    for (let n = 0; n < 3; n++) await grow({ n });
    const [first] = await all.publish();
    expect(first).toMatchObject({ name: 'chain', blocks: 6 });
    expect(await count()).toBe(6);
    await grow({ n: 3 });
    const [second] = await all.publish();
    // The old list is the end of the new one.
    const entry = decodeCanonical(await memory.get(CID.parse(second?.root ?? ''))) as { next: CID };
    expect(entry.next.toString()).toBe(first?.root);
    expect(await count()).toBe(8);
    expect(await all.publish()).toMatchObject([{ root: second?.root }]);
    await all.withdraw();
    expect([await all.list(), await count()]).toEqual([[], 0]);
  });

  it.each(['pin', 'unpin'] as const)(
    'leave nothing behind either after a crash before a %s',
    async (what) => {
      const { all, grow, failAt, count } = await setUp();
      await grow({ n: 0 });
      await all.publish();
      await grow({ n: 1 });
      failAt(what);
      await expect(all.publish()).rejects.toThrow('the power went');
      failAt(undefined);
      const [chain] = await all.publish();
      expect(chain?.blocks).toBe(4);
      expect(await count()).toBe(4);
      failAt(what);
      await all.publish().catch(() => undefined);
      failAt(undefined);
      await all.withdraw();
      expect([await all.list(), await count()]).toEqual([[], 0]);
    },
  );
});
