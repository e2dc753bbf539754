/** Proposals that a chain answers, and answers to its blocks, are fetched all, once, and nothing else. */
import type { Crypto, HalfBlock } from '@edmp/interface';
import { memoryBlockStore } from '@edmp/trustchain';
import { SYNC_PROTOCOL } from '@edmp/trustchain/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { after, blockOf, chainOf, crypto, itemAt, signerOf, strangeId } from './support/blocks.ts';
import { type Town, type TownOptions, town } from './support/town.ts';

let current: Town | undefined;
const open = async (options: TownOptions): Promise<Town> => {
  current = await town(options);
  return current;
};
afterEach(async () => {
  await current?.stop();
  current = undefined;
});

/** Signatures are not what is tested here. */
const trusting: Crypto = {
  ...crypto,
  ed25519Verify: () => true,
  ed25519VerifyMany: async (items) => items.map(() => true),
};
const author = signerOf(50);
const unsigned = { publicKey: author.publicKey, sign: async () => new Uint8Array(64) };

describe('the halves in other chains', () => {
  const counterparty = signerOf(60);

  it('of source blocks are fetched, every one of them', async () => {
    const { at, run } = await open({ size: 2, crypto: trusting });
    const offer = await blockOf(author, { tx: 'offer' });
    const answers = await Promise.all(
      Array.from({ length: 700 }, (_, n) =>
        blockOf(signerOf(1_000 + n), { peer: author.publicKey, link: offer.id }),
      ),
    );
    await at(0).store.put([offer, ...answers]);
    expect(await run(at(1).chain.sync(at(0).chain.self, author.publicKey, { links: true }))).toBe(701);
    expect((await at(1).store.answers(offer.id, { limit: 1_000 })).length).toBe(700);
  });

  it('are fetched however many they are, in several answers', async () => {
    const limits = { sync: { burst: 300, perSecond: 100 } };
    const { at, run, requests } = await open({ size: 2, crypto: trusting, limits });
    const offers = await chainOf(author, 3);
    const answers: HalfBlock[] = [];
    for (let n = 0; n < 1_500; n++) {
      const link = itemAt(offers, n % 3).id;
      answers.push(await blockOf(unsigned, { seq: n + 4, prev: strangeId(1), link, peer: author.publicKey }));
    }
    await at(0).store.put([...offers, ...answers]);
    requests.clear();
    await run(at(1).chain.sync(at(0).chain.self, author.publicKey, { links: true }));
    expect(requests.get(SYNC_PROTOCOL)).toBeGreaterThan(3);
    expect(await at(1).store.count()).toBe(1_503);
  });

  it('of a proposal are the counterparty’s: junk of others neither hides them nor travels', async () => {
    const { at, run } = await open({ size: 2, crypto: trusting });
    const proposal = await blockOf(author, { peer: counterparty.publicKey });
    const junk = await Promise.all(
      Array.from({ length: 300 }, (_, n) =>
        blockOf(signerOf(1_000 + n), { peer: author.publicKey, link: proposal.id }),
      ),
    );
    const agreement = await blockOf(counterparty, { peer: author.publicKey, link: proposal.id });
    await at(0).store.put([proposal, ...junk, agreement]);
    expect(await run(at(1).chain.sync(at(0).chain.self, author.publicKey, { links: true }))).toBe(2);
    expect(await at(1).chain.pair(proposal.id)).toMatchObject({ state: 'agreed' });
  });

  it('are not sent again when nothing is new, and when something is, only that', async () => {
    const { at, run, networks, requests } = await open({ size: 2, crypto: trusting });
    const chain = await chainOf(author, 300, (seq) => ({
      tx: seq,
      peer: seq % 3 === 0 ? counterparty.publicKey : null,
    }));
    const answerTo = (index: number, seq: number) =>
      blockOf(counterparty, {
        seq,
        prev: strangeId(1),
        link: itemAt(chain, index).id,
        peer: author.publicKey,
      });
    const answers = await Promise.all(Array.from({ length: 290 }, (_, n) => answerTo(n, n + 10)));
    await at(0).store.put([...chain, ...answers]);
    let bytes = 0;
    networks.tamper(at(0).chain.self, ({ kind, name, body }) => {
      if (kind === 'response' && name === SYNC_PROTOCOL) bytes += body.length;
      return body;
    });
    const sync = () => run(at(1).chain.sync(at(0).chain.self, author.publicKey, { links: true }));
    expect(await sync()).toBe(590);
    bytes = 0;
    requests.clear();
    expect(await sync()).toBe(0);
    expect(bytes).toBeLessThan(200);
    expect(requests.get(SYNC_PROTOCOL)).toBe(2);
    await at(0).store.put([await answerTo(0, 900), await after(author, itemAt(chain, 299))]);
    expect(await sync(), 'the late answer and the next block').toBe(2);
    expect(bytes).toBeLessThan(2_000);
  });

  it('are fetched again from a peer whose store was replaced, and after older blocks came', async () => {
    const { at, run } = await open({ size: 2, crypto: trusting });
    const chain = await chainOf(author, 4);
    const answers = await Promise.all(
      chain.map(({ id }, n) =>
        blockOf(counterparty, { seq: n + 2, prev: strangeId(1), link: id, peer: author.publicKey }),
      ),
    );
    const filling = await chainOf(signerOf(51), 50);
    await at(0).store.put([...chain.slice(1), ...filling, itemAt(answers, 1), itemAt(answers, 0)]);
    const sync = () => run(at(1).chain.sync(at(0).chain.self, author.publicKey, { links: true }));
    await expect(sync()).rejects.toMatchObject({
      code: 'ERR_CHAIN_INCOMPLETE',
      retryable: true,
      details: { missing: [[1, 1]], added: 4 },
    });
    await at(0).store.put(chain.slice(0, 1));
    expect(await sync(), 'a block below, and its answer that was there before').toBe(2);
    await at(0).store.remove?.([...filling, ...answers].map(({ id }) => id));
    const fresh = memoryBlockStore();
    await fresh.put([...chain, ...answers]);
    Object.assign(at(0).store, { answers: fresh.answers, newest: fresh.newest });
    expect(await sync()).toBe(2);
  });

  it('of a branch that is not stored here are passed over', async () => {
    const { at, run } = await open({ size: 2, crypto: trusting });
    const [mine, theirs] = await Promise.all([1, 2].map((tx) => blockOf(author, { tx })));
    if (mine === undefined || theirs === undefined) throw new Error('no blocks');
    await at(1).store.put([mine]);
    await at(0).store.put([theirs, await blockOf(counterparty, { link: theirs.id, peer: author.publicKey })]);
    expect(await run(at(1).chain.sync(at(0).chain.self, author.publicKey, { links: true }))).toBe(0);
  });
});
