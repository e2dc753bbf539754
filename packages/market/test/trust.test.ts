import { price } from '@edmp/market';
import { afterEach, describe, expect, it } from 'vitest';
import type { Hold } from '../src/ledger/hold.ts';
import { DealGraphs } from '../src/risk/deal-graphs.ts';
import { documentOf } from './support/documents.ts';
import { author } from './support/money.ts';
import { createWorld, DAY, type Node, type World } from './support/world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

async function deal(seller: Node, buyer: Node, title: string, amount: number): Promise<void> {
  const document = documentOf(title);
  const asset = seller.settlement.add(document);
  const done = buyer.market.trades().length;
  await seller.market.sell({ document, price: price('DUM1', amount), supply: 5, lifetimeMs: DAY });
  await world!.environment.advance(50);
  await buyer.market.buy({ asset, price: price('DUM1', amount), lifetimeMs: DAY });
  await world!.until(() => {
    const trade = buyer.market.trades()[done];
    return trade?.finished === true && seller.market.trades().every((each) => each.finished);
  });
  expect(buyer.market.trades()[done]?.state).toBe('completed');
}

describe('trust from completed deals', () => {
  it('is what somebody bought, in the currency in which it paid, and is there after a restart', async () => {
    world = await createWorld(31);
    const { seller, buyer, maker } = await world.trio();
    expect(await buyer.market.trust(seller.key, 'DUM1')).toMatchObject({ score: 0n, hits: 0, paths: [] });
    await deal(seller, buyer, 'First', 10);
    await deal(seller, buyer, 'Second', 5);
    const expected = {
      score: 15n,
      standing: 15n,
      condemned: false,
      paths: [{ agents: [seller.key, buyer.key], amount: 15n }],
      proofs: [],
    };
    const trust = await buyer.market.trust(seller.key, 'DUM1');
    expect(trust).toMatchObject(expected);
    expect(trust.hits).toBeGreaterThan(8_000);
    expect(await buyer.market.trust(seller.key, 'DUM2')).toMatchObject({ score: 0n, hits: 0 });
    // Who sold owes nothing, and who looked on has no deals from which to look.
    expect(await seller.market.trust(buyer.key, 'DUM1')).toMatchObject({ score: 0n, standing: 0n });
    expect(await maker.market.trust(seller.key, 'DUM1')).toMatchObject({ score: 0n });
    await world.restart(buyer);
    await world.environment.advance(200);
    expect(await buyer.market.trust(seller.key, 'DUM1')).toMatchObject(expected);
  });

  it('lists those first to whom it leads, and leaves nobody out', async () => {
    world = await createWorld(32);
    const { seller, buyer, maker } = await world.trio();
    const other = await world.node('other', {
      matchmaker: false,
      witnesses: { keys: maker.market.notaryKeys },
    });
    await world.link(seller, buyer, maker, other);
    await deal(seller, buyer, 'Bought', 10);
    for (const [node, title, amount] of [
      [other, 'Cheap', 1],
      [seller, 'Dear', 90],
    ] as const) {
      const document = documentOf(title);
      node.settlement.add(document);
      await node.market.sell({ document, price: price('DUM1', amount), supply: 2, lifetimeMs: DAY });
    }
    await world.environment.advance(500);
    const titles = async (query: Parameters<typeof buyer.market.listings>[0]) =>
      (await buyer.market.listings(query)).map((each) => each.price.amount);
    expect(await titles({})).toEqual([1n, 10n, 90n]);
    expect(await titles({ sort: 'trust' })).toEqual([10n, 90n, 1n]);
    expect(await titles({ sort: 'trust', offset: 1, limit: 1 })).toEqual([90n]);
    expect(await titles({ sort: 'trust', offset: 2 })).toEqual([1n]);
    expect(await titles({ sort: 'trust', currency: 'DUM2' })).toEqual([]);
    expect(await titles({ sort: 'trust', seller: other.key })).toEqual([1n]);
    expect(await titles({ sort: 'trust', maxPrice: price('DUM1', 10) })).toEqual([10n, 1n]);
  });

  it('lets more be at stake with whom one bought from', async () => {
    world = await createWorld(33);
    const maker = await world.node('matchmaker', {}, true);
    const options = { matchmaker: false, witnesses: { keys: maker.market.notaryKeys } };
    const { defaultRiskPolicy } = await import('@edmp/market/risk');
    const seller = await world.node('seller', options);
    const buyer = await world.node('buyer', {
      ...options,
      risk: { ...defaultRiskPolicy, maxExposure: () => 10n, strangersExposure: () => 10n },
    });
    await world.link(seller, buyer, maker);
    await deal(seller, buyer, 'Ten', 10);
    await deal(seller, buyer, 'Twenty', 20);
    const document = documentOf('Forty-one');
    const asset = seller.settlement.add(document);
    await seller.market.sell({ document, price: price('DUM1', 41), supply: 5, lifetimeMs: DAY });
    await world.environment.advance(50);
    await buyer.market.buy({ asset, price: price('DUM1', 41), lifetimeMs: DAY });
    await world.until(() => buyer.market.evidence().some(({ reason }) => reason.includes('at stake')));
    expect(buyer.market.trades().filter(({ state }) => state === 'completed')).toHaveLength(2);
  });
});

describe('graphs of deals from the ledger', () => {
  const [a, b, c] = [author('a').key, author('b').key, author('c').key] as const;
  const hold = (key: string, over: Partial<Hold>): Hold =>
    ({
      key,
      seller: b,
      buyer: a,
      currency: 'DUM1',
      amount: 7n,
      counts: true,
      outcome: null,
      receipt: null,
      ...over,
    }) as Hold;
  const paid = { kind: 'paid', certificate: null } as const;

  it('take a deal once it is completed, once', () => {
    const graphs = new DealGraphs(a, () => true);
    const score = (): bigint => graphs.netFlow('DUM1').score(b).score;
    graphs.onChange({ type: 'hold', hold: hold('1', {}) });
    graphs.onChange({ type: 'outcome', hold: hold('1', { outcome: paid, counts: false }) });
    graphs.onChange({ type: 'outcome', hold: hold('2', { outcome: { kind: 'refund', certificate: null } }) });
    graphs.onChange({ type: 'outcome', hold: hold('3', { outcome: { kind: 'none', certificate: null } }) });
    expect(score()).toBe(0n);
    graphs.onChange({ type: 'hold', hold: hold('1', { outcome: paid }) });
    graphs.onChange({ type: 'outcome', hold: hold('1', { outcome: paid }) });
    expect(score()).toBe(7n);
    graphs.onChange({ type: 'outcome', hold: hold('4', { receipt: {} as Hold['receipt'] }) });
    expect(score()).toBe(14n);
    graphs.onChange({ type: 'outcome', hold: hold('5', { outcome: paid, amount: 0n }) });
    expect(score()).toBe(14n);
  });

  it('keep currencies apart, forget those that the register let go, and know cheats in each', () => {
    const known = new Set(['DUM1', 'X']);
    const graphs = new DealGraphs(a, (id) => known.has(id));
    const come = (key: string, currency: string, seller = b): void =>
      graphs.onChange({ type: 'outcome', hold: hold(key, { currency, seller, outcome: paid }) });
    come('1', 'DUM1');
    come('2', 'X');
    come('3', 'unknown');
    expect(graphs.currencies()).toEqual(['DUM1', 'X']);
    known.delete('X');
    known.add('Y');
    graphs.condemn(c);
    come('4', 'Y', c);
    expect(graphs.currencies()).toEqual(['DUM1', 'Y']);
    known.add('X');
    come('2', 'X');
    expect(graphs.netFlow('X').score(b).score).toBe(7n);
    expect(graphs.netFlow('Y').score(c)).toMatchObject({ score: 0n, condemned: true });
    graphs.condemn(b);
    expect(graphs.meritRank('DUM1').all()).toEqual([]);
  });
});
