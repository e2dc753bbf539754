/** Comparing what two nodes know: what it costs, and what a peer that lies can do. */

import {
  type BlockStore,
  type HalfBlock,
  isEdmpError,
  type Network,
  type PublicKey,
  sleep,
} from '@edmp/interface';
import { encodeCanonical } from '@edmp/interface/format';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { encodeFraudProof, forkEvidence } from '@edmp/trustchain/fraud';
import { SYNC_PROTOCOL } from '@edmp/trustchain/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { blockDigest } from '../src/block/identity.ts';
import { activityLog, MAX_RECENT_HEADS } from '../src/protocol/gossip/activity.ts';
import {
  decodeNamesPage,
  decodeReconcileRequest,
  encodeNamesPage,
  encodeReconcileRequest,
  type NamesPage,
  RECONCILE_PROTOCOL,
} from '../src/protocol/gossip/reconcile-messages.ts';
import { encodeBlocks } from '../src/protocol/messages.ts';
import { blockOf, chainOf, crypto, itemAt, signerOf } from './support/blocks.ts';
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

const epoch = new Uint8Array(8).fill(7);
const emptyPage: NamesPage = {
  epoch,
  proofs: [],
  heads: [],
  next: { proofs: 0, heads: 0 },
  isLast: true,
};
const nameOf = ({ core, id }: HalfBlock) => ({ author: core.key, seq: core.seq, digest: blockDigest(id) });
const peerOf = async ({ networks, run }: Town, seed: number): Promise<Network> => {
  const network = networks.create({ self: signerOf(seed).publicKey });
  await run(network.start());
  return network;
};
const ask = async (from: Network, peer: PublicKey, body: Uint8Array): Promise<readonly Uint8Array[]> => {
  const got: Uint8Array[] = [];
  for await (const frame of from.request(peer, RECONCILE_PROTOCOL, body)) got.push(frame);
  return got;
};
const codeInside = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (isEdmpError(error)) return error.details?.code;
    throw error;
  }
};

describe('the names that a node offers', () => {
  it('are given once each in order of change, and again when they change', async () => {
    const log = activityLog();
    const [one, two] = await chainOf(signerOf(1), 2);
    const other = await blockOf(signerOf(2));
    if (one === undefined || two === undefined) throw new Error('no chain');
    log.noteBlock(one, false);
    log.noteBlock(other, false);
    const first = log.after({ proofs: 0, heads: 0 }, 1);
    expect(first).toMatchObject({ heads: [nameOf(one)], isLast: false });
    const second = log.after(first.next, 5);
    expect(second).toMatchObject({ heads: [nameOf(other)], isLast: true });
    expect(log.after(second.next, 5)).toMatchObject({ heads: [], isLast: true });
    log.noteBlock(two, false);
    log.noteBlock(one, false); // older: no change
    expect(log.after(second.next, 5)).toMatchObject({ heads: [nameOf(two)], isLast: true });
  });

  it('are those of the authors that were active last, and none of a proven cheat', async () => {
    const log = activityLog();
    const block = await blockOf(signerOf(1));
    const keyOf = (n: number) => new Uint8Array(32).fill(n & 255, 0, 1).fill(n >> 8, 1, 2) as PublicKey;
    for (let n = 0; n < MAX_RECENT_HEADS + 10; n++) {
      log.noteBlock({ ...block, core: { ...block.core, key: keyOf(n) } }, false);
    }
    const page = log.after({ proofs: 0, heads: 0 }, 10_000);
    expect(page.heads.length).toBe(MAX_RECENT_HEADS);
    expect(page.heads[0]?.author).toEqual(keyOf(10));
    log.noteProof(keyOf(10), block.id);
    log.noteProof(keyOf(10), block.id);
    const later = log.after({ proofs: 0, heads: 0 }, 10_000);
    expect(later.proofs).toEqual([{ author: keyOf(10), digest: blockDigest(block.id) }]);
    expect(later.heads[0]?.author).toEqual(keyOf(11));
  });
});

describe('a request to reconcile', () => {
  it('survives its encoding, and so does a page', () => {
    const digest = new Uint8Array(32).fill(1);
    const author = signerOf(1).publicKey;
    for (const request of [
      { part: 'names', epoch, proofs: 3, heads: 4 },
      { part: 'names', epoch: new Uint8Array(), proofs: 0, heads: 0 },
      { part: 'proofs', wanted: [{ author, digest }] },
      { part: 'blocks', wanted: [digest] },
    ] as const) {
      expect(decodeReconcileRequest(encodeReconcileRequest(request))).toEqual(request);
    }
    const page = { ...emptyPage, proofs: [{ author, digest }], heads: [{ author, seq: 5, digest }] };
    expect(decodeNamesPage(encodeNamesPage(page))).toEqual(page);
  });

  it('that breaks the protocol is refused', async () => {
    const { at, run } = await open({ size: 2 });
    const digest = new Uint8Array(32);
    for (const value of [
      null,
      [],
      { part: 'all' },
      { part: 'names', epoch, proofs: -1, heads: 0 },
      { part: 'names', epoch: digest, proofs: 0, heads: 0 },
      { part: 'blocks', wanted: Array(65).fill(digest) },
      { part: 'blocks', wanted: [5] },
      { part: 'proofs', wanted: [digest] },
    ]) {
      const body = encodeCanonical(value as never);
      expect(await codeInside(run(ask(at(0).network, at(1).chain.self, body)))).toBe('ERR_CHAIN_PROTOCOL');
    }
  });

  it('is served within a quota that counts requests, look-ups and bytes', async () => {
    const { at, run } = await open({ size: 2, limits: { reconcile: { burst: 100, perSecond: 0 } } });
    const body = encodeReconcileRequest({ part: 'blocks', wanted: Array(60).fill(new Uint8Array(32)) });
    expect(await codeInside(run(ask(at(0).network, at(1).chain.self, body)))).toBeUndefined();
    expect(await codeInside(run(ask(at(0).network, at(1).chain.self, body)))).toBe('ERR_CHAIN_BUSY');
  });
});

describe('a peer', () => {
  it('that knows nothing new costs one small request a round', async () => {
    const { at, run, pass, requests } = await open({ size: 2 });
    await run(at(0).chain.source({ type: 'test', tx: 1 }));
    await pass(200_000);
    requests.clear();
    await pass(600_000);
    expect(requests.get(RECONCILE_PROTOCOL)).toBeGreaterThan(10);
    expect(requests.get(RECONCILE_PROTOCOL)).toBeLessThan(45);
  });

  it('that names what it does not have is asked for it once a round', async () => {
    const made = await open({ size: 1 });
    const { at, run, pass, networks } = made;
    const known = await chainOf(signerOf(40), 200);
    await at(0).store.put(known);
    const liar = await peerOf(made, 77);
    const asked: string[] = [];
    liar.handle(RECONCILE_PROTOCOL, async function* ({ body }) {
      const { part } = decodeReconcileRequest(body);
      asked.push(part);
      if (part !== 'names') return;
      const digest = new Uint8Array(32).fill(9);
      const heads = known.map((block, n) => ({ ...nameOf(block), digest: digest.fill(n, 0, 1).slice() }));
      const proofs = known.map((_, n) => ({
        author: signerOf(41).publicKey,
        digest: digest.fill(n, 0, 1).slice(),
      }));
      yield encodeNamesPage({ ...emptyPage, heads, proofs });
    });
    networks.link(liar.self, at(0).chain.self);
    await pass(20_000);
    expect(asked).toEqual(['names', 'proofs', 'blocks']);
    expect(await run(at(0).chain.isFraudulent(itemAt(known, 0).core.key))).toBe(false);
  });

  it('that never comes to an end is left after 32 pages', async () => {
    const made = await open({ size: 1 });
    const { at, pass, networks } = made;
    const liar = await peerOf(made, 77);
    let pages = 0;
    liar.handle(RECONCILE_PROTOCOL, async () => {
      pages += 1;
      return encodeNamesPage({ ...emptyPage, isLast: false });
    });
    networks.link(liar.self, at(0).chain.self);
    await pass(20_000);
    expect(pages).toBe(32);
  });

  it('that sends what was not asked for is charged, and not asked again while in debt', async () => {
    const made = await open({ size: 1, limits: { gossip: { burst: 10, perSecond: 0.05 } } });
    const { at, pass, networks } = made;
    const [wanted, other] = [await blockOf(signerOf(40)), await blockOf(signerOf(41))];
    const liar = await peerOf(made, 77);
    let pages = 0;
    liar.handle(RECONCILE_PROTOCOL, async ({ body }) => {
      if (decodeReconcileRequest(body).part === 'blocks') return encodeBlocks([other]);
      pages += 1;
      return encodeNamesPage({ ...emptyPage, heads: [nameOf(wanted)] });
    });
    networks.link(liar.self, at(0).chain.self);
    await pass(300_000);
    expect(pages).toBe(1);
    expect(await at(0).store.count()).toBe(0);
    await pass(900_000);
    expect(pages, 'debts are paid with time').toBeGreaterThan(1);
  });

  it('that sends forged proofs is charged, and none is believed', async () => {
    const made = await open({ size: 1, limits: { gossip: { burst: 10, perSecond: 0 } } });
    const { at, pass, networks } = made;
    const cheat = signerOf(40);
    const evidence = forkEvidence(await blockOf(cheat, { tx: 1 }), await blockOf(cheat, { tx: 2 }));
    if (evidence === undefined) throw new Error('no evidence');
    const blocks = evidence.blocks.map((block) => {
      const last = block.bytes.length - 1;
      return { ...block, bytes: block.bytes.with(last, (block.bytes[last] ?? 0) ^ 1) as HalfBlock['bytes'] };
    });
    const forged = encodeFraudProof({ ...evidence, blocks }, crypto);
    const liar = await peerOf(made, 77);
    let pages = 0;
    liar.handle(RECONCILE_PROTOCOL, async ({ body }) => {
      if (decodeReconcileRequest(body).part === 'proofs') return forged.bytes;
      pages += 1;
      const proofs = [{ author: cheat.publicKey, digest: blockDigest(forged.id) }];
      return encodeNamesPage({ ...emptyPage, proofs });
    });
    networks.link(liar.self, at(0).chain.self);
    await pass(600_000);
    expect(pages).toBe(1);
    expect(await at(0).chain.isFraudulent(cheat.publicKey)).toBe(false);
  });

  it('that sends newer blocks fills a store only as fast as their bytes allow', async () => {
    const made = await open({ size: 1, limits: { headBytes: { burst: 100_000, perSecond: 0 } } });
    const { at, pass, networks } = made;
    const heads = await Promise.all(
      Array.from({ length: 40 }, (_, n) => blockOf(signerOf(1_000 + n), { tx: new Uint8Array(10_000) })),
    );
    const giver = await peerOf(made, 77);
    giver.handle(RECONCILE_PROTOCOL, async ({ body }) =>
      decodeReconcileRequest(body).part === 'blocks'
        ? encodeBlocks(heads)
        : encodeNamesPage({ ...emptyPage, heads: heads.map(nameOf) }),
    );
    networks.link(giver.self, at(0).chain.self);
    await pass(300_000);
    expect(await at(0).store.count()).toBe(9);
  });

  it('that was not asked yet confirms the own head, however often another came and went', async () => {
    const made = await open({ size: 1 });
    const { at, run, pass, networks, environment } = made;
    const signer = signerOf(50);
    const network = networks.create({ self: signer.publicKey });
    await run(network.start());
    const silent = await peerOf(made, 77);
    let asked = 0;
    // biome-ignore lint/correctness/useYield: it fails before it has anything to give
    silent.handle(SYNC_PROTOCOL, async function* () {
      asked += 1;
      throw new Error('no answer');
    });
    const store = memoryBlockStore();
    const chain = await createTrustchain({ signer, crypto, store, network, environment, confirmations: 1 });
    for (let n = 0; n < 20; n++) {
      networks.link(silent.self, chain.self);
      await pass(50);
      networks.cut(silent.self, chain.self);
      networks.heal();
    }
    expect(asked).toBe(1);
    await expect(run(chain.source({ type: 'test', tx: 1 }))).rejects.toMatchObject({
      code: 'ERR_CHAIN_UNCONFIRMED',
    });
    networks.link(at(0).chain.self, chain.self);
    await pass(1_000);
    expect((await run(chain.source({ type: 'test', tx: 1 }))).core.seq).toBe(1);
    await run(chain.stop());
  });

  it('that is being compared with stores nothing more once the chain has stopped', async () => {
    const made = await open({ size: 1 });
    const { run, pass, networks, environment } = made;
    const heads = await Promise.all(Array.from({ length: 40 }, (_, n) => blockOf(signerOf(1_000 + n))));
    const giver = await peerOf(made, 77);
    giver.handle(RECONCILE_PROTOCOL, async ({ body }) =>
      decodeReconcileRequest(body).part === 'blocks'
        ? encodeBlocks(heads)
        : encodeNamesPage({ ...emptyPage, heads: heads.map(nameOf) }),
    );
    const signer = signerOf(50);
    const network = networks.create({ self: signer.publicKey });
    await run(network.start());
    const store = memoryBlockStore();
    const slow: BlockStore = {
      ...store,
      async put(blocks, options) {
        await sleep(environment, 10);
        return store.put(blocks, options);
      },
    };
    const chain = await createTrustchain({ signer, crypto, store: slow, network, environment });
    networks.link(giver.self, chain.self);
    await pass(100);
    const before = await store.count();
    expect(before).toBeGreaterThan(0);
    await run(chain.stop());
    const stopped = await store.count();
    expect(stopped).toBeLessThan(before + 3);
    await pass(60_000);
    expect(await store.count()).toBe(stopped);
  });
});
