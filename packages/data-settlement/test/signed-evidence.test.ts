import {
  decodeEquivocation,
  encodeEquivocation,
  judgeEquivocation,
  judgeFalseComplaint,
} from '@edmp/data-settlement/proof';
import { isEdmpError } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readStatement, signed, signerOf } from './support/blocks.ts';
import { craft } from './support/cheat.ts';
import { quarterHours } from './support/fixtures.ts';
import { judged, parties } from './support/parties.ts';

const crypto = nodeCrypto();
const seller = signerOf(1);
const buyer = signerOf(2);
const trade = new Uint8Array(32).fill(7);
const bytes = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const options = { crypto, author: seller.publicKey, read: readStatement };

describe('equivocation', () => {
  it('convicts a seller of two deliveries for one trade, whichever is found first', async () => {
    const a = await signed(seller, 'test/delivery', { trade, content: bytes(1) });
    const b = await signed(seller, 'test/delivery', { trade, content: bytes(2) }, { seq: 2 });
    const proof = encodeEquivocation(a.bytes, b.bytes);
    expect(encodeEquivocation(b.bytes, a.bytes)).toEqual(proof);
    expect(judgeEquivocation(options, proof)).toMatchObject({ guilty: true, kind: 'equivocation' });
    expect(() => encodeEquivocation(a.bytes, a.bytes)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    );
  });

  it('does not convict for a repetition, another trade, another step, another author or no statement', async () => {
    const a = await signed(seller, 'test/delivery', { trade, content: bytes(1) });
    for (const other of [
      await signed(seller, 'test/delivery', { trade, content: bytes(1) }, { seq: 2 }),
      await signed(seller, 'test/delivery', { trade: bytes(9), content: bytes(2) }, { seq: 2 }),
      await signed(seller, 'test/release', { trade, content: bytes(2) }, { seq: 2 }),
      await signed(buyer, 'test/delivery', { trade, content: bytes(2) }),
      await signed(seller, 'test/other', 'text', { seq: 2 }),
    ]) {
      expect(judgeEquivocation(options, encodeEquivocation(a.bytes, other.bytes)).guilty).toBe(false);
    }
  });

  it('cannot be forged by altering a byte', async () => {
    const a = await signed(seller, 'test/release', { trade, content: bytes(1) });
    const b = await signed(seller, 'test/release', { trade, content: bytes(2) }, { seq: 2 });
    const proof = encodeEquivocation(a.bytes, b.bytes);
    fc.assert(
      fc.property(fc.nat(proof.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        expect(judgeEquivocation(options, proof.with(at, proof[at]! ^ mask)).guilty).toBe(false);
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (rubbish) => {
        expect(judgeEquivocation(options, rubbish).guilty).toBe(false);
        try {
          decodeEquivocation(rubbish);
        } catch (error) {
          expect(isEdmpError(error, 'ERR_SETTLEMENT_FORMAT')).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('false complaint', () => {
  it('convicts a buyer whose signed complaint is not borne out, and only then', async () => {
    const all = parties();
    const honest = await craft(all, all.buyer.content, quarterHours());
    const cheated = await craft(all, all.buyer.content, quarterHours(), {
      releasedKey: (key) => key.map((x) => x ^ 1),
    });
    await all.buyer.settlement.receive(cheated.trade, cheated.document, cheated.delivery);
    const outcome = await all.buyer.settlement.open(
      cheated.trade,
      cheated.document,
      cheated.delivery,
      cheated.wrappedKey,
    );
    const proof = outcome.kind === 'misbehaviour' ? outcome.proof : new Uint8Array(0);
    const complain = async (tradeId: Uint8Array, evidence: Uint8Array, signer = buyer) =>
      (await signed(signer, 'test/complaint', { trade: tradeId, content: crypto.sha256(evidence) })).bytes;
    const facts = (deal: typeof honest) => ({
      crypto,
      read: readStatement,
      trade: { ...judged(deal, deal.wrappedKey), buyer: buyer.publicKey },
    });
    const { tradeId } = honest.trade;
    const lie = judgeFalseComplaint(facts(honest), await complain(tradeId, proof), proof);
    expect(lie).toMatchObject({ guilty: true, kind: 'false-complaint' });
    const right = judgeFalseComplaint(facts(cheated), await complain(cheated.trade.tradeId, proof), proof);
    expect(right.guilty).toBe(false);
    for (const [complaint, evidence] of [
      [await complain(tradeId, proof, seller), proof],
      [await complain(bytes(1), proof), proof],
      [await complain(tradeId, proof), new Uint8Array(5)],
      [new Uint8Array(40), proof],
    ] as const) {
      expect(judgeFalseComplaint(facts(honest), complaint, evidence).guilty).toBe(false);
    }
  });
});
