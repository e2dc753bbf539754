/** A trader that goes back to a backup of its folder, and does not know that it is one. */

import { type KeyValueStore, memoryKeyValueStore } from '@edmp/interface';
import { memoryBlockStore } from '@edmp/trustchain';
import { afterEach, describe, expect, it } from 'vitest';
import { createWorld, type Node, type World } from '../support/world.ts';

let world: World;
afterEach(async () => {
  await world?.stop();
});

async function backup(node: Node): Promise<Pick<Node, 'store' | 'records'>> {
  const store = memoryBlockStore();
  for (const { block } of await node.store.since(0, 10_000)) await store.put([block]);
  const records: KeyValueStore = memoryKeyValueStore();
  await records.setMany(await node.records.entries(''));
  return { store, records };
}

async function town(seed: number) {
  world = await createWorld(seed);
  const notary = await world.node('notary', {}, true);
  const payer = await world.node('payer', { matchmaker: true });
  const payee = await world.node('payee', { matchmaker: true });
  await world.link(notary, payer, payee);
  const sun = await world.run(notary.market.issueCurrency({ label: 'SUN', precision: 0 }));
  const block = notary.market.currencyBlock(sun.id).bytes;
  for (const node of [payer, payee]) await world.run(node.market.addCurrency(block));
  await world.run(notary.market.transfer({ currency: sun.id, to: payer.key, amount: 100n }));
  await world.environment.advance(5_000);
  await world.run(payer.market.transfer({ currency: sun.id, to: payee.key, amount: 1n }));
  await world.environment.advance(5_000);
  return { notary, payer, payee, sun };
}

const owned = async ({ market, key }: Node, currency: string) =>
  (await market.balance(key, currency)).available;

describe('a payer from a backup', () => {
  it('signs no number twice in money that has notaries: it pays on, or says why it cannot', async () => {
    const { notary, payer, payee, sun } = await town(951);
    const old = await backup(payer);
    await world.run(payer.market.transfer({ currency: sun.id, to: payee.key, amount: 10n }));
    await world.environment.advance(5_000);
    expect(await owned(payee, sun.id)).toBe(11n);
    Object.assign(payer, old);
    await world.restart(payer);
    await world.link(notary, payer, payee);
    await world.environment.advance(5_000);
    const paying = payer.market.transfer({ currency: sun.id, to: payee.key, amount: 5n });
    const failure = await world.run(paying, 300_000, 1_000).then(
      () => undefined,
      (error: unknown) => error as { readonly code?: string; readonly message: string },
    );
    await world.environment.advance(30_000);
    const forked = await notary.trustchain.isFraudulent(payer.key);
    expect({ forked, code: failure?.code, message: failure?.message }).toMatchObject({ forked: false });
    expect([11n, 16n]).toContain(await owned(payee, sun.id));
    if (failure === undefined) expect(await owned(payee, sun.id)).toBe(16n);
  });

  it('signs nothing while no notary can tell its last number', async () => {
    const { notary, payer, payee, sun } = await town(952);
    const old = await backup(payer);
    await world.run(payer.market.transfer({ currency: sun.id, to: payee.key, amount: 10n }));
    await world.environment.advance(5_000);
    Object.assign(payer, old);
    await world.crash(payer);
    world.networks.cut(payer.key, notary.key);
    world.networks.cut(payer.key, payee.key);
    await world.restart(payer);
    const before = (await payer.store.head(payer.key))?.core.seq;
    const paying = payer.market.transfer({ currency: sun.id, to: payee.key, amount: 5n });
    const failure = await world.run(paying, 600_000, 1_000).then(
      () => undefined,
      (error: unknown) => error as { readonly code?: string },
    );
    expect(failure?.code).toMatch(/^ERR_/);
    expect((await payer.store.head(payer.key))?.core.seq).toBe(before);
  });

  it('in test money, among peers that know its newer blocks, it does not fork its chain', async () => {
    const { notary, payer, payee } = await town(953);
    const old = await backup(payer);
    await world.run(payer.market.transfer({ currency: 'DUM1', to: payee.key, amount: 10n }));
    await world.environment.advance(5_000);
    Object.assign(payer, old);
    await world.restart(payer);
    await world.link(notary, payer, payee);
    await world.environment.advance(5_000);
    await world
      .run(payer.market.transfer({ currency: 'DUM1', to: payee.key, amount: 5n }), 300_000, 1_000)
      .catch(() => undefined);
    await world.environment.advance(60_000);
    expect(await payee.trustchain.isFraudulent(payer.key)).toBe(false);
  });
});
