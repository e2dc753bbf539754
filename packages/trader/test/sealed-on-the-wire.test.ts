/** What opens data is in no message, for whoever records a conversation and breaks the transport in twenty years (DESIGN §5.2). */

import { decodeProof, encodeProof } from '@edmp/data-settlement/proof';
import { memoryKeyValueStore, type Settlement } from '@edmp/interface';
import { buyInspected } from '@edmp/trader';
import { afterEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { encodeSlot } from '../../data-settlement/src/dataset/slot.ts';
import { type DealWorld, dealWorld } from './support/deal-world.ts';

const HOUR = 3_600_000;
let world: DealWorld;
afterEach(async () => {
  await world.stop();
});

/** Every message of a world, in one list. */
function recorder() {
  const recorded: Buffer[] = [];
  return {
    tap: (bytes: Uint8Array) => void recorded.push(Buffer.from(bytes)),
    has: (secret: Uint8Array) => recorded.some((bytes) => bytes.includes(Buffer.from(secret))),
    get size() {
      return recorded.length;
    },
  };
}

const wrongKey = (honest: Settlement): Settlement => ({
  ...honest,
  release: async (trade, options) =>
    (await honest.release(trade, options)).map((x, i) => (i === 40 ? x ^ 1 : x)),
});

describe('on the wire', { timeout: bounds.journey }, () => {
  it('a complaint shows neither the one-time secret nor the proof', async () => {
    const record = recorder();
    world = await dealWorld({ wrapSeller: wrongKey, tap: record.tap });
    const { id, state } = await world.deal();
    expect(state).toBe('returned');
    const [{ bytes } = { bytes: new Uint8Array(0) }] = await world.buyer.market.tradeProofs(id);
    const proof = decodeProof(bytes);
    if (proof.kind !== 'wrong-key') throw new Error('another proof');
    expect(record.size).toBeGreaterThan(50);
    expect(record.has(proof.secretKey)).toBe(false);
    expect(record.has(bytes)).toBe(false);
    // The tap works: what is public is seen.
    const { hold } = world.buyer.market.tradeEvidence(id);
    expect(record.has(hold?.bytes ?? new Uint8Array(9).fill(7))).toBe(true);
  });

  it('nor does a false one on its way to the seller', async () => {
    const record = recorder();
    const secretKey = new Uint8Array(32).fill(0x5a);
    const shown = encodeProof({ kind: 'wrong-key', secretKey, check: null });
    world = await dealWorld({
      tap: record.tap,
      buyer: {
        wrapSettlement: (honest) => ({
          ...honest,
          open: async () => ({ kind: 'misbehaviour', proof: shown, reason: 'a lie' }),
          judge: () => ({ guilty: true, kind: 'wrong-key', reason: 'a lie' }),
        }),
      },
    });
    const { buyer, seller } = world;
    const { asset, price } = await world.offer();
    await world.act(buyer.market.buy({ asset, price, lifetimeMs: 24 * HOUR }));
    await world.until(() => buyer.market.trades().some(({ state }) => state === 'complaining'));
    await world.later(3 * HOUR);
    const id = buyer.market.trades()[0]?.id ?? '';
    await world.until(async () => (await seller.market.tradeProofs(id)).length > 0);
    expect(record.has(secretKey)).toBe(false);
    expect(record.has(shown)).toBe(false);
  });

  it('nor does what a seller shows before it is paid', async () => {
    const record = recorder();
    const records = memoryKeyValueStore();
    world = await dealWorld({ days: 400, tap: record.tap, seller: { records } });
    const { asset, price } = await world.offer();
    const order = await world.act(buyInspected(world.buyer, { asset, price, lifetimeMs: 24 * HOUR }, 1));
    const { id, state } = await world.ended(order);
    expect(state).toBe('completed');
    const { values, quality } = (await world.buyer.market.delivery(id)).consumption;
    const kept = (await records.entries('settlement/chunk/')).map(([, value]) => Buffer.from(value));
    let looked = 0;
    for (let at = 0; at + 16 <= values.length; at += 160) {
      // 16 values side by side, as a chunk of quarter hours writes them.
      const window = new Uint8Array(16 * 5);
      for (let i = 0; i < 16; i++) {
        encodeSlot(window, 5 * i, 5, quality[at + i] ?? 0, values[at + i] ?? null);
      }
      expect(kept.some((chunk) => chunk.includes(Buffer.from(window)))).toBe(true);
      expect(record.has(window)).toBe(false);
      looked += 1;
    }
    expect(looked).toBeGreaterThan(200);
  });
});
