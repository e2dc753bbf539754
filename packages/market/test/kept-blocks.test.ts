import type { HalfBlock } from '@edmp/interface';
import { price } from '@edmp/market';
import { afterEach, describe, expect, it } from 'vitest';
import { DUM1 } from '../src/asset/currency.ts';
import { currencyRegister } from '../src/asset/currency-register.ts';
import { createLedger } from '../src/ledger/create-ledger.ts';
import type { ChainFloor } from '../src/ledger/ledger.ts';
import { documentOf } from './support/documents.ts';
import { sums } from './support/ledger.ts';
import { author, crypto, proposed, START } from './support/money.ts';
import { createWorld, DAY, type Node, type World } from './support/world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

/** Sells a document and waits until both sides have done. */
async function deal(seller: Node, buyer: Node, title: string, amount: number): Promise<void> {
  const document = documentOf(title);
  const asset = seller.settlement.add(document);
  const done = buyer.market.trades().length;
  await world!.run(
    seller.market.sell({ document, price: price('DUM1', amount), supply: 5, lifetimeMs: DAY }),
  );
  await world!.environment.advance(200);
  await world!.run(buyer.market.buy({ asset, price: price('DUM1', amount), lifetimeMs: DAY }));
  await world!.until(() => {
    const trade = buyer.market.trades()[done];
    return trade?.finished === true && seller.market.trades().every((each) => each.finished);
  });
  expect(buyer.market.trades()[done]?.state).toBe('completed');
}

const pruneAll = (node: Node, severity: 'spare' | 'strict') =>
  node.trustchain.prune({
    maxBlocks: 0,
    pendingMs: 0,
    graceMs: 0,
    whole: severity === 'strict',
    keep: (block) => node.market.keeps(block, severity),
  });

/** Everything that a node says of its money, deals and trust. */
async function said(node: Node, others: readonly Node[]) {
  const { market, key } = node;
  return {
    own: await market.balance(key, 'DUM1'),
    others: await Promise.all(others.map((each) => market.balance(each.key, 'DUM1'))),
    trades: market.trades().map(({ id, state, role }) => [id, state, role]),
    trust: await Promise.all(others.map(async (each) => (await market.trust(each.key, 'DUM1')).score)),
    licences: market.trades().map(({ asset }) => market.licences(asset)),
  };
}

describe('what a market keeps when its chain is pruned', () => {
  for (const severity of ['spare', 'strict'] as const) {
    it(`is enough to say the same after a restart, and to go on trading (${severity})`, async () => {
      world = await createWorld(71);
      const { seller, buyer, maker } = await world.trio();
      await deal(seller, buyer, 'First', 10);
      await deal(seller, buyer, 'Second', 5);
      for (const node of [seller, buyer]) {
        const others = [seller, buyer].filter((each) => each !== node);
        const before = await said(node, others);
        const own = await node.store.count(node.key);
        await pruneAll(node, severity);
        expect(await node.store.count(node.key)).toBeGreaterThanOrEqual(own);
        await world.restart(node);
        await world.link(seller, buyer, maker);
        await world.environment.advance(2_000);
        expect(await said(node, others), node.name).toEqual(before);
      }
      await deal(seller, buyer, 'Third', 7);
    });
  }

  it('lets a bystander say the same of deals between others after a sparing pruning', async () => {
    world = await createWorld(72);
    const { seller, buyer, maker } = await world.trio();
    await deal(seller, buyer, 'First', 10);
    await world.environment.advance(5_000);
    const before = await said(maker, [seller, buyer]);
    await pruneAll(maker, 'spare');
    await world.restart(maker);
    await world.link(seller, buyer, maker);
    await world.environment.advance(2_000);
    expect(await said(maker, [seller, buyer])).toEqual(before);
  });

  it('are its listings as long as they are open, and not after', async () => {
    world = await createWorld(73);
    const { seller, buyer, maker } = await world.trio();
    const document = documentOf('Open');
    seller.settlement.add(document);
    const order = await world.run(
      seller.market.sell({ document, price: price('DUM1', 3), supply: 1, lifetimeMs: DAY }),
    );
    await world.environment.advance(500);
    await pruneAll(buyer, 'spare');
    expect(await buyer.store.has(order.id)).toBe(true);
    expect((await buyer.market.listings({})).length).toBe(1);
    await world.environment.advance(DAY + 1_000);
    await pruneAll(buyer, 'spare');
    expect(await buyer.store.has(order.id)).toBe(false);
    expect(maker.key).not.toEqual(buyer.key);
  });
});

describe('an account whose chain was cut', () => {
  const floorAt = (block: HalfBlock): ChainFloor => ({ position: block.core.seq, id: block.id });
  const ledgerWith = (floor: ChainFloor | undefined) =>
    createLedger({ crypto, currencies: currencyRegister(), now: START, floor: () => floor });

  it('begins where the checkpoint says, and nowhere else', async () => {
    const [seller, buyer] = [author('seller'), author('buyer')];
    for (let n = 0; n < 3; n++) await buyer.sign('market/price', { n });
    const proposal = await proposed(seller, buyer, DUM1, 300n, { witnesses: [] });
    await buyer.hold(DUM1, proposal);
    const [first, second, ...rest] = buyer.blocks as [HalfBlock, HalfBlock, ...HalfBlock[]];
    const whole = ledgerWith(undefined);
    for (const block of [...seller.blocks, ...buyer.blocks]) whole.applyBlock(block);
    const left = [...seller.blocks, second, ...rest];
    // Whatever comes first.
    for (const order of [left, [...left].reverse()]) {
      const cut = ledgerWith(floorAt(second));
      for (const block of order) cut.applyBlock(block);
      expect(cut.known(buyer.key)).toBe(4);
      expect(sums(cut, buyer.key, DUM1)).toEqual(sums(whole, buyer.key, DUM1));
    }
    for (const floor of [undefined, { position: second.core.seq, id: first.id }]) {
      const wrong = ledgerWith(floor);
      for (const block of left) wrong.applyBlock(block);
      expect(wrong.known(buyer.key)).toBe(0);
      expect(wrong.account(buyer.key, 'DUM1').state).toBe('gap');
    }
    expect(sums(whole, buyer.key, DUM1)).toEqual([700n, 300n, 0n, 0n]);
  });
});
