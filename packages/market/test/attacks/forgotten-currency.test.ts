import { afterEach, describe, expect, it } from 'vitest';
import { CURRENCY_TYPE, currencyToTx } from '../../src/asset/currency.ts';
import { MAX_CURRENCIES } from '../../src/asset/currency-register.ts';
import { author } from '../support/money.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

describe('a flood of new currencies', () => {
  it('takes nobody’s money out of its wallet', async () => {
    world = await createWorld(77);
    const issuer = await world.node('issuer', {}, true);
    const payee = await world.node('payee', { matchmaker: false });
    await world.link(issuer, payee);
    const sun = await issuer.market.issueCurrency({ label: 'SUN', precision: 2 });
    await issuer.market.transfer({ currency: sun.id, to: payee.key, amount: 1_000n });
    await world.environment.advance(5_000);
    expect((await payee.market.balance(payee.key, sun.id)).available).toBe(1_000n);

    const squatter = author('squatter');
    const tx = currencyToTx({ label: 'JUNK', precision: 0, notaries: [squatter.key] });
    const time = world.environment.now();
    for (let i = 0; i <= MAX_CURRENCIES; i++) {
      const receiving = payee.trustchain.receive((await squatter.sign(CURRENCY_TYPE, tx, { time })).bytes);
      if (i % 64 === 0) await world.run(receiving);
    }
    await world.environment.advance(5_000);
    // The test currencies and as many others as are kept.
    expect(payee.market.currencies().length).toBe(MAX_CURRENCIES + 2);
    expect(payee.market.wallets().map(({ id }) => id)).toEqual(['DUM1', 'DUM2', sun.id, 'EW']);
    expect(payee.market.currencies().map(({ id }) => id)).toContain(sun.id);
    expect((await payee.market.balance(payee.key, sun.id)).available).toBe(1_000n);
    await world.crash(issuer);
    await world.restart(payee);
    await world.environment.advance(5_000);
    expect(payee.market.currencies().map(({ id }) => id)).toContain(sun.id);
    expect((await payee.market.balance(payee.key, sun.id)).available).toBe(1_000n);
  }, 60_000);
});

describe('a currency that its owner added', () => {
  it('stays chosen over a restart', async () => {
    world = await createWorld(78);
    const issuer = await world.node('issuer', {}, true);
    const other = await world.node('other', { matchmaker: false });
    await world.link(issuer, other);
    const sun = await issuer.market.issueCurrency({ label: 'SUN', precision: 2 });
    await world.environment.advance(1_000);
    expect(issuer.market.isChosenCurrency(sun.id)).toBe(true);
    expect(other.market.isChosenCurrency(sun.id)).toBe(false);
    await other.market.addCurrency(issuer.market.currencyBlock(sun.id).bytes);
    expect(other.market.isChosenCurrency(sun.id)).toBe(true);
    await world.restart(other);
    expect(other.market.isChosenCurrency(sun.id)).toBe(true);
    expect(other.market.isChosenCurrency('DUM1')).toBe(true);
  });
});
