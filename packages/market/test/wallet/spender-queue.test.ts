import { AbortedError } from '@edmp/interface';
import { afterEach, describe, expect, it } from 'vitest';
import { createWorld, type World } from '../support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

/** A payer that was started anew: before it pays it asks its notary. */
async function restartedPayer(seed: number) {
  world = await createWorld(seed);
  const notary = await world.node('notary', {}, true);
  const payer = await world.node('payer', {});
  await world.link(notary, payer);
  const sun = await world.run(notary.market.issueCurrency({ label: 'SUN', precision: 0 }));
  await world.run(payer.market.addCurrency(notary.market.currencyBlock(sun.id).bytes));
  await world.run(notary.market.transfer({ currency: sun.id, to: payer.key, amount: 10n }));
  await world.environment.advance(5_000);
  await world.restart(payer);
  return { payer, notary, sun };
}

describe('payments that wait for others', () => {
  it('end at once when they are called off, and are never made', async () => {
    const { payer, notary, sun } = await restartedPayer(981);
    const pay = { currency: sun.id, to: notary.key, amount: 1n };
    const first = payer.market.transfer(pay).catch((error: unknown) => error);
    const stop = new AbortController();
    const second = payer.market.transfer(pay, { signal: stop.signal }).catch((error: unknown) => error);
    await world.environment.settle();
    stop.abort();
    // The clock stands: the first one still waits.
    expect(await second).toBeInstanceOf(AbortedError);
    await world.run(first);
    await world.environment.advance(60_000);
    expect((await payer.market.balance(payer.key, sun.id)).available).toBe(9n);
  });

  it('end with an error of their own within their bound, one after another', async () => {
    const { payer, notary, sun } = await restartedPayer(982);
    await world.crash(notary);
    const pay = { currency: sun.id, to: notary.key, amount: 1n };
    const codes = [1, 2, 3].map(() =>
      payer.market.transfer(pay).then(
        () => 'paid',
        (error: { readonly code?: string }) => error.code,
      ),
    );
    for (const code of await world.run(Promise.all(codes), 120_000)) expect(code).toMatch(/^ERR_/);
  });
});
