/**
 * Income in issued money whose payer is gone: whoever was paid has the payer's block and nothing else, and finds by the
 * notaries alone what shows that it counts.
 */

import type { Currency } from '@edmp/market';
import { TRANSFER_TYPE } from '@edmp/market/codec';
import { afterEach, describe, expect, it } from 'vitest';
import { SHORT } from '../support/rogue.ts';
import { createWorld, type Node, type World } from '../support/world.ts';

const MINUTE = 60_000;
let world: World;
afterEach(async () => {
  await world?.stop();
});

interface Town {
  readonly notaries: readonly Node[];
  readonly issuer: Node;
  readonly payee: Node;
  readonly other: Node;
  readonly sun: Currency;
}

/** A currency of `count` notaries, and 20 of it paid to the payee, which has seen the block and no certificate. */
async function paidUnseen(seed: number, count: 1 | 4): Promise<Town> {
  world = await createWorld(seed);
  const notaries: Node[] = [];
  for (let i = 0; i < count; i++) notaries.push(await world.node(`notary ${i}`, { ...SHORT }, true));
  const issuer = await world.node('issuer', { ...SHORT });
  const payee = await world.node('payee', { ...SHORT });
  const other = await world.node('other', { ...SHORT });
  await world.link(...notaries, issuer, payee, other);
  const keys = notaries.map(({ market }) => market.notaryKeys[0]!);
  const sun = await world.run(issuer.market.issueCurrency({ label: 'SUN', precision: 0, notaries: keys }));
  const block = issuer.market.currencyBlock(sun.id).bytes;
  for (const node of [payee, other]) await world.run(node.market.addCurrency(block));
  // After a start the payer asks its notaries where it stands; from then on it signs without them.
  await world.run(issuer.market.transfer({ currency: sun.id, to: other.key, amount: 1n }));
  await world.environment.advance(10_000);
  cut([issuer, payee, other], notaries);
  const paying = issuer.market.transfer({ currency: sun.id, to: payee.key, amount: 20n });
  paying.catch(() => undefined);
  await world.environment.advance(2_000);
  const stored = await payee.store.since(0, 1_000);
  expect(stored.filter(({ block: { core } }) => core.type === TRANSFER_TYPE)).toHaveLength(2);
  cut([payee], [issuer, other]);
  return { notaries, issuer, payee, other, sun };
}

function cut(nodes: readonly Node[], others: readonly Node[]): void {
  for (const node of nodes) for (const peer of others) world.networks.cut(node.key, peer.key);
}

/** The payer goes on paying somebody else, until each of these payments is certified. */
async function payOther({ issuer, other, sun }: Town, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await world.run(issuer.market.transfer({ currency: sun.id, to: other.key, amount: 1n }));
    await world.environment.advance(10_000);
  }
}

async function owned(node: Node, { id }: Currency, expected: bigint, limitMs = 20 * MINUTE): Promise<void> {
  const limit = world.environment.now() + limitMs;
  const available = async (): Promise<bigint> => (await node.market.balance(node.key, id)).available;
  while ((await available()) !== expected && world.environment.now() < limit) {
    await world.environment.advance(1_000);
  }
  expect(await available()).toBe(expected);
}

describe('income whose payer is gone', () => {
  it.each([1, 4] as const)(
    'is found by the shares of those that signed it, with %i notaries',
    async (count) => {
      const town = await paidUnseen(301, count);
      const { notaries, issuer, payee, other, sun } = town;
      world.networks.heal();
      cut([payee], [issuer, other, ...notaries]);
      await world.link(issuer, other, ...notaries);
      await world.environment.advance(6 * MINUTE);
      await payOther(town, 3);
      await world.crash(issuer);
      await world.crash(other);
      world.networks.heal();
      await world.link(payee, ...notaries);
      await owned(payee, sun, 20n);
      // It is money that the notaries take, after a restart too.
      await world.restart(payee);
      await world.link(payee, ...notaries);
      await owned(payee, sun, 20n);
      const spent = payee.market.transfer({ currency: sun.id, to: notaries[0]!.key, amount: 20n });
      await world.run(spent, 10 * MINUTE);
      await owned(notaries[0]!, sun, 20n);
    },
  );

  it('is found by a later certificate and the blocks between, when too few of those that signed it are left', async () => {
    const town = await paidUnseen(302, 4);
    const { notaries, issuer, payee, other, sun } = town;
    const [first, , , late] = notaries as [Node, Node, Node, Node];
    world.networks.heal();
    cut([payee], [issuer, other, ...notaries]);
    cut([late], [issuer, other, ...notaries]);
    await world.link(issuer, other, ...notaries.slice(0, 3));
    await world.environment.advance(6 * MINUTE);
    await payOther(town, 18);
    // The fourth hears of the account by a certificate, and never of the blocks before.
    await world.crash(first);
    world.networks.heal();
    cut([payee], [issuer, other, ...notaries]);
    await world.link(issuer, other, ...notaries.slice(1));
    await payOther(town, 2);
    await world.crash(issuer);
    await world.crash(other);
    world.networks.heal();
    await world.link(payee, ...notaries.slice(1));
    await owned(payee, sun, 20n);
    await world.restart(payee);
    await owned(payee, sun, 20n);
  });
});
