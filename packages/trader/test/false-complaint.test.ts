import { encodeProof, judgeProof } from '@edmp/data-settlement/proof';
import { equalBytes, type Settlement } from '@edmp/interface';
import { judgeFalseComplaintProof } from '@edmp/market/notary';
import { decodeDealFile, encodeDealFile, exportDeal, proofsOfTrade, verifyDealFile } from '@edmp/trader/deal';
import { afterEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { crypto, type DealWorld, dealWorld } from './support/deal-world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let world: DealWorld;
afterEach(async () => {
  await world.stop();
});

/** A buyer that says of every key that it opens nothing. */
const lying = (honest: Settlement): Settlement => ({
  ...honest,
  // Or its own market would not sign it.
  judge: () => ({ guilty: true, kind: 'wrong-key', reason: 'a lie' }),
  async open(...args) {
    await honest.open(...args);
    const proof = encodeProof({ kind: 'wrong-key', secretKey: new Uint8Array(32), check: null });
    return { kind: 'misbehaviour', proof, reason: 'a lie' };
  },
});

/** A deal of which the buyer lied, once the seller knows. */
async function lie(): Promise<{ readonly id: string; readonly file: Uint8Array }> {
  world = await dealWorld({ buyer: { wrapSettlement: lying } });
  const { buyer } = world;
  const { asset, price } = await world.offer();
  const order = await world.act(buyer.market.buy({ asset, price, lifetimeMs: DAY }));
  await world.until(() => buyer.market.trades().some(({ state }) => state === 'complaining'));
  await world.later(3 * HOUR);
  const { id, state } = await world.ended(order);
  expect(state).toBe('lost');
  const { market } = world.seller;
  await world.until(async () => (await market.tradeProofs(id)).length > 0);
  return { id, file: await world.act(exportDeal({ market, crypto }, id, { withProof: true })) };
}

describe('a false complaint', { timeout: bounds.journey }, () => {
  it('stands among the seller’s proofs, and in the deal file when it is asked for', async () => {
    const { id, file } = await lie();
    const { market, trustchain } = world.seller;
    const [proof, ...more] = await proofsOfTrade({ market, store: trustchain.store, crypto }, id);
    expect(more).toEqual([]);
    expect(proof).toMatchObject({ kind: 'false-complaint', against: 'buyer', guilty: true });
    const judge = (facts: Parameters<typeof judgeProof>[1], bytes: Uint8Array) =>
      judgeProof(crypto, facts, bytes);
    expect(judgeFalseComplaintProof(proof!.bytes, { crypto, judge }).guilty).toBe(true);

    const report = verifyDealFile(file, { crypto });
    expect(report).toMatchObject({ valid: true, deal: { outcome: 'paid' } });
    const found = report.checks.find(({ name }) => name === 'lie');
    expect(found).toMatchObject({ passed: true, label: 'The buyer’s false complaint' });
    expect(found?.detail).toMatch(/signed it, and it is not true/);
    // Unasked it stays at home, and the buyer has none to show.
    const plain = await world.act(exportDeal({ market, crypto }, id));
    expect(decodeDealFile(plain, crypto).lie).toBeNull();
    expect(verifyDealFile(plain, { crypto }).valid).toBe(true);
    const bought = exportDeal({ market: world.buyer.market, crypto }, id, { withProof: true });
    expect(verifyDealFile(await world.act(bought), { crypto }).broken).toMatchObject([{ name: 'complaint' }]);
  });

  it('is refused in a file of which a byte of it was changed, with the sum mended', async () => {
    const { file } = await lie();
    const whole = decodeDealFile(file, crypto);
    const { lie: right } = whole;
    if (right === null) throw new Error('no lie');
    for (const field of ['recipientKey', 'opener', 'proof', 'signature'] as const) {
      for (let at = 0; at < right[field].length; at++) {
        const changed = right[field].with(at, right[field][at]! ^ (1 << (at % 8)));
        const forged = encodeDealFile({ ...whole, lie: { ...right, [field]: changed } }, crypto);
        expect(equalBytes(forged, file)).toBe(false);
        const { broken } = verifyDealFile(forged, { crypto });
        expect(
          broken.map(({ name }) => name),
          `${field} ${at}`,
        ).toEqual(['lie']);
      }
    }
  });

  it('cannot be made of a complaint that was right', async () => {
    world = await dealWorld({
      wrapSeller: (honest) => ({
        ...honest,
        release: async (trade, options) =>
          (await honest.release(trade, options)).map((x, i) => (i === 40 ? x ^ 1 : x)),
      }),
    });
    const { id } = await world.deal();
    const { market } = world.buyer;
    const file = decodeDealFile(
      await world.act(exportDeal({ market, crypto }, id, { withProof: true })),
      crypto,
    );
    if (file.complaint === null) throw new Error('no complaint');
    for (const signature of [new Uint8Array(64), world.buyer.key.subarray(0)]) {
      const padded = new Uint8Array(64);
      padded.set(signature.subarray(0, 64));
      const framed = encodeDealFile({ ...file, lie: { ...file.complaint, signature: padded } }, crypto);
      expect(verifyDealFile(framed, { crypto }).broken).toMatchObject([{ name: 'lie' }]);
    }
  });
});
