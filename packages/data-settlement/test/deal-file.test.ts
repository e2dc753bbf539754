import { type DealFile, verifyDealFile } from '@edmp/data-settlement';
import { decodeDealFile, encodeDealFile } from '@edmp/data-settlement/proof';
import { type DatasetDocument, type HalfBlock, isEdmpError, type JudgedTrade } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { encodeDatasetDocument } from '@edmp/interface/dataset';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readStatement, signed, signerOf } from './support/blocks.ts';
import { craft } from './support/cheat.ts';
import { quarterHours } from './support/fixtures.ts';
import { parties } from './support/parties.ts';

const crypto = nodeCrypto();
const seller = signerOf(1);
const buyer = signerOf(2);

/** A finished deal with its blocks; `released` alters the released key. */
async function deal(changes: { released?: (key: Uint8Array) => Uint8Array } = {}) {
  const all = parties();
  const crafted = await craft(all, all.buyer.content, quarterHours(), {
    ...(changes.released === undefined ? {} : { releasedKey: changes.released }),
  });
  await all.buyer.settlement.receive(crafted.trade, crafted.document, crafted.delivery);
  const { trade, document, delivery, wrappedKey } = crafted;
  const outcome = await all.buyer.settlement.open(trade, document, delivery, wrappedKey);
  const offered = { trade: trade.tradeId, content: delivery.settlementRoot };
  const key = { trade: trade.tradeId, content: wrappedKey };
  const toBuyer = { peer: buyer.publicKey };
  const toSeller = { peer: seller.publicKey };
  const proposal = await signed(seller, 'test/delivery', offered, toBuyer);
  const agreement = await signed(buyer, 'test/delivery', offered, { ...toSeller, link: proposal });
  const release = await signed(seller, 'test/release', key, { ...toBuyer, seq: 2, time: 1_767_225_601_000 });
  const receipt = await signed(buyer, 'test/release', key, {
    ...toSeller,
    seq: 2,
    link: release,
    time: 1_767_225_602_000,
  });
  const read = (blocks: readonly HalfBlock[], doc: DatasetDocument): JudgedTrade | undefined => {
    const said = (step: string) => blocks.map(readStatement).find((statement) => statement?.step === step);
    const [root, wrapped] = [said('delivery'), said('release')];
    if (root === undefined || wrapped === undefined) return undefined;
    return {
      ...trade,
      tradeId: root.tradeId,
      document: doc,
      settlementRoot: root.content,
      wrappedKey: wrapped.content,
    };
  };
  const file: DealFile = {
    document: encodeDatasetDocument(document),
    blocks: [proposal, agreement, release, receipt].map((block) => block.bytes),
    proof: outcome.kind === 'misbehaviour' ? outcome.proof : null,
  };
  return { file, options: { crypto, read }, blocks: { proposal, agreement, release, receipt } };
}

const failed = (report: ReturnType<typeof verifyDealFile>): string[] =>
  report.checks.filter(({ passed }) => !passed).map(({ name }) => name);

describe('deal file', () => {
  it('of a good deal passes every check offline', async () => {
    const { file, options } = await deal();
    const bytes = encodeDealFile(file);
    const report = verifyDealFile(bytes, options);
    expect(failed(report)).toEqual([]);
    expect(report).toMatchObject({ valid: true, blocks: { length: 4 } });
    expect(report.judgement).toBeUndefined();
    expect(encodeDealFile(decodeDealFile(bytes))).toEqual(bytes);
  });

  it('of a cheat carries a proof that convicts', async () => {
    const { file, options } = await deal({ released: (key) => key.map((x) => x ^ 1) });
    const report = verifyDealFile(encodeDealFile(file), options);
    expect(report).toMatchObject({ valid: true, judgement: { guilty: true, kind: 'wrong-key' } });
  });

  it('names what is wrong', async () => {
    const { file, options, blocks } = await deal();
    const other = await deal();
    const report = (changes: Partial<DealFile>) =>
      failed(verifyDealFile(encodeDealFile({ ...file, ...changes }), options));
    const { bytes } = blocks.receipt;
    const forged = bytes.with(bytes.length - 9, (bytes.at(-9) ?? 0) ^ 1);
    expect(report({ blocks: [...file.blocks.slice(0, 3), forged] })).toEqual(['signatures']);
    expect(report({ blocks: file.blocks.slice(1) })).toContain('links');
    expect(report({ blocks: [] })).toEqual(['facts']);
    expect(report({ document: other.file.document.with(5, 0) })).toContain('document');
    expect(report({ proof: new Uint8Array(10) })).toEqual(['proof']);
    const fork = await signed(seller, 'test/other', 'again', { time: 1_767_225_600_500 });
    expect(report({ blocks: [...file.blocks, fork.bytes] })).toEqual(['order']);
    const backdated = await signed(seller, 'test/other', 'late', { seq: 3, time: 5 });
    expect(report({ blocks: [...file.blocks, backdated.bytes] })).toEqual(['order']);
    const misdirected = await signed(signerOf(3), 'test/delivery', null, { link: blocks.proposal });
    expect(report({ blocks: [...file.blocks, misdirected.bytes] })).toEqual(['links']);
    const throwing = verifyDealFile(encodeDealFile(file), {
      crypto,
      read: () => {
        throw new Error('cannot read');
      },
    });
    expect(failed(throwing)).toEqual(['facts']);
  });

  it('never passes altered: a typed error or a failed check', async () => {
    const { file, options } = await deal();
    const bytes = encodeDealFile(file);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        try {
          expect(verifyDealFile(bytes.with(at, bytes[at]! ^ mask), options).valid).toBe(false);
        } catch (error) {
          expect(isEdmpError(error, 'ERR_SETTLEMENT_FORMAT'), String(error)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (rubbish) => {
        expect(() => verifyDealFile(rubbish, options)).toThrow(
          expect.objectContaining({ code: 'ERR_SETTLEMENT_FORMAT' }),
        );
      }),
      { numRuns: 200 },
    );
  });
});
