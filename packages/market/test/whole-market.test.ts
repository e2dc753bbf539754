/**
 * Named histories over whole markets, through the public API alone: four notaries that are the witnesses too, links that
 * break between some of them, stores that go back in time, sellers that die at the worst moment.
 */

import { type KeyValueStore, memoryKeyValueStore } from '@edmp/interface';
import { type Currency, price } from '@edmp/market';
import { RELEASE_TYPE, TRADE_TYPE } from '@edmp/market/codec';
import { memoryBlockStore } from '@edmp/trustchain';
import { afterEach, describe, expect, it } from 'vitest';
import { documentOf } from './support/documents.ts';
import { SHORT } from './support/rogue.ts';
import { createWorld, DAY, type Node, tradeOf, type World } from './support/world.ts';

const MINUTE = 60_000;
let world: World;
afterEach(async () => {
  await world?.stop();
});

interface Town {
  readonly notaries: readonly Node[];
  readonly issuer: Node;
  readonly seller: Node;
  readonly buyer: Node;
  readonly sun: Currency;
}

/** A currency of four notaries, 100 of it with the buyer, and a listing of 30 by the seller. */
async function town(seed: number, options: Partial<Parameters<World['node']>[1]> = {}): Promise<Town> {
  world = await createWorld(seed);
  const notaries: Node[] = [];
  for (let i = 0; i < 4; i++) notaries.push(await world.node(`notary ${i}`, { ...SHORT, ...options }, true));
  const trader = { ...SHORT, matchmaker: true, ...options };
  const issuer = await world.node('issuer', trader);
  const seller = await world.node('seller', trader);
  const buyer = await world.node('buyer', trader);
  await world.link(...notaries, issuer, seller, buyer);
  const sun = await open(issuer, 'SUN', notaries, [seller, buyer]);
  await world.run(issuer.market.transfer({ currency: sun.id, to: buyer.key, amount: 100n }));
  await owns(buyer, sun, '100/0/0', MINUTE);
  return { notaries, issuer, seller, buyer, sun };
}

async function open(issuer: Node, label: string, notaries: readonly Node[], knownTo: readonly Node[]) {
  const keys = notaries.map(({ market }) => market.notaryKeys[0]!);
  const currency = await world.run(issuer.market.issueCurrency({ label, precision: 0, notaries: keys }));
  const block = issuer.market.currencyBlock(currency.id).bytes;
  for (const node of knownTo) await world.run(node.market.addCurrency(block));
  return currency;
}

async function walletOf(node: Node, { id }: Currency): Promise<string> {
  const { available, held, pending } = await node.market.balance(node.key, id);
  return `${available}/${held}/${pending}`;
}

const stateOf = (node: Node): string | undefined => node.market.trades()[0]?.state;

/** Moves the clock until a node owns what is expected. */
async function owns(node: Node, currency: Currency, expected: string, limitMs: number): Promise<void> {
  const limit = world.environment.now() + limitMs;
  let found = await walletOf(node, currency);
  while (found !== expected && world.environment.now() < limit) {
    await world.environment.advance(500);
    found = await walletOf(node, currency);
  }
  expect(found, `${node.name}, ${currency.id}`).toBe(expected);
}

async function list(seller: Node, currency: Currency, amount = 30n): Promise<string> {
  const document = documentOf('June');
  const asset = seller.settlement.add(document);
  await world.run(
    seller.market.sell({ document, price: price(currency.id, amount), supply: 1, lifetimeMs: DAY }),
  );
  await world.environment.advance(1_000);
  return asset;
}

function cut(nodes: readonly Node[], others: readonly Node[]): void {
  for (const node of nodes) for (const other of others) world.networks.cut(node.key, other.key);
}

async function healed(...nodes: readonly Node[]): Promise<void> {
  world.networks.heal();
  await world.link(...nodes);
}

describe('H5 what two of four are shown', () => {
  it('H5 a release that reaches two of four notaries is acknowledged by all, opened and paid', async () => {
    const { notaries, issuer, seller, buyer, sun } = await town(1005);
    const asset = await list(seller, sun);
    await world.run(buyer.market.buy({ asset, price: price(sun.id, 30n), lifetimeMs: DAY }));
    await world.until(() => stateOf(buyer) === 'held', MINUTE, 1);
    // The seller reaches two notaries and nobody else: no quorum acknowledges what it shows.
    cut([seller], [notaries[2]!, notaries[3]!, buyer, issuer]);
    await world.until(() => stateOf(buyer) === 'completed', 10 * MINUTE, 500);
    expect(seller.market.tradeEvidence(tradeOf(seller).id).acks).toBeNull();
    await world.environment.advance(3 * MINUTE);
    await healed(...notaries, issuer, seller, buyer);
    await world.until(() => stateOf(seller) === 'completed', 10 * MINUTE, 500);
    const evidence = await world.run(seller.market.askOutcome(tradeOf(seller).id));
    expect(evidence.outcome?.kind).toBe('paid');
    await world.run(seller.market.claim(sun.id), 10 * MINUTE, 500);
    await world.environment.advance(10_000);
    expect(await walletOf(seller, sun)).toBe('30/0/0');
    expect(await walletOf(buyer, sun)).toBe('70/0/0');
  });

  it('H5 a complaint that reaches two of four gives the money back, and no witness says paid', async () => {
    const { notaries, issuer, seller, buyer, sun } = await town(1006);
    const asset = await list(seller, sun);
    seller.settlement.cheat = 'wrong-key';
    await world.run(buyer.market.buy({ asset, price: price(sun.id, 30n), lifetimeMs: DAY }));
    await world.until(() => stateOf(buyer) === 'held', MINUTE, 1);
    cut([buyer], [notaries[2]!, notaries[3]!]);
    await world.environment.advance(3 * MINUTE);
    await healed(...notaries, issuer, seller, buyer);
    await world.until(() => stateOf(buyer) === 'returned', 10 * MINUTE, 500);
    await world.until(() => stateOf(seller) === 'lost', 10 * MINUTE, 500);
    expect(tradeOf(seller).failure?.code).toBe('ERR_TRADE_COMPLAINT');
    const evidence = buyer.market.tradeEvidence(tradeOf(buyer).id);
    expect(evidence.outcome?.kind).toBe('refund');
    await world.run(buyer.market.claim(sun.id), 10 * MINUTE, 500);
    await world.environment.advance(10_000);
    expect(await walletOf(buyer, sun)).toBe('100/0/0');
    expect(await walletOf(seller, sun)).toBe('0/0/0');
  });
});

describe('H6 a payee across a gap', () => {
  it('H6 is paid, and spends it at once, although it never saw the payment before its own', async () => {
    const { notaries, issuer, seller, buyer, sun } = await town(1007);
    const third = await world.node('third', { ...SHORT, matchmaker: true });
    await world.link(third, buyer, ...notaries, issuer);
    await world.run(third.market.addCurrency(issuer.market.currencyBlock(sun.id).bytes));
    // The seller is away while the buyer pays somebody else.
    cut([seller], [buyer, issuer, third, ...notaries]);
    await world.run(buyer.market.transfer({ currency: sun.id, to: third.key, amount: 11n }));
    await world.environment.advance(10_000);
    world.networks.heal();
    // It meets the buyer and its notaries again, and the buyer keeps the payment in between to itself.
    const between = (await buyer.store.head(buyer.key))!.core.seq;
    expect(await seller.store.range(buyer.key, between, between, 1)).toEqual([]);
    await world.link(seller, buyer, ...notaries);
    await world.run(buyer.market.transfer({ currency: sun.id, to: seller.key, amount: 20n }));
    await owns(seller, sun, '20/0/0', MINUTE);
    await world.run(seller.market.transfer({ currency: sun.id, to: third.key, amount: 20n }));
    await owns(third, sun, '31/0/0', 5 * MINUTE);
  });

  it('H6 in test money a seller gives its key only when the whole chain of the payer is here', async () => {
    world = await createWorld(1008);
    const { seller, buyer, maker } = await world.trio(SHORT);
    const third = await world.node('third', { ...SHORT, matchmaker: false });
    await world.link(third, buyer);
    cut([seller, maker], [buyer, third]);
    await world.run(buyer.market.transfer({ currency: 'DUM1', to: third.key, amount: 300n }));
    await world.environment.advance(5_000);
    await healed(seller, buyer, maker);
    const asset = await list(seller, { id: 'DUM1' } as Currency, 600n);
    await world.run(buyer.market.buy({ asset, price: price('DUM1', 600n), lifetimeMs: DAY }));
    await world.until(() => stateOf(seller) === 'completed', 10 * MINUTE, 500);
    // It knows both payments: without the first it would have seen 400 left.
    const known = await seller.market.balance(buyer.key, 'DUM1');
    expect(known).toMatchObject({ available: 100n, held: 0n });
  });
});

/** A copy of a store as it is now. */
async function copied(store: KeyValueStore): Promise<KeyValueStore> {
  const copy = memoryKeyValueStore();
  await copy.setMany(await store.entries(''));
  return copy;
}

async function copiedBlocks(node: Node): Promise<Node['store']> {
  const copy = memoryBlockStore();
  for (const { block } of await node.store.since(0, 10_000)) await copy.put([block]);
  return copy;
}

describe('H7 one position of a chain, two currencies', () => {
  it('H7 both payments stay with their payees, and the payer’s account goes no further', async () => {
    world = await createWorld(1009);
    const sunNotary = await world.node('sun notary', SHORT, true);
    const moonNotary = await world.node('moon notary', SHORT, true);
    const [a, b, payer] = [
      await world.node('payee a', SHORT),
      await world.node('payee b', SHORT),
      await world.node('payer', SHORT),
    ];
    const all = [sunNotary, moonNotary, a, b, payer];
    await world.link(...all);
    const sun = await open(sunNotary, 'SUN', [sunNotary], [a, b, payer, moonNotary]);
    const moon = await open(moonNotary, 'MOON', [moonNotary], [a, b, payer, sunNotary]);
    await world.run(sunNotary.market.transfer({ currency: sun.id, to: payer.key, amount: 50n }));
    await world.run(moonNotary.market.transfer({ currency: moon.id, to: payer.key, amount: 50n }));
    await world.environment.advance(10_000);
    const [store, records] = [await copiedBlocks(payer), await copied(payer.records)];
    // The payer pays in one currency, goes back to a copy of its folder, and pays in the other where nobody knows.
    cut([payer, a, sunNotary], [b, moonNotary]);
    await world.run(payer.market.transfer({ currency: sun.id, to: a.key, amount: 40n }));
    await owns(a, sun, '40/0/0', MINUTE);
    const place = (await payer.store.head(payer.key))!.core.seq;
    Object.assign(payer, { store, records });
    world.networks.heal();
    await world.crash(payer);
    cut([payer, b, moonNotary], [a, sunNotary]);
    await world.restart(payer);
    await world.environment.advance(1_000);
    await world.run(payer.market.transfer({ currency: moon.id, to: b.key, amount: 40n }));
    await owns(b, moon, '40/0/0', MINUTE);
    expect((await payer.store.head(payer.key))!.core.seq).toBe(place);
    await healed(...all);
    await world.environment.advance(10 * MINUTE);
    expect(await sunNotary.trustchain.isFraudulent(payer.key)).toBe(true);
    expect([await walletOf(a, sun), await walletOf(b, moon)]).toEqual(['40/0/0', '40/0/0']);
    // What they were paid is theirs to spend, for the whole market.
    await world.run(a.market.transfer({ currency: sun.id, to: b.key, amount: 40n }));
    await world.run(b.market.transfer({ currency: moon.id, to: a.key, amount: 40n }));
    await owns(b, sun, '40/0/0', 5 * MINUTE);
    await owns(a, moon, '40/0/0', 5 * MINUTE);
  });
});

describe('H14 a notary from a backup', () => {
  it('H14 one of four stops as soon as it is shown what it forgot, and the currency goes on without it', async () => {
    const { notaries, issuer, seller, buyer, sun } = await town(1010);
    const old = notaries[1]!;
    const backup = await copied(old.statements!);
    await world.run(buyer.market.transfer({ currency: sun.id, to: seller.key, amount: 10n }));
    await owns(seller, sun, '10/0/0', MINUTE);
    Object.assign(old, { statements: backup });
    await world.restart(old);
    await world.link(...notaries, issuer, seller, buyer);
    // Two payments more: the second shows the notary what it signed before.
    for (let i = 0; i < 20; i++) {
      await world.run(buyer.market.transfer({ currency: sun.id, to: seller.key, amount: 1n }));
      await world.environment.advance(2_000);
    }
    await owns(seller, sun, '30/0/0', 5 * MINUTE);
    const said = old.market.evidence().map(({ reason }) => reason);
    expect(said.some((reason) => reason.includes('unknown here'))).toBe(true);
    expect(old.market.evidence().every(({ code }) => code !== '')).toBe(true);
    // A whole deal with the three that are left.
    const asset = await list(seller, sun, 30n);
    await world.run(buyer.market.buy({ asset, price: price(sun.id, 30n), lifetimeMs: DAY }));
    await world.until(() => stateOf(buyer) === 'completed', 10 * MINUTE, 500);
  });
});

describe('H18 a seller that crashes and wraps again', () => {
  it.each([0, 1, 2, 5, 20])(
    'H18 %i ms after it wrapped: one release of one hold, which opens, and is paid',
    async (after) => {
      const { notaries, issuer, seller, buyer, sun } = await town(1018 + after);
      const asset = await list(seller, sun);
      await world.run(buyer.market.buy({ asset, price: price(sun.id, 30n), lifetimeMs: DAY }));
      await world.until(() => (seller.settlement.calls.get('release') ?? 0) > 0, MINUTE, 1);
      await world.environment.advance(after);
      await world.restart(seller);
      await world.link(...notaries, issuer, seller, buyer);
      await world.until(() => stateOf(buyer) === 'completed', 10 * MINUTE, 500);
      await world.until(() => stateOf(seller) === 'completed', 10 * MINUTE, 500);
      const releases = await seller.store.byType(RELEASE_TYPE, { author: seller.key, limit: 10 });
      expect(releases).toHaveLength(1);
      const holds = await buyer.store.byType(TRADE_TYPE, { author: buyer.key, limit: 10 });
      expect(holds).toHaveLength(1);
      await world.run(seller.market.claim(sun.id), 10 * MINUTE, 500);
      await world.environment.advance(10_000);
      expect(await walletOf(seller, sun)).toBe('30/0/0');
    },
  );
});
