import { judgeEquivocation } from '@edmp/data-settlement/proof';
import { lockKey, RELEASE_TYPE } from '@edmp/market/codec';
import { proofsOfTrade } from '@edmp/trader/deal';
import { afterEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { crypto, type DealWorld, dealWorld } from './support/deal-world.ts';

let world: DealWorld;
afterEach(async () => {
  await world.stop();
});

describe('proofs of a trade', { timeout: bounds.journey }, () => {
  it('are none when both sides kept to it', async () => {
    world = await dealWorld();
    const { id } = await world.deal();
    const { market, trustchain } = world.buyer;
    expect(await proofsOfTrade({ market, store: trustchain.store, crypto }, id)).toEqual([]);
  });

  it('show a seller that released one payment twice', async () => {
    world = await dealWorld();
    const { id } = await world.deal();
    const { market, trustchain, key: buyer } = world.buyer;
    const { hold } = market.tradeEvidence(id);
    if (hold === null) throw new Error('nothing was held');
    const locked = lockKey(new Uint8Array(80).fill(9), new Uint8Array(32).fill(8), hold, crypto);
    const second = await world.act(
      world.seller.trustchain.propose({
        peer: buyer,
        type: RELEASE_TYPE,
        tx: { v: 1, hold, suite: 'hpke-x25519', ...locked },
      }),
    );
    await world.until(async () => (await trustchain.store.get(second.id)) !== undefined);
    const [proof, ...more] = await proofsOfTrade({ market, store: trustchain.store, crypto }, id);
    expect(more).toEqual([]);
    expect(proof).toMatchObject({ kind: 'two-releases', against: 'seller', guilty: true });
    // Not one about somebody else.
    const verdict = judgeEquivocation(
      { crypto, author: buyer, read: () => undefined },
      proof?.bytes ?? new Uint8Array(0),
    );
    expect(verdict.guilty).toBe(false);
  });
});
