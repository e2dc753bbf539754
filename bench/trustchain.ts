import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeCrypto } from '../packages/interface/src/crypto/node.ts';
import { sodiumCrypto } from '../packages/interface/src/crypto/sodium.ts';
import {
  type BlockId,
  type BlockStore,
  equalBytes,
  type HalfBlock,
  type Network,
  type PeerEvent,
  type PublicKey,
  type RequestHandler,
  seededRandom,
  softwareSigner,
  systemEnvironment,
  type TopicHandler,
  type Trustchain,
} from '../packages/interface/src/index.ts';
import { signHalfBlock, verifyItem } from '../packages/trustchain/src/block.ts';
import { createTrustchain, memoryBlockStore } from '../packages/trustchain/src/index.ts';
import { sqliteBlockStore } from '../packages/trustchain/src/sqlite.ts';
import { against, type Bench, elapsedMs, median, medianOf, percentile } from './harness.ts';

const BLOCKS = 5_000;
const PAIRS = 1_000;
/** Blocks come as from a network: in frames, a few of them ahead of what is verified and stored. */
const FRAME = 256;
const FRAMES_AHEAD = 4;
/** The default provider; `EDMP_BENCH_CRYPTO=sodium` measures the optional one, floors included. */
const crypto = process.env.EDMP_BENCH_CRYPTO === 'sodium' ? await sodiumCrypto() : nodeCrypto();
const environment = systemEnvironment();
const random = seededRandom(1);
const signerOf = () => softwareSigner({ crypto, secretKey: random.bytes(32) });

/** A chain of bandwidth-like records, the transaction of the peers' figures. */
async function makeChain(length: number): Promise<HalfBlock[]> {
  const signer = signerOf();
  const peer = signerOf().publicKey;
  const chain: HalfBlock[] = [];
  let prev: BlockId | null = null;
  for (let seq = 1; seq <= length; seq++) {
    const tx = { up: 1_000 + seq, down: 2_000, total_up: 1_000_000 + seq, total_down: 2_000_000 };
    const core = {
      v: 1,
      key: signer.publicKey,
      seq,
      prev,
      peer,
      link: null,
      type: 'bandwidth',
      tx,
      time: Date.now() - length + seq,
    } as const;
    const block: HalfBlock = await signHalfBlock(core, signer, crypto);
    chain.push(block);
    prev = block.id;
  }
  return chain;
}

async function withFile<T>(use: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'edmp-bench-'));
  try {
    return await use(join(folder, 'blocks.sqlite'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function receiveAll(store: BlockStore, blocks: readonly HalfBlock[]): Promise<void> {
  const chain = await createTrustchain({ signer: signerOf(), crypto, store, environment });
  const frames: Promise<unknown>[] = [];
  for (let start = 0; start < blocks.length; start += FRAME) {
    frames.push(Promise.all(blocks.slice(start, start + FRAME).map((block) => chain.receive(block.bytes))));
    if (frames.length >= FRAMES_AHEAD) await frames.shift();
  }
  await Promise.all(frames);
  await chain.stop();
  if ((await store.count()) !== blocks.length) throw new Error('not all blocks were stored');
}

/** The floor: the same signatures verified as fast as the provider can, and nothing else. */
const verifyAll = async (blocks: readonly HalfBlock[]): Promise<void> => {
  const results = await crypto.ed25519VerifyMany(blocks.map(verifyItem));
  if (results.includes(false)) throw new Error('a signature did not verify');
};

async function validateAndStore(
  report: Parameters<Bench['run']>[0],
  blocks: readonly HalfBlock[],
): Promise<void> {
  const memory = await against(
    BLOCKS,
    () => receiveAll(memoryBlockStore(), blocks),
    () => verifyAll(blocks),
  );
  report({
    metric: 'validate-store-memory',
    unit: '1/s',
    ...memory,
  });
  const sqlite = await against(
    BLOCKS,
    () =>
      withFile(async (path) => {
        const store = sqliteBlockStore({ path });
        await receiveAll(store, blocks);
        await store.close();
      }),
    () => verifyAll(blocks),
  );
  report({
    metric: 'validate-store-sqlite',
    unit: '1/s',
    ...sqlite,
  });
}

async function createSignStore(report: Parameters<Bench['run']>[0]): Promise<void> {
  const message = new Uint8Array(50);
  const secretKey = random.bytes(32);
  const figures = await against(
    BLOCKS,
    () =>
      withFile(async (path) => {
        const store = sqliteBlockStore({ path });
        const chain = await createTrustchain({ signer: signerOf(), crypto, store, environment });
        const peer = signerOf().publicKey;
        await Promise.all(
          Array.from({ length: 4_000 }, (_, n) => {
            const tx = { up: n, down: 2_000, total_up: 1_000_000, total_down: 2_000_000 };
            return chain.propose({ peer, type: 'bandwidth', tx });
          }),
        );
        await Promise.all(
          Array.from({ length: BLOCKS - 4_000 }, (_, n) => chain.propose({ peer, type: 'bandwidth', tx: n })),
        );
        await chain.stop();
        await store.close();
      }),
    () => {
      for (let n = 0; n < BLOCKS; n++) crypto.ed25519Sign(message, secretKey);
    },
  );
  report({ metric: 'create-sign-store', unit: '1/s', ...figures });
}

interface Pair {
  readonly alice: Trustchain;
  readonly bob: Trustchain;
  close(): Promise<void>;
}

/**
 * Two networks that call each other's handlers directly: no sockets, no timers, every frame copied. What is measured
 * above it is the chain alone.
 */
function directNetworks(selves: readonly [PublicKey, PublicKey]): readonly [Network, Network] {
  const handlers = selves.map(() => new Map<string, RequestHandler>());
  const topics = selves.map(() => new Map<string, TopicHandler>());
  const listeners = selves.map(() => new Set<(event: PeerEvent) => void>());
  const make = (own: 0 | 1): Network => {
    const other = own === 0 ? 1 : 0;
    const [self, peer] = [selves[own], selves[other]];
    return {
      self,
      addresses: () => [],
      peers: () => [peer],
      async start() {},
      [Symbol.asyncDispose]() {
        return this.stop();
      },
      async stop() {},
      async connect() {
        for (const index of [own, other] as const) {
          for (const listener of listeners[index] ?? [])
            listener({ type: 'connected', peer: selves[1 - index] as PublicKey });
        }
        return peer;
      },
      async *request(_to, protocol, body, options) {
        const handler = handlers[other]?.get(protocol);
        if (handler === undefined) throw new Error(`nobody handles ${protocol}`);
        const signal = options?.signal ?? new AbortController().signal;
        const answer = handler({ from: self, body: body.slice(), signal });
        if (Symbol.asyncIterator in answer) for await (const frame of answer) yield frame.slice();
        else yield (await answer).slice();
      },
      handle(protocol, handler) {
        handlers[own]?.set(protocol, handler);
        return () => handlers[own]?.delete(protocol);
      },
      async publish(topic, body) {
        await topics[other]?.get(topic)?.(body.slice(), self);
      },
      subscribe(topic, handler) {
        topics[own]?.set(topic, handler);
        return () => topics[own]?.delete(topic);
      },
      onPeer(listener) {
        listeners[own]?.add(listener);
        return () => listeners[own]?.delete(listener);
      },
    };
  };
  return [make(0), make(1)];
}

/** Two nodes in one process; Bob agrees to everything. */
async function twoNodes(): Promise<Pair> {
  const signers = [signerOf(), signerOf()] as const;
  const networks = directNetworks([signers[0].publicKey, signers[1].publicKey]);
  const limits = { push: { burst: 1e9, perSecond: 1e9 }, sync: { burst: 1e9, perSecond: 1e9 } };
  const open = (index: 0 | 1): Promise<Trustchain> =>
    createTrustchain({
      signer: signers[index],
      crypto,
      store: memoryBlockStore(),
      network: networks[index],
      environment,
      limits,
    });
  const [alice, bob] = [await open(0), await open(1)];
  bob.on((event) => {
    if (event.type !== 'block' || event.own || event.block.core.link !== null) return;
    const { peer } = event.block.core;
    if (peer !== null && equalBytes(peer, bob.self)) void bob.agree(event.block.id);
  });
  return {
    alice,
    bob,
    async close() {
      await alice.stop();
      await bob.stop();
    },
  };
}

async function pairs(report: Parameters<Bench['run']>[0]): Promise<void> {
  const message = new Uint8Array(50);
  const secretKey = random.bytes(32);
  const publicKey = crypto.ed25519PublicKey(secretKey);
  const floor = await median(async () => {
    const ms = await elapsedMs(() => {
      for (let n = 0; n < 200; n++) {
        for (const signature of [
          crypto.ed25519Sign(message, secretKey),
          crypto.ed25519Sign(message, secretKey),
        ]) {
          crypto.ed25519Verify(signature, message, publicKey);
        }
      }
    });
    return 200_000 / ms;
  });
  const rate = async (outstanding: number): Promise<{ rate: number; p50: number; p99: number }> => {
    const { alice, bob, close } = await twoNodes();
    const waiting = new Map<string, (at: number) => void>();
    alice.on((event) => {
      if (event.type === 'block' && event.block.core.link !== null)
        waiting.get(event.block.core.link.toString())?.(performance.now());
    });
    const times: number[] = [];
    let started = 0;
    const worker = async (): Promise<void> => {
      while (started < PAIRS) {
        started += 1;
        const from = performance.now();
        const proposal = await alice.propose({
          peer: bob.self,
          type: 'bandwidth',
          tx: { up: started, down: 1 },
        });
        const known = await alice.pair(proposal.id);
        if (known.state !== 'agreed')
          await new Promise<number>((resolve) => waiting.set(proposal.id.toString(), resolve));
        times.push(performance.now() - from);
      }
    };
    const ms = await elapsedMs(() => Promise.all(Array.from({ length: outstanding }, worker)));
    await close();
    return { rate: (PAIRS * 1_000) / ms, p50: medianOf(times), p99: percentile(times, 0.99) };
  };
  const single = await rate(1);
  const many = await rate(50);
  report({
    metric: 'pair-in-process',
    value: single.rate,
    unit: '1/s',
    floor,
  });
  report({
    metric: 'pair-in-process-p50',
    value: single.p50,
    unit: 'ms',
  });
  report({
    metric: 'pair-in-process-p99',
    value: single.p99,
    unit: 'ms',
  });
  report({
    metric: 'pair-in-process-50-outstanding',
    value: many.rate,
    unit: '1/s',
    floor,
  });
}

async function syncTenThousand(
  report: Parameters<Bench['run']>[0],
  blocks: readonly HalfBlock[],
): Promise<void> {
  const author = blocks[0]?.core.key as PublicKey;
  const figures = await against(
    blocks.length,
    async () => {
      const { alice, bob, close } = await twoNodes();
      await alice.store.put(blocks);
      const added = await bob.sync(alice.self, author);
      if (added !== blocks.length) throw new Error(`synced ${added}`);
      await close();
    },
    () => verifyAll(blocks),
  );
  report({ metric: 'sync-10k', unit: '1/s', ...figures });
}

async function disk(report: Parameters<Bench['run']>[0], blocks: readonly HalfBlock[]): Promise<void> {
  await withFile(async (path) => {
    const store = sqliteBlockStore({ path });
    for (let start = 0; start < blocks.length; start += 500)
      await store.put(blocks.slice(start, start + 500));
    await store.close();
    report({
      metric: 'bytes-per-block',
      value: statSync(path).size / blocks.length,
      unit: 'B',
    });
  });
}

/** Look-ups in a store of 10² and of 10⁶ rows, made of unsigned blocks: a store does not judge. */
async function growth(report: Parameters<Bench['run']>[0]): Promise<void> {
  const signer = { publicKey: signerOf().publicKey, sign: async () => new Uint8Array(64) };
  const cost = async (rows: number): Promise<number> =>
    withFile(async (path) => {
      const store = sqliteBlockStore({ path });
      const sample: HalfBlock[] = [];
      const authors = Array.from({ length: Math.max(1, rows / 100) }, () => random.bytes(32) as PublicKey);
      let batch: HalfBlock[] = [];
      for (const key of authors) {
        let prev: BlockId | null = null;
        for (let seq = 1; seq <= Math.min(100, rows); seq++) {
          const core = {
            v: 1,
            key,
            seq,
            prev,
            peer: null,
            link: sample.length > 0 && seq % 2 === 0 ? (prev as BlockId) : null,
            type: `t${seq % 7}`,
            tx: seq,
            time: seq,
          } as const;
          const block: HalfBlock = await signHalfBlock(core, { ...signer, publicKey: key }, crypto);
          batch.push(block);
          if (random.below(rows) < 500) sample.push(block);
          prev = block.id;
        }
        if (batch.length >= 5_000) {
          await store.put(batch);
          batch = [];
        }
      }
      await store.put(batch);
      await store.close();
      const again = sqliteBlockStore({ path });
      const ask = async (): Promise<void> => {
        for (const block of sample) {
          await again.get(block.id);
          await again.at(block.core.key, block.core.seq);
          await again.neighbours(block.core.key, block.core.seq);
          await again.answers(block.id, { limit: 10 });
          await again.byType(block.core.type, { author: block.core.key, limit: 10 });
          await again.head(block.core.key);
        }
      };
      await ask();
      const ms = await median(() => elapsedMs(ask));
      await again.close();
      return ms / sample.length;
    });
  const small = await cost(100);
  const large = await cost(1_000_000);
  report({
    metric: 'lookup-growth-1e6',
    value: large / small,
    unit: 'x',
  });
}

/** The TrustChain core (DESIGN §8): every rate beside a floor measured in the same run. */
export const bench: Bench = {
  name: 'trustchain',
  async run(report) {
    const blocks = await makeChain(BLOCKS);
    await validateAndStore(report, blocks);
    await createSignStore(report);
    await pairs(report);
    const chain = await makeChain(10_000);
    await syncTenThousand(report, chain);
    await disk(report, chain);
    await growth(report);
  },
};
