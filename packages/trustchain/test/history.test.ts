/** Whoever signs with somebody looks at that key's whole chain first, or says how much of it will do. */

import {
  type BlockStore,
  type ChainHistory,
  equalBytes,
  type HalfBlock,
  type Network,
  type PublicKey,
  sleep,
  type TrustchainEvent,
} from '@edmp/interface';
import { memoryBlockStore, type TrustchainLimits } from '@edmp/trustchain';
import { PUSH_PROTOCOL, SYNC_PROTOCOL } from '@edmp/trustchain/protocol';
import type { PrunableTrustchain } from '@edmp/trustchain/pruning';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeBlocks } from '../src/protocol/messages.ts';
import { decodeSyncRequest } from '../src/protocol/sync/sync-messages.ts';
import { after, blockOf, chainOf, crypto, itemAt, signerOf } from './support/blocks.ts';
import { codeOfAsync } from './support/errors.ts';
import { slowBlockStore } from './support/slow-store.ts';
import { type Inhabitant, type Town, type TownOptions, town } from './support/town.ts';

let current: Town | undefined;
afterEach(async () => {
  await current?.stop();
  current = undefined;
});
const open = async (options: TownOptions): Promise<Town> => {
  current = await town(options);
  return current;
};

const mallory = signerOf(99);

/** A peer that answers syncs of its chain with what `show` lets through, and pushes what it likes. */
async function author(
  place: Town,
  chain: readonly HalfBlock[],
  show: (block: HalfBlock) => boolean = () => true,
) {
  const network: Network = place.networks.create({ self: mallory.publicKey });
  await place.run(network.start());
  const asked: (readonly (readonly [number, number])[])[] = [];
  const stopServing = network.handle(SYNC_PROTOCOL, async function* ({ body }) {
    const { ranges, author: key } = decodeSyncRequest(body);
    // Whoever connects asks for blocks of its own.
    if (!equalBytes(key, mallory.publicKey)) return;
    asked.push(ranges);
    const found = chain.filter(({ core }) => ranges.some(([from, to]) => core.seq >= from && core.seq <= to));
    const shown = found.filter(show);
    for (let n = 0; n < shown.length; n += 256) yield encodeBlocks(shown.slice(n, n + 256));
  });
  const link = (node: Inhabitant): void => place.networks.link(mallory.publicKey, node.network.self);
  const push = (node: Inhabitant, blocks: readonly HalfBlock[]): Promise<void> =>
    place.run(
      (async () => {
        for await (const _ of network.request(node.network.self, PUSH_PROTOCOL, encodeBlocks(blocks)));
      })(),
    );
  return { network, asked, link, push, stopServing };
}

const gapsIn = (events: readonly TrustchainEvent[]) =>
  events.flatMap((event) => (event.type === 'gap' ? [[event.from, event.to]] : []));
const proposalTo = (peer: PublicKey, length: number): Promise<HalfBlock[]> =>
  chainOf(mallory, length, (seq) => (seq === length ? { peer, tx: seq } : { tx: seq }));

describe('a fork behind a gap', () => {
  /** Shows {1, 2} to one victim and only {4'} to another. */
  const cheat = async (isShown: boolean) => {
    const place = await open({ size: 20, linked: false });
    place.networks.linkRandomly(6);
    await place.pass(3_000);
    const [first, second] = [place.at(3), place.at(12)];
    for (const { chain, events } of place.nodes) {
      chain.on((event) => {
        const isForUs = event.type === 'block' && event.block.core.peer?.join() === chain.self.join();
        if (!isForUs || event.own || event.block.core.link !== null) return;
        chain.agree(event.block.id).catch((error: TrustchainEvent) => events.push(error));
      });
    }
    const genesis = await blockOf(mallory, { tx: 'grant 100' });
    const spent = await after(mallory, genesis, { peer: first.chain.self, tx: 'pay 100' });
    const hidden = await after(mallory, genesis, { tx: 'hidden' });
    const deeper = await after(mallory, hidden, { tx: 'hidden' });
    const again = await after(mallory, deeper, { peer: second.chain.self, tx: 'pay 100 again' });
    const from = await author(place, [genesis, hidden, deeper, again], () => isShown);
    from.link(first);
    from.link(second);
    await from.push(first, [genesis, spent]);
    await from.push(second, [again]);
    await place.pass(60_000);
    return { place, first, second, spent, again };
  };
  const errorsOf = ({ events }: Inhabitant): readonly unknown[] =>
    (events as readonly unknown[]).filter((event) => event instanceof Error);

  it('T1 that stays open gets no agreement, and the application hears of the gap', async () => {
    const { place, first, second, spent, again } = await cheat(false);
    expect(await first.chain.pair(spent.id)).toMatchObject({ state: 'agreed' });
    expect(await second.chain.pair(again.id)).toMatchObject({ state: 'pending' });
    expect(errorsOf(second)).toMatchObject([
      { code: 'ERR_PAIR_HISTORY', retryable: true, details: { reason: 'gap', missing: 2 } },
    ]);
    expect(gapsIn(second.events)).toContainEqual([3, 3]);
    expect(await place.run(codeOfAsync(second.chain.agree(again.id)))).toBe('ERR_PAIR_HISTORY');
  });

  it('T1 that is filled is found, by every node', async () => {
    const { place, second, again } = await cheat(true);
    for (const [index, { chain }] of place.nodes.entries()) {
      expect(await chain.isFraudulent(mallory.publicKey), `node ${index}`).toBe(true);
    }
    expect(await second.chain.pair(again.id)).toMatchObject({ state: 'pending' });
    expect(errorsOf(second).length).toBeLessThan(2);
    expect(await place.run(codeOfAsync(second.chain.agree(again.id)))).toMatch(
      /ERR_CHAIN_FRAUD|ERR_PAIR_INVALID/,
    );
  });
});

describe('an agreement', () => {
  it('fetches the proposer’s whole chain first, with one request, and never again', async () => {
    const place = await open({ size: 1, limits: { maxFetchedBefore: 1 } });
    const node = place.at(0);
    const chain = await chainOf(mallory, 1_001, (seq) =>
      seq > 999 ? { peer: node.chain.self, tx: seq } : {},
    );
    const from = await author(place, chain);
    from.link(node);
    await place.run(node.chain.receive(itemAt(chain, 999).bytes));
    const block = await place.run(node.chain.agree(itemAt(chain, 999).id));
    expect(block.core.link?.equals(itemAt(chain, 999).id)).toBe(true);
    expect(await node.store.count(mallory.publicKey)).toBe(1_000);
    expect(from.asked).toEqual([[[1, 999]]]);
    const before = from.asked.length;
    await place.run(node.chain.receive(itemAt(chain, 1_000).bytes));
    await place.run(node.chain.agree(itemAt(chain, 1_000).id));
    expect(from.asked.length).toBe(before);
  });

  it.each([
    ['none', true],
    [1, true],
    [2, true],
    [3, false],
    ['complete', false],
  ] as const)('that wants %s of the history bears a gap further back: %s', async (history, isFine) => {
    const place = await open({ size: 1 });
    const node = place.at(0);
    const chain = await proposalTo(node.chain.self, 6);
    for (const block of chain) if (block.core.seq !== 4) await place.run(node.chain.receive(block.bytes));
    const code = await place.run(codeOfAsync(node.chain.agree(itemAt(chain, 5).id, undefined, { history })));
    expect(code).toBe(isFine ? 'no error' : 'ERR_PAIR_HISTORY');
  });

  it('that is refused anyway causes no request', async () => {
    const place = await open({ size: 1 });
    const node = place.at(0);
    const other = await proposalTo(signerOf(5).publicKey, 9);
    const late = await chainOf(mallory, 9, () => ({ peer: node.chain.self, tx: { deadline: 5 } }));
    const from = await author(place, other);
    from.link(node);
    await place.pass();
    for (const [block, code] of [
      [itemAt(other, 8), 'ERR_PAIR_NOT_ADDRESSED'],
      [itemAt(late, 6), 'ERR_PAIR_EXPIRED'],
    ] as const) {
      await place.run(node.chain.receive(block.bytes));
      const before = from.asked.length;
      expect(await place.run(codeOfAsync(node.chain.agree(block.id)))).toBe(code);
      expect(from.asked.length).toBe(before);
    }
  });

  it('of many at once fetches once', async () => {
    const place = await open({ size: 1, limits: { maxFetchedBefore: 1 } });
    const node = place.at(0);
    const chain = await chainOf(mallory, 60, (seq) => (seq > 40 ? { peer: node.chain.self, tx: seq } : {}));
    const from = await author(place, chain);
    from.link(node);
    await place.pass();
    const open40 = chain.slice(40);
    for (const block of open40) await place.run(node.chain.receive(block.bytes));
    const before = from.asked.length;
    await place.run(Promise.all(open40.map(({ id }) => node.chain.agree(id))));
    expect(from.asked.length - before).toBe(1);
  });
});

describe('a history', () => {
  const held = async (blocks: readonly HalfBlock[], limits: TrustchainLimits = {}) => {
    const place = await open({ size: 1, limits });
    const node = place.at(0);
    for (const block of blocks) await place.run(node.chain.receive(block.bytes));
    const history = (options: Parameters<typeof node.chain.history>[1]): Promise<ChainHistory> =>
      place.run(node.chain.history(mallory.publicKey, options));
    const fault = async (options: Parameters<typeof node.chain.history>[1]): Promise<unknown> => {
      const error: unknown = await history(options).catch((cause: unknown) => cause);
      expect(error).toMatchObject({ code: 'ERR_CHAIN_HISTORY' });
      return (error as { readonly details: unknown }).details;
    };
    return { place, node, history, fault };
  };

  it('that is held is told by its ends, by id and by position', async () => {
    const chain = await chainOf(mallory, 300);
    const { history } = await held(chain);
    const end = { author: mallory.publicKey, to: 200, head: itemAt(chain, 199).id };
    expect(await history({ upTo: itemAt(chain, 199).id })).toEqual({ ...end, from: 1 });
    expect(await history({ upTo: 200 })).toEqual({ ...end, from: 1 });
    expect(await history({ upTo: 200, want: 50 })).toEqual({ ...end, from: 151 });
    expect(await history({ upTo: 300, want: 1_000 })).toMatchObject({ from: 1, to: 300 });
  });

  it('that is incomplete is told with what is missing', async () => {
    const chain = await chainOf(mallory, 9);
    const { fault, history } = await held(chain.filter(({ core }) => ![2, 5, 6].includes(core.seq)));
    expect(await fault({ upTo: itemAt(chain, 8).id })).toEqual({
      reason: 'unreachable',
      missing: 3,
      ranges: [
        [2, 2],
        [5, 6],
      ],
    });
    expect(await fault({ upTo: 12, want: 2 })).toEqual({
      reason: 'unreachable',
      missing: 2,
      ranges: [[11, 12]],
    });
    expect(await fault({ upTo: itemAt(chain, 4).id })).toMatchObject({ reason: 'unreachable' });
    expect(await history({ upTo: 9, want: 3 })).toMatchObject({ from: 7 });
  });

  it('of nonsense is refused', async () => {
    const other = await blockOf(signerOf(5));
    const { place, history } = await held([other]);
    for (const options of [
      { upTo: other.id },
      { upTo: 0 },
      { upTo: 1.5 },
      { upTo: 1, want: 0 },
      { upTo: 1, want: Number.NaN },
    ]) {
      expect(await codeOfAsync(history(options)), JSON.stringify(options)).toBe('ERR_INVALID_ARGUMENT');
    }
    expect(await codeOfAsync(history({ upTo: 1, signal: AbortSignal.abort() }))).toBe('ERR_ABORTED');
    const key = 'no key' as unknown as PublicKey;
    expect(await codeOfAsync(place.at(0).chain.history(key, { upTo: 1 }))).toBe('ERR_INVALID_ARGUMENT');
  });

  it('of a cheat, and one with an invalid block, is refused for good', async () => {
    const chain = await chainOf(mallory, 4);
    const backwards = await after(mallory, itemAt(chain, 3), { time: 1 });
    const { place, node, history, fault } = await held([...chain, backwards]);
    expect(await fault({ upTo: 5 })).toEqual({ reason: 'invalid', missing: 0, ranges: [] });
    expect(await history({ upTo: 4 })).toMatchObject({ to: 4 });
    const fork = await after(mallory, itemAt(chain, 0), { tx: 'another' });
    await place.run(node.chain.receive(fork.bytes));
    expect(await fault({ upTo: 4 }), 'checked before or not').toMatchObject({ reason: 'fork' });
    expect(await fault({ upTo: 1 })).toMatchObject({ reason: 'fork' });
  });

  it('finds a fork that was stored and not judged', async () => {
    const chain = await chainOf(mallory, 4);
    const { node, fault, place } = await held([]);
    const fork = await after(mallory, itemAt(chain, 0), { tx: 'another' });
    await place.run(node.store.put([...chain, fork]));
    expect(await fault({ upTo: 4 })).toMatchObject({ reason: 'fork' });
    expect(await node.chain.isFraudulent(mallory.publicKey)).toBe(true);
  });

  it('above the limits is refused: by blocks before it is asked for, by bytes on the way', async () => {
    const place = await open({ size: 1, limits: { maxHistoryBlocks: 50, maxHistoryBytes: 10_000 } });
    const node = place.at(0);
    const chain = await chainOf(mallory, 51, () => ({ tx: 'x'.repeat(400) }));
    const from = await author(place, chain);
    from.link(node);
    await place.pass();
    const ask = (upTo: number): Promise<unknown> =>
      place.run(node.chain.history(mallory.publicKey, { upTo }).catch((error: unknown) => error));
    const before = from.asked.length;
    expect(await ask(51)).toMatchObject({ retryable: false, details: { reason: 'too-large', missing: 51 } });
    expect(from.asked.length).toBe(before);
    expect(await ask(50)).toMatchObject({ details: { reason: 'too-large' } });
    expect(await ask(10)).toMatchObject({ to: 10 });
    expect(gapsIn(node.events), 'the author kept nothing back').toEqual([]);
  });

  it('that the author leaves out or stalls is told once, and can be tried again', async () => {
    const place = await open({ size: 1 });
    const node = place.at(0);
    const chain = await chainOf(mallory, 9);
    let isShown = false;
    const from = await author(place, chain, ({ core }) => isShown || core.seq > 3);
    from.link(node);
    await place.pass();
    const ask = (): Promise<unknown> =>
      place.run(node.chain.history(mallory.publicKey, { upTo: 9 }).catch((error: unknown) => error));
    for (let n = 0; n < 3; n++) expect(await ask()).toMatchObject({ details: { reason: 'gap', missing: 3 } });
    expect(gapsIn(node.events)).toEqual([[1, 3]]);
    await place.pass(61_000);
    await ask();
    expect(gapsIn(node.events), 'a minute later').toEqual([
      [1, 3],
      [1, 3],
    ]);
    isShown = true;
    expect(await ask()).toMatchObject({ from: 1, to: 9 });
    from.stopServing();
    // biome-ignore lint/correctness/useYield: an answer that never comes
    from.network.handle(SYNC_PROTOCOL, async function* ({ signal }) {
      await sleep(place.environment, 3_600_000, { signal });
    });
    const asked = place.environment.now();
    const stalled = node.chain.history(mallory.publicKey, { upTo: 12 }).catch((error: unknown) => error);
    expect(await place.run(stalled)).toMatchObject({ details: { reason: 'gap', missing: 3 } });
    expect(place.environment.now() - asked).toBeLessThan(31_000);
  });

  it('of an author who is away is asked of others, and nobody’s gap is told then', async () => {
    const place = await open({ size: 2 });
    const [asking, other] = [place.at(0), place.at(1)];
    const chain = await chainOf(mallory, 300);
    await place.run(other.store.put(chain.slice(0, 250)));
    expect(await place.run(asking.chain.history(mallory.publicKey, { upTo: 250 }))).toMatchObject({
      to: 250,
    });
    const code = codeOfAsync(asking.chain.history(mallory.publicKey, { upTo: 251 }));
    expect(await place.run(code)).toBe('ERR_CHAIN_HISTORY');
    expect(gapsIn(asking.events)).toEqual([]);
  });

  it('goes on behind what was pruned after it was checked', async () => {
    const chain = await chainOf(mallory, 20);
    const { place, node, history } = await held(chain);
    const prunable = node.chain as PrunableTrustchain;
    await place.run(prunable.prune({ maxBlocks: 5 }));
    expect(await node.store.count(mallory.publicKey)).toBe(5);
    expect(await history({ upTo: 20 })).toMatchObject({ from: 16, to: 20 });
  });

  it('is brought in over a store that answers slowly, whatever comes in meanwhile', async () => {
    const stores: BlockStore[] = [];
    for (let seed = 0; seed < 8; seed++) {
      const place = await town({ size: 0 });
      const { environment, networks, run } = place;
      const network = networks.create({ self: signerOf(1).publicKey });
      await run(network.start());
      const inner = memoryBlockStore();
      stores.push(inner);
      const { createTrustchain } = await import('@edmp/trustchain');
      const node = await run(
        createTrustchain({
          signer: signerOf(1),
          crypto,
          store: slowBlockStore(inner, environment, { seed, maxMs: 6 }),
          network,
          environment,
        }),
      );
      const chain = await chainOf(mallory, 40);
      const from = await author(place, chain);
      networks.link(mallory.publicKey, node.self);
      const pushing = (async () => {
        for (const block of chain.slice(20)) {
          await sleep(environment, 3);
          for await (const _ of from.network.request(node.self, PUSH_PROTOCOL, encodeBlocks([block])));
        }
      })();
      const wanted = node.history(mallory.publicKey, { upTo: 40 });
      const [found] = await run(Promise.all([wanted, pushing]));
      expect(found).toMatchObject({ from: 1, to: 40 });
      expect(await inner.count(mallory.publicKey)).toBe(40);
      await run(node.stop());
      await place.stop();
    }
  });
});
