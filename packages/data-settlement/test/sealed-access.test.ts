import { type SealedAccess, sealedAccess } from '@edmp/data-settlement/access';
import { cidOf, linksOf } from '@edmp/data-settlement/content';
import { CODEC_RAW, type PublicKey, utf8ToBytes } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import type { CID } from 'multiformats/cid';
import { describe, expect, it } from 'vitest';
import { quarterHours } from './support/fixtures.ts';
import { type Deal, type Parties, type Party, parties, receivedDeal } from './support/parties.ts';

const key = new Uint8Array(32).fill(9);

function accessOf(all: Parties, party: Party, friends: readonly PublicKey[] = []): SealedAccess {
  const { crypto, environment } = all;
  return sealedAccess({ secrets: party.secrets, content: party.content, crypto, environment, key, friends });
}

async function blocksOf(party: Party, { delivery }: Deal): Promise<readonly CID[]> {
  return [delivery.manifest, ...linksOf(delivery.manifest, await party.content.get(delivery.manifest))];
}

/** How many of the blocks a peer may read. */
async function readable(access: SealedAccess, peer: PublicKey, blocks: readonly CID[]): Promise<number> {
  let count = 0;
  for (const cid of blocks) if (await access.mayRead(peer, cid)) count += 1;
  return count;
}

const selfOf = ({ network }: Party): PublicKey => network.self;

describe('who may read sealed blocks', () => {
  it('gives a trade to its parties, and to nobody else', async () => {
    const all = parties(1);
    const deal = await receivedDeal(all, quarterHours({ days: 60 }));
    const blocks = await blocksOf(all.seller, deal);
    expect(blocks.length).toBeGreaterThan(2);
    const [sellers, buyers] = [accessOf(all, all.seller), accessOf(all, all.buyer)];
    expect(await readable(sellers, selfOf(all.buyer), blocks)).toBe(blocks.length);
    expect(await readable(buyers, selfOf(all.seller), blocks)).toBe(blocks.length);
    for (const access of [sellers, buyers]) {
      expect(await readable(access, selfOf(all.stranger), blocks)).toBe(0);
    }
    const absent = cidOf(nodeCrypto(), CODEC_RAW, utf8ToBytes('absent'));
    expect(await sellers.mayRead(selfOf(all.buyer), absent)).toBe(false);
  });

  it('gives chunks also to a buyer that has the manifest already', async () => {
    const all = parties(2);
    const deal = await receivedDeal(all, quarterHours({ days: 60 }));
    const [, ...chunks] = await blocksOf(all.seller, deal);
    expect(await readable(accessOf(all, all.seller), selfOf(all.buyer), chunks)).toBe(chunks.length);
  });

  it('knows at once what was sealed after it began, and chunks without their manifest after a while', async () => {
    const all = parties(3);
    const access = accessOf(all, all.seller);
    const first = await blocksOf(all.seller, await receivedDeal(all));
    expect(await readable(access, selfOf(all.buyer), first)).toBe(first.length);
    const absent = cidOf(nodeCrypto(), CODEC_RAW, utf8ToBytes('absent'));
    expect(await access.mayRead(selfOf(all.buyer), absent)).toBe(false);
    const [manifest, ...chunks] = await blocksOf(all.seller, await receivedDeal(all));
    if (manifest === undefined) throw new Error('no manifest');
    expect(await readable(access, selfOf(all.buyer), chunks)).toBe(0);
    await all.environment.advance(60_000);
    expect(await readable(access, selfOf(all.buyer), chunks)).toBe(chunks.length);
    const next = await blocksOf(all.seller, await receivedDeal(all));
    expect(await readable(access, selfOf(all.buyer), next)).toBe(next.length);
  });

  it('does not give one buyer what another bought', async () => {
    const all = parties(4);
    const mine = await blocksOf(all.seller, await receivedDeal(all));
    const theirs = await blocksOf(all.seller, await receivedDeal({ ...all, buyer: all.stranger }));
    const access = accessOf(all, all.seller);
    expect(await readable(access, selfOf(all.buyer), [...mine, ...theirs])).toBe(mine.length);
    expect(await readable(access, selfOf(all.stranger), [...mine, ...theirs])).toBe(theirs.length);
  });

  it('gives everything to friends, whoever sold or bought it', async () => {
    const all = parties(5);
    const blocks = await blocksOf(all.seller, await receivedDeal(all));
    for (const party of [all.seller, all.buyer]) {
      const access = accessOf(all, party, [selfOf(all.stranger)]);
      await all.environment.advance(1000);
      expect(await readable(access, selfOf(all.stranger), blocks)).toBe(blocks.length);
    }
  });

  it('gives nothing of an erased trade, though its blocks stay for another buyer', async () => {
    const all = parties(6);
    const series = { ...quarterHours(), mode: 'shared' as const };
    const { asset, document } = await all.seller.settlement.addDataset(series);
    const deals: Deal[] = [];
    for (const buyer of [all.buyer, all.stranger]) {
      const recipientKey = await buyer.settlement.createRecipientKey();
      const tradeId = all.crypto.sha256(recipientKey);
      const trade = {
        tradeId,
        asset,
        seller: selfOf(all.seller),
        buyer: selfOf(buyer),
        recipientKey,
        suite: buyer.settlement.keySuite,
      };
      deals.push({ trade, document, delivery: await all.seller.settlement.seal(trade) });
    }
    const [gone, kept] = deals;
    if (gone === undefined || kept === undefined) throw new Error('no deals');
    const blocks = await blocksOf(all.seller, gone);
    const access = accessOf(all, all.seller);
    const text = access.capability(gone.trade.tradeId);
    expect(await readable(access, selfOf(all.buyer), blocks)).toBe(blocks.length);
    await all.seller.settlement.erase(gone.trade.tradeId);
    expect(await readable(access, selfOf(all.buyer), blocks)).toBe(0);
    expect(await readable(access, selfOf(all.stranger), blocks)).toBe(blocks.length);
    expect((await access.scopeOf(text)).kind).toBe('erased');
    expect((await access.scopeOf(access.capability(kept.trade.tradeId))).kind).toBe('trade');
  });
});

describe('capabilities', () => {
  it('are for one trade, on either side, and fit a label of a host name', async () => {
    const all = parties(7);
    const deal = await receivedDeal(all, quarterHours({ days: 60 }));
    const other = await blocksOf(all.seller, await receivedDeal(all));
    const blocks = await blocksOf(all.seller, deal);
    for (const party of [all.seller, all.buyer]) {
      const access = accessOf(all, party);
      const text = access.capability(deal.trade.tradeId);
      expect(text).toMatch(/^[a-z2-7]{42}$/);
      const scope = await access.scopeOf(text);
      if (scope.kind !== 'trade') throw new Error(scope.kind);
      expect(scope.manifest).toEqual(deal.delivery.manifest);
      expect(blocks.map((cid) => scope.may(cid))).toEqual(blocks.map(() => true));
      expect(other.map((cid) => scope.may(cid))).toEqual(other.map(() => false));
      expect(await access.manifestOf(deal.trade.tradeId)).toEqual(deal.delivery.manifest);
    }
  });

  it('are not to be made by somebody else, in any one character', async () => {
    const all = parties(8);
    const { trade } = await receivedDeal(all);
    const access = accessOf(all, all.seller);
    const text = access.capability(trade.tradeId);
    for (let at = 0; at < text.length; at++) {
      const changed = `${text.slice(0, at)}${text[at] === 'a' ? 'b' : 'a'}${text.slice(at + 1)}`;
      expect((await access.scopeOf(changed)).kind, `${at}`).toBe('unknown');
    }
    const strangers = sealedAccess({ ...all.seller, ...all, key: new Uint8Array(32) });
    for (const wrong of [
      strangers.capability(trade.tradeId),
      '',
      text.slice(1),
      text.toUpperCase(),
      `${text}a`,
    ])
      expect((await access.scopeOf(wrong)).kind).toBe('unknown');
    expect(access.capability(all.crypto.sha256(utf8ToBytes('no trade')))).not.toBe(text);
    expect((await access.scopeOf(access.capability(new Uint8Array(32)))).kind).toBe('unknown');
  });
});
