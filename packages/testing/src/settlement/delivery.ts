import { bytesToHex, type SealedDelivery, type SettlementTrade } from '@edmp/interface';
import { expect, it } from 'vitest';
import { rejection } from '../support.ts';
import { newTrade, receivedTrade, type SettlementSuiteOptions, withParties } from './harness.ts';

const facts = ({ settlementRoot, manifest, chunks, bytes }: SealedDelivery): readonly unknown[] => [
  bytesToHex(settlementRoot),
  manifest.toString(),
  chunks,
  bytes,
];

/** Registers what an honest delivery does, and what is refused on the way. */
export function deliveryCases(options: SettlementSuiteOptions): void {
  it('knows whose data it holds', () =>
    withParties(options, async ({ seller, buyer, asset }) => {
      expect(await seller.settlement.holds(asset)).toBe(true);
      expect(await buyer.settlement.holds(asset)).toBe(false);
    }));

  it('gives the buyer exactly what the seller has', () =>
    withParties(options, async (harness) => {
      const { seller, buyer, document, consumption } = harness;
      const { trade, delivery } = await receivedTrade(harness);
      expect(delivery.settlementRoot.length).toBe(32);
      expect(delivery.chunks).toBe(document.chunks);
      const key = await seller.settlement.release(trade);
      const outcome = await buyer.settlement.open(trade, document, delivery, key);
      expect(outcome).toMatchObject({ kind: 'opened', document });
      if (outcome.kind !== 'opened') return;
      expect(outcome.consumption.values).toEqual(consumption.values);
      expect([...outcome.consumption.quality]).toEqual([...consumption.quality]);
      expect(outcome.consumption.offsetMinutes).toBe(consumption.offsetMinutes);
    }));

  it('does every step again with the same effect', () =>
    withParties(options, async (harness) => {
      const { seller, buyer, document } = harness;
      const { trade, delivery } = await receivedTrade(harness);
      expect(facts(await seller.settlement.seal(trade)), 'sealed once').toEqual(facts(delivery));
      await buyer.settlement.receive(trade, document, delivery);
      const keys = [await seller.settlement.release(trade), await seller.settlement.release(trade)];
      for (const key of keys) {
        expect((await buyer.settlement.open(trade, document, delivery, key)).kind).toBe('opened');
      }
    }));

  it('seals every trade for itself', () =>
    withParties(options, async (harness) => {
      const trades = [await newTrade(harness), await newTrade(harness)];
      const keys = trades.map(({ recipientKey }) => bytesToHex(recipientKey));
      expect(new Set(keys).size, 'a one-time key each').toBe(2);
      for (const { recipientKey, suite } of trades) {
        expect(suite).toMatch(/^[a-z0-9-]{1,32}$/);
        expect(recipientKey.length).toBeGreaterThanOrEqual(32);
        expect(recipientKey.length).toBeLessThanOrEqual(1_216);
      }
      const roots = new Set<string>();
      for (const trade of trades) {
        roots.add(bytesToHex((await harness.seller.settlement.seal(trade)).settlementRoot));
      }
      expect(roots.size, 'a root each').toBe(2);
    }));

  it('refuses a delivery that is not the one promised, and takes the right one afterwards', () =>
    withParties(options, async (harness) => {
      const { seller, buyer, document } = harness;
      const trade = await newTrade(harness);
      const delivery = await seller.settlement.seal(trade);
      const other = await seller.settlement.seal(await newTrade(harness));
      const wrong: readonly Partial<SealedDelivery>[] = [
        { settlementRoot: new Uint8Array(32) },
        { settlementRoot: other.settlementRoot },
        { manifest: other.manifest },
        { chunks: delivery.chunks + 1 },
        { bytes: delivery.bytes + 1 },
      ];
      for (const part of wrong) {
        const attempt = buyer.settlement.receive(trade, document, { ...delivery, ...part });
        await rejection(attempt, 'ERR_SETTLEMENT_DELIVERY', 'ERR_CONTENT_NOT_FOUND');
      }
      await buyer.settlement.receive(trade, document, delivery);
    }));

  it('refuses what it does not know: datasets, trades, keys', () =>
    withParties(options, async (harness) => {
      const { stranger, document } = harness;
      const { trade, delivery } = await receivedTrade(harness);
      await rejection(stranger.settlement.seal(trade), 'ERR_SETTLEMENT_UNKNOWN_DATASET');
      await rejection(stranger.settlement.release(trade), 'ERR_SETTLEMENT_UNKNOWN_TRADE');
      const key = await harness.seller.settlement.release(trade);
      await rejection(stranger.settlement.receive(trade, document, delivery), 'ERR_SETTLEMENT_KEY');
      await rejection(stranger.settlement.open(trade, document, delivery, key), 'ERR_SETTLEMENT_KEY');
    }));

  it('refuses a known trade under other facts', () =>
    withParties(options, async (harness) => {
      const { seller, buyer, stranger } = harness;
      const { trade } = await receivedTrade(harness);
      const others: readonly SettlementTrade[] = [
        { ...trade, buyer: stranger.self },
        { ...trade, recipientKey: await buyer.settlement.createRecipientKey() },
      ];
      for (const other of others) {
        await rejection(seller.settlement.seal(other), 'ERR_SETTLEMENT_UNKNOWN_TRADE');
        await rejection(seller.settlement.release(other), 'ERR_SETTLEMENT_UNKNOWN_TRADE');
      }
    }));

  it('stops when aborted', () =>
    withParties(options, async (harness) => {
      const { seller, buyer, document } = harness;
      const trade = await newTrade(harness);
      const aborted = { signal: AbortSignal.abort() };
      await rejection(seller.settlement.seal(trade, aborted), 'ERR_ABORTED');
      const delivery = await seller.settlement.seal(trade);
      await rejection(buyer.settlement.receive(trade, document, delivery, aborted), 'ERR_ABORTED');
      await buyer.settlement.receive(trade, document, delivery);
    }));
}
