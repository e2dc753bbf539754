import { type Crypto, concatBytes, equalBytes, type Settlement } from '@edmp/interface';
import {
  DEAL_BLOCKS,
  DEAL_CERTIFICATES,
  type DealCheck,
  type DealReport,
  decodeDealFile,
  encodeDealFile,
  exportDeal,
  verifyDealFile,
} from '@edmp/trader/deal';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { crypto, type DealWorld, dealWorld } from './support/deal-world.ts';

let world: DealWorld | undefined;
afterEach(async () => {
  await world?.stop();
});

const broken = (report: DealReport): readonly string[] => report.broken.map(({ name }) => name);

/** The same file as a forger would write it; undefined when it cannot be read at all, or has that sum. */
function withRightSum(bytes: Uint8Array): Uint8Array | undefined {
  try {
    const file = decodeDealFile(bytes, crypto);
    return file.intact ? undefined : encodeDealFile(file, crypto);
  } catch {
    return undefined;
  }
}

/** Verifies each signature once: what a changed byte leaves as it was need not be worked out again. */
function remembering(): Crypto {
  const known = new Map<string, boolean>();
  return {
    ...crypto,
    ed25519Verify(signature, message, key) {
      const name = Buffer.concat([signature, key, crypto.sha256(message)]).toString('base64');
      const right = known.get(name) ?? crypto.ed25519Verify(signature, message, key);
      known.set(name, right);
      return right;
    },
  };
}

/** A seller that releases a key which is not that of the data. */
const wrongKey = (honest: Settlement): Settlement => ({
  ...honest,
  release: async (trade, options) =>
    (await honest.release(trade, options)).map((x, i) => (i === 40 ? x ^ 1 : x)),
});

describe('deal file', { timeout: bounds.journey }, () => {
  it('of a paid deal is right on both sides', async () => {
    world = await dealWorld();
    const { id } = await world.deal();
    for (const { market } of [world.buyer, world.seller]) {
      const report = verifyDealFile(await world.act(exportDeal({ market, crypto }, id)), { crypto });
      expect(broken(report)).toEqual([]);
      expect(report).toMatchObject({ valid: true, deal: { trade: id, amount: 7n, currency: 'DUM1' } });
    }
  });

  it('of issued money holds the notaries’ certificates', async () => {
    world = await dealWorld({ witnesses: false });
    const { id } = await world.deal(await world.issue());
    for (const { market } of [world.buyer, world.seller]) {
      const bytes = await world.act(exportDeal({ market, crypto }, id));
      const report = verifyDealFile(bytes, { crypto });
      expect(broken(report)).toEqual([]);
      const { certificates, blocks } = decodeDealFile(bytes, crypto);
      expect([certificates.spend, blocks.receipt]).not.toContain(null);
      expect(report.deal?.outcome).toBe('paid');
      expect(report.deal?.currency).toMatch(/^SUN·/);
    }
  });

  it('says in plain words when a party of the deal opened its currency', async () => {
    for (const [issuer, seed, words] of [
      ['witness', 1, undefined],
      ['seller', 2, /^The seller opened this currency itself: .* trust in the seller\.$/],
      ['buyer', 3, /^The buyer opened this currency itself: .* trust in the buyer\.$/],
    ] as const) {
      world = await dealWorld({ witnesses: false, seed });
      const { id } = await world.deal(await world.issue(issuer));
      const { market } = world.seller;
      const report = verifyDealFile(await world.act(exportDeal({ market, crypto }, id)), { crypto });
      expect(report.valid).toBe(true);
      const payment = report.checks.find(({ name }) => name === 'payment');
      const note = payment?.checks.find(({ name }) => name === 'currency')?.note;
      if (words === undefined) expect(note).toBeNull();
      else expect(note).toMatch(words);
      expect(payment?.checks.filter((check) => check.note !== null).length).toBe(words === undefined ? 0 : 1);
      if (issuer !== 'buyer') await world.stop();
    }
  });

  it('of a cheat says that the money went back, and convicts with the proof', async () => {
    world = await dealWorld({ wrapSeller: wrongKey });
    const { id, state } = await world.deal();
    expect(state).toBe('returned');
    const { market } = world.buyer;
    const plain = verifyDealFile(await world.act(exportDeal({ market, crypto }, id)), { crypto });
    expect(plain).toMatchObject({ valid: true, deal: { outcome: 'refund' } });
    expect(plain.checks.map(({ name }) => name)).not.toContain('complaint');
    const whole = verifyDealFile(await world.act(exportDeal({ market, crypto }, id, { withProof: true })), {
      crypto,
    });
    expect(whole.valid).toBe(true);
    expect(whole.checks.find(({ name }) => name === 'complaint')?.detail).toMatch(/^founded: /);
  });

  it('is refused for every byte that is changed, and the broken check is named', async () => {
    world = await dealWorld({ witnesses: false });
    const { id } = await world.deal(await world.issue());
    const bytes = await world.act(exportDeal({ market: world.seller.market, crypto }, id));
    const accepted: number[] = [];
    const quick = remembering();
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      const report = verifyDealFile(changed, { crypto: quick });
      if (report.valid || report.broken.length === 0) accepted.push(at);
      // A forger mends the sum: what else is broken stays broken.
      if (report.broken.some(({ name }) => name !== 'file')) continue;
      const forged = withRightSum(changed);
      if (
        forged !== undefined &&
        !equalBytes(forged, bytes) &&
        verifyDealFile(forged, { crypto: quick }).valid
      )
        accepted.push(at);
    }
    expect(accepted).toEqual([]);
  });

  it('with a proof in it is refused for every byte that is changed', async () => {
    world = await dealWorld({ wrapSeller: wrongKey });
    const { id } = await world.deal();
    const { market } = world.buyer;
    const bytes = await world.act(exportDeal({ market, crypto }, id, { withProof: true }));
    const accepted: number[] = [];
    const quick = remembering();
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      if (verifyDealFile(changed, { crypto: quick }).valid) accepted.push(at);
    }
    expect(accepted).toEqual([]);
  });

  it('is refused when a part of another deal stands in it', async () => {
    world = await dealWorld();
    const [one, other] = [(await world.deal()).id, (await world.deal()).id];
    const { market } = world.seller;
    const a = decodeDealFile(await world.act(exportDeal({ market, crypto }, one)), crypto);
    const b = decodeDealFile(await world.act(exportDeal({ market, crypto }, other)), crypto);
    expect(verifyDealFile(encodeDealFile(a, crypto), { crypto }).valid).toBe(true);
    for (const name of DEAL_BLOCKS) {
      if (a.blocks[name] === null) continue;
      const mixed = { ...a, blocks: { ...a.blocks, [name]: b.blocks[name] } };
      expect([name, verifyDealFile(encodeDealFile(mixed, crypto), { crypto }).valid]).toEqual([name, false]);
    }
    for (const name of DEAL_CERTIFICATES) {
      if (a.certificates[name] === null) continue;
      const mixed = { ...a, certificates: { ...a.certificates, [name]: b.certificates[name] } };
      expect([name, verifyDealFile(encodeDealFile(mixed, crypto), { crypto }).valid]).toEqual([name, false]);
    }
  });

  it('claims nothing about what was taken out of it', async () => {
    world = await dealWorld();
    const { id } = await world.deal();
    const file = decodeDealFile(
      await world.act(exportDeal({ market: world.buyer.market, crypto }, id)),
      crypto,
    );
    const without = (...names: readonly (keyof typeof file.blocks)[]): DealReport =>
      verifyDealFile(
        encodeDealFile(
          {
            ...file,
            blocks: { ...file.blocks, ...Object.fromEntries(names.map((name) => [name, null])) },
            certificates: { spend: null, acks: null, outcome: null },
          },
          crypto,
        ),
        { crypto },
      );
    const absent = (checks: readonly DealCheck[]): readonly string[] =>
      checks.flatMap((one) => [...(one.absent ? [one.name] : []), ...absent(one.checks)]);

    // A paid deal whose payment was taken out was not “offered and not bought”.
    const offer = without('hold', 'release', 'receipt', 'bid');
    expect(offer.valid).toBe(true);
    expect(offer.summary).toMatch(/is offered here; no payment is in this file/);
    expect(absent(offer.checks)).toEqual([
      ...['bid', 'payment', 'hold', 'spend', 'key', 'release', 'acks', 'receipt', 'outcome'],
    ]);
    const held = without('release', 'receipt');
    expect(held.summary).toMatch(/has a payment here; no decision about it is in this file/);
    expect(absent(held.checks)).toEqual(['spend', 'key', 'release', 'acks', 'receipt', 'outcome']);
    // Whole, it is paid by its receipt.
    const all = verifyDealFile(encodeDealFile(file, crypto), { crypto });
    expect(absent(all.checks)).toEqual(['spend', 'acks', 'outcome']);
  });

  it('is told apart from other files in plain words', async () => {
    world = await dealWorld();
    const { id } = await world.deal();
    const bytes = await world.act(exportDeal({ market: world.buyer.market, crypto }, id));
    const found = (file: Uint8Array): string => verifyDealFile(file, { crypto }).broken[0]?.detail ?? '';
    expect(found(new Uint8Array())).toBe('the file is empty');
    for (const other of ['<script>alert(1)</script>', '{"deal":1}', 'PK\u0003\u0004', '\u001b[31m'])
      expect(found(new TextEncoder().encode(other))).toMatch(/^this is no deal file/);
    // Nobody looks through what is none.
    expect(found(new Uint8Array(900_000).fill(0xa0))).toMatch(/^this is no deal file/);
    for (const length of [1, 3, 100, bytes.length - 1])
      expect(found(bytes.subarray(0, length))).toMatch(/^the file is damaged, was cut off/);
  });

  it('with a million values in it is refused before any of them is built', () => {
    // The head of a deal file; then `v` is a list of as many empty lists as fit.
    const count = 900_000;
    const list = Uint8Array.of(0x9a, count >>> 24, (count >>> 16) & 255, (count >>> 8) & 255, count & 255);
    const file = concatBytes(Uint8Array.of(0xa7, 0x61, 0x76), list, new Uint8Array(count).fill(0x80));
    expect(verifyDealFile(file, { crypto }).broken[0]?.detail).toMatch(/more values in this than anything/);
    expect(() => decodeDealFile(file, crypto)).toThrow(expect.objectContaining({ code: 'ERR_DEAL_FORMAT' }));
  });

  it('never throws, whatever the bytes', async () => {
    world = await dealWorld();
    const { id } = await world.deal();
    const good = await world.act(exportDeal({ market: world.buyer.market, crypto }, id));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(good.length), (noise, at) => {
        const spliced = concatBytes(good.subarray(0, at), noise, good.subarray(at));
        for (const bytes of [noise, spliced, good.subarray(0, at)]) {
          const report = verifyDealFile(bytes, { crypto });
          expect(report.valid).toBe(bytes.length === good.length && equalBytes(bytes, good));
          if (!report.valid) expect(broken(report)).not.toEqual([]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('is refused while the trade runs, and for trades that nobody knows', async () => {
    world = await dealWorld();
    const { market } = world.buyer;
    await expect(exportDeal({ market, crypto }, '00'.repeat(32))).rejects.toMatchObject({
      code: 'ERR_MARKET_UNKNOWN',
    });
  });
});
