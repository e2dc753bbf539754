import { afterEach, describe, expect, it } from 'vitest';
import { DUM1 } from '../../src/asset/currency.ts';
import { currencyRegister } from '../../src/asset/currency-register.ts';
import { createLedger } from '../../src/ledger/create-ledger.ts';
import { assetOf, documentOf } from '../support/documents.ts';
import { author, crypto, proposed, START } from '../support/money.ts';
import { stateOf, TradingWorld } from '../support/trading/world.ts';

let world: TradingWorld | undefined;
afterEach(async () => {
  await world?.stop();
});

async function market() {
  const town = new TradingWorld();
  world = town;
  await world.witness('witness');
  const seller = await world.trader('seller', { ledger: { authors: 4, waitingBlocks: 8 } });
  const buyer = await world.trader('buyer');
  world.linkAll();
  await world.environment.advance(200);
  return { world: town, seller, buyer };
}

describe('a ledger that strangers have filled', () => {
  it('still sells to a buyer whose chain came before there was room', async () => {
    const { world, seller, buyer } = await market();
    for (let i = 0; i < 8; i++) {
      const stranger = author(`spender ${i}`);
      const { block } = await stranger.transfer(DUM1, author('payee').key, 1n);
      seller.ledger.applyBlock(block);
    }
    const document = documentOf('June');
    await world.sell(seller, document);
    await world.buy(buyer, assetOf(document));
    await world.until(() => stateOf(buyer) === 'completed' && stateOf(seller) === 'completed');
    expect(seller.ledger.balance(seller.key, 'DUM1').earned).toBe(10n);
  });

  it('still sells to a buyer whose chain gave way to new keys', async () => {
    const { world, seller, buyer } = await market();
    const [first, second] = [documentOf('June'), documentOf('July')];
    await world.sell(seller, first);
    // Its bid reaches the seller, and nothing comes of it.
    const bid = await world.buy(buyer, assetOf(second));
    await seller.chain.receive(bid.block.bytes);
    for (let i = 0; i < 8; i++) seller.ledger.applyBlock(await author(`idle ${i}`).sign('note', { v: 1 }));
    await world.buy(buyer, assetOf(first));
    await world.until(() => stateOf(buyer) === 'completed' && stateOf(seller) === 'completed');
    expect(seller.ledger.balance(seller.key, 'DUM1').earned).toBe(10n);
  });
});

describe('proposals that strangers make up', () => {
  it.each(['seller', 'buyer'] as const)(
    'push out none that the %s of this node made or got',
    async (role) => {
      const [seller, buyer, other] = [author('seller'), author('buyer'), author('other')];
      const ledger = createLedger({
        crypto,
        currencies: currencyRegister(),
        now: START,
        self: role === 'seller' ? seller.key : buyer.key,
        limits: { proposals: 4 },
      });
      const trade = await proposed(seller, buyer, DUM1, 10n);
      ledger.applyBlock(trade.block);
      for (let i = 0; i < 8; i++) {
        const stranger = author(`stranger ${i}`);
        ledger.applyBlock((await proposed(stranger, other, DUM1, 1n)).block);
      }
      const hold = await buyer.hold(DUM1, trade);
      ledger.applyBlock(hold.block);
      expect(ledger.hold(hold.key)?.terms?.amount).toBe(10n);
    },
  );

  it('push out none that this node made, even when they are addressed to it', async () => {
    const [seller, buyer] = [author('seller'), author('buyer')];
    const ledger = createLedger({
      crypto,
      currencies: currencyRegister(),
      now: START,
      self: seller.key,
      limits: { proposals: 4 },
    });
    const trade = await proposed(seller, buyer, DUM1, 10n);
    ledger.applyBlock(trade.block);
    for (let i = 0; i < 8; i++) {
      ledger.applyBlock((await proposed(author(`stranger ${i}`), seller, DUM1, 1n)).block);
    }
    const hold = await buyer.hold(DUM1, trade);
    ledger.applyBlock(hold.block);
    expect(ledger.hold(hold.key)?.terms?.amount).toBe(10n);
  });
});
