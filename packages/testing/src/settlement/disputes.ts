import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { rejection } from '../support.ts';
import { judged, newTrade, receivedTrade, type SettlementSuiteOptions, withParties } from './harness.ts';

/** Registers what a wrong key leads to, what proofs prove, and what erasing leaves. */
export function disputeCases(options: SettlementSuiteOptions): void {
  it('turns a wrong key into a proof against its seller, for that trade and key alone', () =>
    withParties(options, async (harness) => {
      const { seller, buyer, stranger, document } = harness;
      const received = await receivedTrade(harness);
      const { trade, delivery } = received;
      const honest = await seller.settlement.release(trade);
      const forged = honest.map((byte, i) => (i === honest.length - 1 ? byte ^ 1 : byte));
      const outcome = await buyer.settlement.open(trade, document, delivery, forged);
      expect(outcome.kind).toBe('misbehaviour');
      if (outcome.kind !== 'misbehaviour') return;
      const { judge } = stranger.settlement;
      const verdict = judge(judged(harness, received, forged), outcome.proof);
      expect(verdict).toMatchObject({ guilty: true });
      expect(verdict.reason).not.toBe('');
      expect(judge(judged(harness, received, forged), outcome.proof), 'the same again').toEqual(verdict);
      expect(judge(judged(harness, received, honest), outcome.proof).guilty, 'the honest key').toBe(false);
      const other = { trade: await newTrade(harness), delivery };
      expect(judge(judged(harness, other, forged), outcome.proof).guilty, 'another trade').toBe(false);
      const opened = await buyer.settlement.open(trade, document, delivery, honest);
      expect(opened.kind, 'the honest key opens it all the same').toBe('opened');
    }));

  it('never finds an honest seller guilty, whatever the complaint', () =>
    withParties(options, async (harness) => {
      const { seller, buyer, stranger, document } = harness;
      const received = await receivedTrade(harness);
      const honest = await seller.settlement.release(received.trade);
      const forged = honest.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
      const outcome = await buyer.settlement.open(received.trade, document, received.delivery, forged);
      const proof = outcome.kind === 'misbehaviour' ? outcome.proof : new Uint8Array(64);
      const facts = judged(harness, received, honest);
      const mutated = fc
        .tuple(fc.nat(proof.length - 1), fc.integer({ min: 1, max: 255 }))
        .map(([at, bits]) => {
          const bytes = proof.slice();
          bytes[at] = (bytes[at] ?? 0) ^ bits;
          return bytes;
        });
      fc.assert(
        fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 256 })), (complaint) => {
          expect(stranger.settlement.judge(facts, complaint).guilty).toBe(false);
        }),
        { numRuns: 100 },
      );
    }));

  it('erases a trade on both sides and keeps the dataset', () =>
    withParties(options, async (harness) => {
      const { seller, buyer, asset, document } = harness;
      const { trade, delivery } = await receivedTrade(harness);
      const key = await seller.settlement.release(trade);
      const bySeller = await seller.settlement.erase(trade.tradeId);
      expect(bySeller.keysDestroyed).toBeGreaterThan(0);
      expect(bySeller.unreachable.length, "it says that the buyer's copy is out of reach").toBeGreaterThan(0);
      await rejection(seller.settlement.release(trade), 'ERR_SETTLEMENT_UNKNOWN_TRADE');
      expect((await buyer.settlement.erase(trade.tradeId)).keysDestroyed).toBeGreaterThan(0);
      await rejection(buyer.settlement.open(trade, document, delivery, key), 'ERR_SETTLEMENT_KEY');
      const again = await seller.settlement.erase(trade.tradeId);
      expect(again).toMatchObject({ keysDestroyed: 0, blocksDeleted: 0 });
      expect(await seller.settlement.holds(asset)).toBe(true);
    }));
}
