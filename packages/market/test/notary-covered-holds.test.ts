/**
 * Holds in issued money that are known to count by the certificate of a later block of their buyer: the witnesses want
 * the hold's own, and whoever asks them has to find it (found by simulation, seed 603444).
 */

import { describe, expect, it } from 'vitest';
import type { IssuedCurrency } from '../src/asset/currency.ts';
import type { Spending } from '../src/blocks/spending.ts';
import { verifyCertificate } from '../src/notary/certificate.ts';
import { DELTA_MS } from '../src/notary/limits.ts';
import { type Author, author, crypto } from './support/money.ts';
import {
  complaintOf,
  currencyOf,
  FOUNDED,
  type HeldTrade,
  held,
  type NotaryNode,
  type NotaryWorld,
  notaryWorld,
  RELEASE_AT,
  spendRequest,
  type UserNode,
} from './support/notary-world.ts';

let names = 0;
const fresh = (name: string): Author => author(`covered ${name} ${names++}`);

interface Covered {
  readonly world: NotaryWorld;
  readonly nodes: readonly NotaryNode[];
  readonly sun: IssuedCurrency;
  readonly trade: HeldTrade;
  /** Another block with the number of the hold, by the same key. */
  readonly fork: Spending;
  /** Knows the certificate of the buyer's next block, and the hold by its bytes alone. */
  readonly seller: UserNode;
}

/** A buyer that holds, pays on, and is gone. */
async function covered(n: 1 | 4): Promise<Covered> {
  const world = await notaryWorld();
  const nodes: NotaryNode[] = [];
  for (let i = 0; i < n; i++) nodes.push(await world.notary());
  const [buyer, seller] = [await world.user(), await world.user()];
  const issuer = fresh('issuer');
  const sun = await currencyOf(
    issuer,
    nodes.map(({ key }) => key),
  );
  world.linkAll([...nodes, buyer]);
  for (const node of nodes) world.link(node, seller);
  for (const user of [buyer, seller]) user.currencies.add(sun.block);
  await world.environment.advance(100);
  const restored = issuer.fork();
  const trade = await held(world, fresh('seller'), issuer, sun);
  const fork = await restored.transfer(sun, fresh('other').key, 2n);
  const later = await issuer.transfer(sun, fresh('carol').key, 1n);
  for (const { key, block } of [trade.hold, later]) buyer.blocks.set(key, block);
  await world.environment.run(buyer.client.certify(trade.hold));
  const certificate = await world.environment.run(buyer.client.certify(later));
  await seller.certificates.put(certificate);
  return { world, nodes, sun, trade, fork, seller };
}

describe.each([1, 4] as const)('a hold that a later certificate covers, with %i witnesses', (n) => {
  it('is acknowledged, and given back for a founded complaint', async () => {
    const { world, trade, seller, sun } = await covered(n);
    const { client } = seller;
    expect(seller.certificates.spend(trade.hold.key)).toBeUndefined();
    const acks = await world.environment.run(client.acknowledge(trade.hold, trade.release, trade.opener));
    expect(acks).toMatchObject({ kind: 'ack', extra: trade.release.id });
    expect(verifyCertificate(seller.certificates.spend(trade.hold.key)!, sun.notaries, crypto)).toBe(true);
    const refund = await world.environment.run(client.complain(trade.hold, complaintOf(trade, FOUNDED)));
    expect(refund).toMatchObject({ kind: 'refund' });
  });

  it('goes back when no release came in time, in one round of questions', async () => {
    const { world, trade, seller } = await covered(n);
    await world.at(RELEASE_AT + 3 * DELTA_MS);
    const outcomes = await world.environment.run(seller.client.outcomes([trade.hold]));
    expect(outcomes.get(trade.hold.key)?.kind).toBe('none');
  });

  it('is decided although its buyer has forked since', async () => {
    const { world, nodes, trade, fork, seller } = await covered(n);
    for (const node of nodes) {
      const answer = await node.ask(spendRequest(node.key, [fork]));
      expect(answer.kind === 'refused' && answer.proof !== null).toBe(true);
    }
    await world.at(RELEASE_AT + 3 * DELTA_MS);
    const outcomes = await world.environment.run(seller.client.outcomes([trade.hold]));
    expect(outcomes.get(trade.hold.key)?.kind).toBe('none');
  });

  it('waits while its notaries are out of reach, and is decided when they are back', async () => {
    const { world, nodes, trade, seller } = await covered(n);
    const away = nodes.slice(0, n === 1 ? 1 : 2);
    for (const node of away) world.networks.cut(node.self, seller.network.self);
    await world.at(RELEASE_AT + 3 * DELTA_MS);
    expect((await world.environment.run(seller.client.outcomes([trade.hold]))).size).toBe(0);
    world.networks.heal();
    for (const node of nodes) world.link(node, seller);
    await world.environment.advance(100);
    expect((await world.environment.run(seller.client.outcome(trade.hold))).kind).toBe('none');
  });
});
