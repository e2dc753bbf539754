import { type Network, type PublicKeyHex, publicKeyToHex, virtualEnvironment } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { MarketBooks } from '../src/book/market-books.ts';
import { MatchNotices } from '../src/matching/match-notices.ts';
import { encodeMatchReply } from '../src/matching/messages.ts';
import { assetOf, dataset, registryOf, SECRET, START, trader } from './support/orders.ts';

async function noticesWith(funded: (owner: PublicKeyHex) => boolean) {
  const environment = virtualEnvironment({ start: START });
  const registry = registryOf();
  const books = new MarketBooks(registry.table, SECRET);
  registry.on((change) => {
    if (change.type === 'added') books.add(change.slot);
  });
  const told: PublicKeyHex[] = [];
  const stop = new AbortController();
  const network = {
    self: trader('maker').key,
    onPeer: () => () => undefined,
    async *request(peer: Uint8Array) {
      told.push(publicKeyToHex(peer as Network['self']));
      yield encodeMatchReply({ open: true });
    },
  } as unknown as Network;
  const notices = new MatchNotices({
    network,
    environment,
    registry,
    books,
    funded,
    closed: () => undefined,
    signal: stop.signal,
  });
  return { environment, registry, notices, told };
}

describe('match notices', () => {
  it('M13 of dear bids without money a new ask concerns a few, of those with money all', async () => {
    const rich = [trader('rich 1'), trader('rich 2')];
    const { environment, registry, notices, told } = await noticesWith((owner) =>
      rich.some((one) => one.hex === owner),
    );
    const document = dataset('contested');
    const asset = assetOf(document);
    for (let i = 0; i < 200; i++) registry.add(await trader(`poor ${i}`).bid({ asset, price: 10 ** 9 }));
    for (const one of rich) registry.add(await one.bid({ asset, price: 5 }));
    const ask = await trader('seller').ask({ document, price: 5 });
    registry.add(ask);
    notices.concern(registry.find(ask.key));
    await environment.advance(10_000);
    expect(told.filter((owner) => rich.some((one) => one.hex === owner))).toHaveLength(2);
    expect(told).toHaveLength(2 + 64);
  });

  it('one owner with many bids is told of a few for each ask, one notice at a time, and not faster than agreed', async () => {
    const { environment, registry, notices, told } = await noticesWith(() => true);
    const document = dataset('one bidder');
    const owner = trader('bidder');
    for (let i = 0; i < 40; i++) registry.add(await owner.bid({ asset: assetOf(document), price: 9 + i }));
    for (let n = 1; n <= 8; n++) {
      const ask = await trader(`seller ${n}`).ask({ document, price: 5 });
      registry.add(ask);
      notices.concern(registry.find(ask.key));
      await environment.advance(1);
      if (n === 1) expect(told).toHaveLength(16);
    }
    // Eight times sixteen, of which the bucket lets 64 pass at once and one every two seconds afterwards.
    const atOnce = told.length;
    expect(atOnce).toBeLessThanOrEqual(64);
    await environment.advance(60_000);
    expect(told.length).toBeLessThanOrEqual(64 + 31);
    notices.stop();
  });
});
