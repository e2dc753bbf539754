/** A trader that goes back to a backup, while nobody but the notary of its money has what it signed since. */

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

const owned = async ({ market, key }: Node, currency: string) =>
  (await market.balance(key, currency)).available;

/** The payer has paid 10 twice since its backup. Its blocks lie in the notary's books, and in nobody's chains. */
async function putBack(seed: number) {
  world = await createWorld(seed);
  const notary = await world.node('notary', {}, true);
  const issuer = await world.node('issuer', {});
  const payer = await world.node('payer', {});
  await world.link(notary, issuer, payer);
  const sun = await world.run(
    issuer.market.issueCurrency({ label: 'SUN', precision: 0, notaries: [...notary.market.notaryKeys] }),
  );
  const block = issuer.market.currencyBlock(sun.id).bytes;
  await world.run(payer.market.addCurrency(block));
  await world.run(issuer.market.transfer({ currency: sun.id, to: payer.key, amount: 100n }));
  await world.environment.advance(5_000);
  await world.run(payer.market.transfer({ currency: sun.id, to: issuer.key, amount: 1n }));
  await world.environment.advance(5_000);
  const old = await backup(payer);
  const chains = await backup(notary);
  world.networks.cut(payer.key, issuer.key);
  for (let i = 0; i < 2; i++) {
    await world.run(payer.market.transfer({ currency: sun.id, to: issuer.key, amount: 10n }));
    await world.environment.advance(5_000);
  }
  const { seq } = (await payer.store.head(payer.key))!.core;
  await world.crash(payer);
  Object.assign(notary, { store: chains.store });
  await world.restart(notary);
  expect((await notary.store.head(payer.key))!.core.seq).toBe(seq - 2);
  Object.assign(payer, old);
  await world.restart(payer);
  return { notary, issuer, payer, sun, seq };
}

describe('a trader from a backup, with its notary alone', () => {
  it('gets its blocks back at the start, before it signs anything', async () => {
    const { notary, payer, seq, sun, issuer } = await putBack(961);
    expect((await payer.store.head(payer.key))!.core.seq).toBe(seq - 2);
    await world.link(notary, payer);
    await world.environment.advance(30_000);
    expect((await payer.store.head(payer.key))!.core.seq).toBe(seq);
    expect(await owned(payer, sun.id)).toBe(79n);
    // Test money too goes on where the chain really ended.
    await world.run(payer.market.transfer({ currency: 'DUM1', to: issuer.key, amount: 5n }));
    expect((await payer.store.head(payer.key))!.core.seq).toBe(seq + 1);
    world.networks.heal();
    await world.link(notary, issuer, payer);
    await world.environment.advance(60_000);
    expect(await issuer.trustchain.isFraudulent(payer.key)).toBe(false);
    expect(await notary.trustchain.isFraudulent(payer.key)).toBe(false);
  });

  it('gets them back when it pays at once, and pays on', async () => {
    const { notary, payer, sun, issuer } = await putBack(962);
    await world.link(notary, payer);
    await world.run(payer.market.transfer({ currency: sun.id, to: issuer.key, amount: 5n }), 120_000, 50);
    expect(await owned(payer, sun.id)).toBe(74n);
    world.networks.heal();
    await world.link(notary, issuer, payer);
    await world.environment.advance(600_000);
    expect(await notary.trustchain.isFraudulent(payer.key)).toBe(false);
    expect(await owned(issuer, sun.id)).toBe(-100n + 26n);
  });

  it('asks until the notary is back', async () => {
    const { notary, payer, seq } = await putBack(963);
    await world.crash(notary);
    await world.environment.advance(600_000);
    expect((await payer.store.head(payer.key))!.core.seq).toBe(seq - 2);
    await world.restart(notary);
    await world.link(notary, payer);
    await world.environment.advance(600_000);
    expect((await payer.store.head(payer.key))!.core.seq).toBe(seq);
  });
});
