/** Blocks that an application carries in its own messages: not pushed, and not lost either. */
import type { BlockStore, Crypto, HalfBlock, Network, Trustchain } from '@edmp/interface';
import { encodeCanonical } from '@edmp/interface/format';
import { createTrustchain } from '@edmp/trustchain';
import { PUSH_PROTOCOL } from '@edmp/trustchain/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeBlocks, decodeOffer, encodeOfferAnswer, OFFER_PROTOCOL } from '../src/protocol/messages.ts';
import { agreementTo, chainOf, crypto, signerOf } from './support/blocks.ts';
import { type Town, town } from './support/town.ts';

let current: Town | undefined;
afterEach(async () => {
  await current?.stop();
  current = undefined;
});

const bob = signerOf(9);

/** A counterparty that hears no heads, and stores what it is pushed or handed. */
async function counterparty({ networks, run, at }: Town) {
  const network: Network = networks.create({ self: bob.publicKey });
  await run(network.start());
  const stored = new Set<string>();
  const seen = { pushed: 0, offered: 0 };
  network.handle(PUSH_PROTOCOL, async ({ body }) => {
    const blocks = decodeBlocks(body);
    seen.pushed += blocks.length;
    return encodeCanonical(blocks.map(() => null));
  });
  network.handle(OFFER_PROTOCOL, async ({ body }) => {
    const ids = decodeOffer(body);
    seen.offered += ids.length;
    return encodeOfferAnswer(ids.map((id) => stored.has(id.toString())));
  });
  const link = (): void => networks.link(bob.publicKey, at(0).chain.self);
  link();
  return { network, seen, link, take: (block: HalfBlock) => stored.add(block.id.toString()) };
}

const carried = (place: Town, tx: number): Promise<HalfBlock> =>
  place.run(place.at(0).chain.propose({ peer: bob.publicKey, type: 'test', tx }, { push: false }));

describe('a block that its application carries', () => {
  it('is not pushed; the counterparty is asked for it a minute later, once, and then has it', async () => {
    current = await town({ size: 1 });
    const { seen, take } = await counterparty(current);
    await current.pass();
    for (let n = 0; n < 3; n++) take(await carried(current, n));
    await current.pass(55_000);
    expect(seen).toEqual({ pushed: 0, offered: 0 });
    await current.pass(600_000);
    expect(seen).toEqual({ pushed: 0, offered: 3 });
  });

  it('and that never came is pushed after that minute', async () => {
    current = await town({ size: 1 });
    const { seen } = await counterparty(current);
    await current.pass();
    await carried(current, 1);
    await current.pass(70_000);
    expect(seen).toEqual({ pushed: 1, offered: 1 });
  });

  it('does not hold up what is pushed, and is not sent with it', async () => {
    current = await town({ size: 1 });
    const { seen } = await counterparty(current);
    await current.pass();
    await carried(current, 1);
    const { chain } = current.at(0);
    await current.run(chain.propose({ peer: bob.publicKey, type: 'test', tx: 2 }));
    await current.pass();
    expect(seen).toEqual({ pushed: 1, offered: 0 });
  });

  it('and that was answered is not asked for', async () => {
    current = await town({ size: 1 });
    const { seen } = await counterparty(current);
    await current.pass();
    const proposal = await carried(current, 1);
    await current.run(current.at(0).chain.receive((await agreementTo(bob, proposal)).bytes));
    await current.pass(600_000);
    expect(seen).toEqual({ pushed: 0, offered: 0 });
  });

  it('is asked for when the peer reconnects, and when the node starts again', async () => {
    current = await town({ size: 1 });
    const { seen, link } = await counterparty(current);
    const { networks, environment } = current;
    const alice = current.at(0);
    await current.pass();
    await carried(current, 1);
    await current.pass(2_000);
    networks.cut(bob.publicKey, alice.chain.self);
    networks.heal();
    link();
    await current.pass(2_000);
    // The own head is told to whoever connects: it is pushed besides.
    expect(seen).toMatchObject({ offered: 1 });
    await carried(current, 2);
    await current.run(alice.chain.stop());
    const again = await createTrustchain({ ...alice, crypto, environment });
    await current.pass(2_000);
    expect(seen, 'neither was answered').toMatchObject({ offered: 3 });
    await current.run(again.stop());
  });

  it('is announced, so that it is found by others', async () => {
    current = await town({ size: 2 });
    const block = await carried(current, 1);
    await current.pass();
    expect(await current.at(1).store.has(block.id)).toBe(true);
  });

  it('may be an agreement', async () => {
    current = await town({ size: 1 });
    const { chain } = current.at(0);
    const { seen } = await counterparty(current);
    await current.pass();
    const [proposal] = await chainOf(bob, 1, () => ({ peer: chain.self, tx: 1 }));
    if (proposal === undefined) throw new Error('no proposal');
    await current.run(chain.receive(proposal.bytes));
    await current.run(chain.agree(proposal.id, undefined, { push: false }));
    await current.pass(50_000);
    expect(seen).toEqual({ pushed: 0, offered: 0 });
    await current.pass(20_000);
    expect(seen).toEqual({ pushed: 1, offered: 1 });
  });
});

describe('a block that is handed in', () => {
  it('twice, at once or later, or by gossip as well, is verified once', async () => {
    let verified = 0;
    const counting: Crypto = {
      ...crypto,
      ed25519Verify(...args) {
        verified += 1;
        return crypto.ed25519Verify(...args);
      },
      ed25519VerifyMany(items) {
        verified += items.length;
        return crypto.ed25519VerifyMany(items);
      },
    };
    current = await town({ size: 1, crypto: counting });
    const { chain, store }: { chain: Trustchain; store: BlockStore } = current.at(0);
    const blocks = await chainOf(bob, 8, () => ({ peer: chain.self }));
    const copies = [...blocks, ...blocks, ...blocks];
    await current.run(Promise.all(copies.map(({ bytes }) => chain.receive(bytes))));
    for (const { bytes } of blocks) {
      const { added, level } = await current.run(chain.receive(bytes.slice()));
      expect([added, level]).toEqual([false, bytes === blocks.at(-1)?.bytes ? 'partial-next' : 'valid']);
    }
    expect(verified).toBe(8);
    expect(await store.count(bob.publicKey)).toBe(8);
  });
});
