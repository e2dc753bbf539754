import { memoryKeyValueStore, publicKey } from '@edmp/interface';
import { decodeHalfBlock } from '@edmp/trustchain/block';
import { describe, expect, it } from 'vitest';
import { DUM1 } from '../../src/asset/currency.ts';
import { type Spending, spendingOf } from '../../src/blocks/spending.ts';
import { certificateOfShares, encodeCertificate } from '../../src/notary/certificate.ts';
import { MAX_CURRENCIES } from '../../src/notary/limits.ts';
import { spendStatement } from '../../src/notary/spend-service.ts';
import { type Author, author } from '../support/money.ts';
import {
  currencyOf,
  held,
  NotaryNode,
  notaryWorld,
  quickCrypto,
  releaseRequest,
  spendRequest,
} from '../support/notary-world.ts';

let names = 0;
const fresh = (name: string): Author => author(`flood ${name} ${names++}`, quickCrypto);
const peerKey = (i: number) => publicKey(quickCrypto.sha256(Uint8Array.of(7, i & 255, i >> 8)));

/** The same core under a signature that is none. */
function unsigned({ block }: Spending): Spending {
  const bytes = block.bytes.slice();
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return spendingOf(decodeHalfBlock(bytes, quickCrypto))!;
}

describe('freezing somebody else’s account', () => {
  it('requests in its name by other peers take nothing from what its owner may ask', async () => {
    const world = await notaryWorld({ crypto: quickCrypto });
    const node = await world.notary();
    const issuer = fresh('issuer');
    const sun = await currencyOf(issuer, [node.key]);
    const bob = fresh('bob').key;
    const first = await issuer.transfer(sun, bob, 1n);
    const opening = spendRequest(node.key, [first], { currency: sun.block.bytes });
    expect((await node.ask(opening, issuer.key)).kind).toBe('share');

    // A block in the issuer's name that it did not sign, and the one that it did, which anybody can replay.
    const forged = unsigned(await issuer.fork().transfer(sun, bob, 1n));
    for (let i = 0; i < 600; i++) await node.ask(spendRequest(node.key, [forged]), peerKey(1));
    for (let i = 0; i < 600; i++) await node.ask(spendRequest(node.key, [first]), peerKey(2));
    const second = await issuer.transfer(sun, bob, 1n);
    expect((await node.ask(spendRequest(node.key, [second]), issuer.key)).kind).toBe('share');
  });
});

describe('filling a notary with test money', () => {
  it('leaves room for the releases of issued money', async () => {
    const world = await notaryWorld({ crypto: quickCrypto });
    const node = await world.notary({ limits: { releases: 8, releaseBytes: 1_000_000 } });
    const issuer = fresh('issuer');
    const sun = await currencyOf(issuer, [node.key]);
    const attacker = fresh('attacker');
    for (let i = 0; i < 20; i++) {
      const trade = await held(world, attacker, fresh('buyer'), DUM1, { witnesses: [node.key], amount: 1n });
      await node.ask(releaseRequest(node.key, trade), peerKey(i));
    }
    const seller = fresh('seller');
    const trade = await held(world, seller, issuer, sun);
    const spend = await node.ask(
      spendRequest(node.key, [trade.hold], { currency: sun.block.bytes }),
      peerKey(99),
    );
    expect(spend.kind).toBe('share');
    if (spend.kind !== 'share') return;
    const certificate = encodeCertificate(
      certificateOfShares(
        spendStatement(sun.block.id, trade.hold.id),
        [{ index: 0, signature: spend.signature }],
        [node.key],
      ),
    );
    const request = releaseRequest(node.key, { ...trade, evidence: { ...trade.evidence, certificate } });
    expect((await node.ask(request, peerKey(99))).kind).toBe('holds');
  });
});

describe('squatting', () => {
  it('currencies that strangers open take no place from those of the notary’s own node', async () => {
    const world = await notaryWorld({ crypto: quickCrypto });
    const owner = fresh('owner');
    const node = new NotaryNode(world, owner.key, memoryKeyValueStore(), {});
    await node.start();
    for (let i = 0; i < MAX_CURRENCIES; i++) {
      const squatter = fresh('squatter');
      const currency = await currencyOf(squatter, [node.key]);
      const block = await squatter.transfer(currency, peerKey(1), 1n);
      await node.ask(spendRequest(node.key, [block], { currency: currency.block.bytes }), peerKey(i));
    }
    const sun = await currencyOf(owner, [node.key]);
    const block = await owner.transfer(sun, peerKey(1), 1n);
    const request = spendRequest(node.key, [block], { currency: sun.block.bytes });
    expect((await node.ask(request, node.self)).kind).toBe('share');
  });
});
