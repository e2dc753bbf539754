import { EdmpError } from '@edmp/interface';
import { signHalfBlock } from '@edmp/trustchain/block';
import { afterEach, describe, expect, it } from 'vitest';
import type { SignedOrder } from '../src/blocks/order.ts';
import { refusalOf } from '../src/trade/failures.ts';
import { assetOf, crypto, documentOf } from './support/documents.ts';
import {
  HOUR,
  MINUTE,
  stateOf,
  type Trader,
  type TraderOptions,
  TradingWorld,
  tradeOf,
} from './support/trading/world.ts';

let world: TradingWorld;
afterEach(async () => {
  await world.stop();
});

interface Deal {
  readonly seller: Trader;
  readonly buyer: Trader;
  readonly ask: SignedOrder;
  readonly asset: string;
}

async function deal(seed: number, options: TraderOptions = {}): Promise<Deal> {
  world = new TradingWorld(seed);
  await world.witness('witness');
  const seller = await world.trader('seller');
  const buyer = await world.trader('buyer', options);
  world.linkAll();
  await world.environment.advance(200);
  const document = documentOf('June');
  const ask = await world.sell(seller, document);
  return { seller, buyer, ask, asset: assetOf(document) };
}

/** Shows `viewer` a second block of the seller at the position of its ask. */
async function showFork(viewer: Trader, { block }: SignedOrder): Promise<void> {
  const other = await signHalfBlock(
    { ...block.core, time: block.core.time + 1 },
    world.signer('seller'),
    crypto,
  );
  await viewer.chain.receive(block.bytes);
  await viewer.chain.receive(other.bytes);
  expect(await viewer.chain.isFraudulent(block.core.key)).toBe(true);
}

const heldBy = ({ ledger, key }: Trader): bigint => ledger.balance(key, 'DUM1').held;

describe('a seller whose fraud is proven while it sells', () => {
  it('is refused by that name when the payment would be signed', async () => {
    let before: () => Promise<void> = async () => undefined;
    const { buyer, ask, asset } = await deal(21, {
      wallet: (real) => ({
        ...real,
        spend: async (...args) => {
          await before();
          return real.spend(...args);
        },
      }),
    });
    before = () => showFork(buyer, ask);
    await world.buy(buyer, asset);
    await world.until(() => stateOf(buyer) === 'failed', MINUTE);
    expect(tradeOf(buyer).failure).toMatchObject({ code: 'ERR_RISK_FRAUD' });
    await world.until(() => buyer.exhausted.length > 0, MINUTE);
    expect(buyer.exhausted.at(-1)).toContain('ERR_RISK_FRAUD');
    expect(buyer.problems).toEqual([]);
    expect(heldBy(buyer)).toBe(0n);
  });

  it('is refused by that name before the sealed data is fetched', async () => {
    const { buyer, ask, asset } = await deal(22);
    buyer.trading.engine.on(({ type, trade }) => {
      if (type === 'entered' && trade.state === 'fetching') void showFork(buyer, ask);
    });
    await world.buy(buyer, asset);
    await world.until(() => stateOf(buyer) === 'failed', MINUTE);
    expect(tradeOf(buyer).failure).toMatchObject({ code: 'ERR_RISK_FRAUD' });
    expect(buyer.problems).toEqual([]);
  });

  for (const [name, restarts] of [
    ['while it runs', false],
    ['after a restart', true],
  ] as const) {
    it(`gets no receipt, and its buyer asks ${name} what became of the money`, async () => {
      const { seller, buyer, ask, asset } = await deal(23);
      await world.buy(buyer, asset);
      await world.until(() => stateOf(seller) === 'releasing' && tradeOf(seller).release !== null, MINUTE, 1);
      expect(stateOf(buyer)).toBe('held');
      await showFork(buyer, ask);
      await world.until(() => stateOf(buyer) === 'completed', MINUTE);
      expect(tradeOf(buyer).receipt).toBeNull();
      expect(heldBy(buyer)).toBe(10n);
      if (restarts) {
        await world.crash(buyer);
        await world.environment.advance(3 * HOUR);
        await world.restart(buyer);
        await world.environment.advance(MINUTE);
      } else await world.environment.advance(2 * HOUR);
      expect(heldBy(buyer)).toBe(0n);
      expect(buyer.ledger.balance(buyer.key, 'DUM1').available).toBe(990n);
      expect(buyer.ledger.balance(seller.key, 'DUM1').earned).toBe(10n);
      expect(buyer.problems).toEqual([]);
    });
  }

  it('asks again when the witnesses were away, and then no more', async () => {
    const { seller, buyer, ask, asset } = await deal(24);
    await world.buy(buyer, asset);
    await world.until(() => stateOf(seller) === 'releasing' && tradeOf(seller).release !== null, MINUTE, 1);
    expect(stateOf(buyer)).toBe('held');
    await showFork(buyer, ask);
    await world.until(() => stateOf(buyer) === 'completed', MINUTE);
    world.networks.partition(
      [seller.key, buyer.key],
      world.witnesses.map(({ network }) => network.self),
    );
    await world.environment.advance(4 * HOUR);
    expect(heldBy(buyer)).toBe(10n);
    world.networks.heal();
    world.linkAll();
    await world.until(() => heldBy(buyer) === 0n, 7 * HOUR, MINUTE);
    const asked = world.requests.length;
    await world.environment.advance(8 * HOUR);
    const later = world.requests.slice(asked).filter((name) => name.includes('notary'));
    expect(later).toEqual([]);
  });
});

describe('what a chain says of a counterparty', () => {
  const { key } = documentKey();
  const named = async (error: unknown, isCheat = false): Promise<string> =>
    ((await refusalOf(error, key, { isFraudulent: async () => isCheat })) as EdmpError).code;
  const chainError = (code: string, reason?: string, retryable = false): EdmpError =>
    new EdmpError(code, 'what the chain says', { retryable, details: { reason } });

  it('is a refusal with a name of the market, unless it may pass or is about the own key', async () => {
    expect(await named(chainError('ERR_CHAIN_FRAUD'), true)).toBe('ERR_RISK_FRAUD');
    expect(await named(chainError('ERR_CHAIN_FRAUD'), false)).toBe('ERR_CHAIN_FRAUD');
    expect(await named(chainError('ERR_CHAIN_HISTORY', 'fork'))).toBe('ERR_RISK_FRAUD');
    expect(await named(chainError('ERR_CHAIN_HISTORY', 'too-large'))).toBe('ERR_RISK_CHAIN');
    expect(await named(chainError('ERR_CHAIN_HISTORY', 'gap', true))).toBe('ERR_CHAIN_HISTORY');
    expect(await named(chainError('ERR_TIMEOUT'), true)).toBe('ERR_TIMEOUT');
  });
});

function documentKey(): { readonly key: Trader['key'] } {
  return { key: new TradingWorld(1).signer('seller').publicKey };
}
