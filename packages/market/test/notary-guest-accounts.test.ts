import { memoryKeyValueStore, type PublicKey, publicKey } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import type { IssuedCurrency } from '../src/asset/currency.ts';
import type { Spending } from '../src/blocks/spending.ts';
import { certificateOfShares, encodeCertificate } from '../src/notary/certificate.ts';
import { spendStatement } from '../src/notary/spend-service.ts';
import { type Author, author } from './support/money.ts';
import {
  currencyOf,
  type NotaryNode,
  type NotaryWorld,
  notaryWorld,
  quickCrypto,
  spendRequest,
} from './support/notary-world.ts';

let names = 0;
const fresh = (name: string): Author => author(`guests ${name} ${names++}`, quickCrypto);
const peerKey = (i: number): PublicKey => publicKey(quickCrypto.sha256(Uint8Array.of(8, i & 255, i >> 8)));

/** A currency of somebody else at a notary, brought by one peer. */
class Guest {
  readonly world: NotaryWorld;
  readonly node: NotaryNode;
  readonly peer: PublicKey;
  readonly issuer: Author;
  readonly currency: IssuedCurrency;

  constructor(
    world: NotaryWorld,
    node: NotaryNode,
    peer: PublicKey,
    issuer: Author,
    currency: IssuedCurrency,
  ) {
    this.world = world;
    this.node = node;
    this.peer = peer;
    this.issuer = issuer;
    this.currency = currency;
  }

  /** What the notary says to the first payment of a key that was paid one unit. */
  async open(holder = fresh('holder'), peer = this.peer): Promise<string> {
    const { node, issuer, currency } = this;
    const grant = await issuer.transfer(currency, holder.key, 2n);
    const granted = await node.ask(
      spendRequest(node.key, [grant], { currency: currency.block.bytes }),
      this.peer,
    );
    if (granted.kind !== 'share') return `grant: ${granted.kind}`;
    const statement = spendStatement(currency.block.id, grant.id);
    const shares = [{ index: 0, signature: granted.signature }];
    const certificate = certificateOfShares(statement, shares, currency.notaries);
    const claims = [{ id: grant.id, amount: 2n, certificate: null }];
    const spent = await holder.transfer(currency, issuer.key, 1n, { claims });
    return this.say([spent], peer, {
      incomes: [grant.block.bytes],
      certificates: [encodeCertificate(certificate)],
    });
  }

  async say(
    blocks: readonly Spending[],
    peer = this.peer,
    more: Parameters<typeof spendRequest>[2] = {},
  ): Promise<string> {
    return (await this.node.ask(spendRequest(this.node.key, blocks, more), peer)).kind;
  }

  /** How many of `tries` new accounts there was room for. */
  async fill(tries: number): Promise<number> {
    let opened = 0;
    for (let i = 0; i < tries; i++) if ((await this.open()) === 'share') opened += 1;
    return opened;
  }
}

async function guest(world: NotaryWorld, node: NotaryNode, peer: PublicKey): Promise<Guest> {
  const issuer = fresh('issuer');
  return new Guest(world, node, peer, issuer, await currencyOf(issuer, [node.key]));
}

describe('accounts in currencies of guests', () => {
  it('are bounded and shared by the peers that brought these; who has one goes on', async () => {
    const world = await notaryWorld({ crypto: quickCrypto });
    const node = await world.notary({ limits: { guestAccounts: 90 } });
    const greedy = await guest(world, node, peerKey(1));
    const known = fresh('known');
    expect(await greedy.open(known)).toBe('share');
    // A tenth of the room with that of the issuer: an eighth of what is left then.
    expect(await greedy.fill(40)).toBe(8);
    expect(await greedy.open()).toBe('later');
    // Neither another of its currencies nor another peer that asks in its name brings more.
    const second = await guest(world, node, peerKey(1));
    expect(await second.fill(5)).toBe(0);
    expect(await greedy.open(fresh('holder'), peerKey(2))).toBe('later');
    // An account that is there, and the issuer, pay as before.
    expect(await greedy.say([await known.transfer(greedy.currency, peerKey(3), 1n)])).toBe('share');
    const other = await guest(world, node, peerKey(4));
    expect(await other.fill(3)).toBe(3);
  });

  it('leave room for who comes new, however many peers fill their shares', async () => {
    const world = await notaryWorld({ crypto: quickCrypto });
    const node = await world.notary({ limits: { guestAccounts: 64 } });
    let opened = 0;
    for (let i = 0; i < 8; i++) opened += await (await guest(world, node, peerKey(i))).fill(10);
    expect(opened).toBeLessThan(50);
    expect(await (await guest(world, node, peerKey(100))).fill(1)).toBe(1);
  });

  it('are still counted after a restart, and of a store that counted none', async () => {
    const world = await notaryWorld({ crypto: quickCrypto });
    const store = memoryKeyValueStore();
    const node = await world.notary({ limits: { guestAccounts: 90 } }, store);
    const greedy = await guest(world, node, peerKey(1));
    expect(await greedy.fill(20)).toBe(9);
    for (const isEarlier of [false, true]) {
      await node.stop();
      const rows = await store.range('notary/guest-accounts/', { limit: 10 });
      expect(rows).toHaveLength(isEarlier ? 2 : 1);
      if (isEarlier) await store.setMany(rows.map(([key]) => [key, null] as const));
      await node.start();
      expect(await greedy.open()).toBe('later');
      expect(await (await guest(world, node, peerKey(isEarlier ? 6 : 5))).fill(1)).toBe(1);
    }
  });

  it('do not bound the currencies of the node itself', async () => {
    const world = await notaryWorld({ crypto: quickCrypto });
    const issuer = fresh('owner');
    const node = await world.notary({ limits: { guestAccounts: 1 } });
    await node.stop();
    Object.assign(node, { self: issuer.key });
    await node.start();
    const own = new Guest(world, node, peerKey(1), issuer, await currencyOf(issuer, [node.key]));
    expect(await own.fill(12)).toBe(12);
    expect(await node.store.range('notary/guest-accounts/', { limit: 10 })).toHaveLength(0);
  });
});
