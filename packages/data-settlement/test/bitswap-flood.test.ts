import { memoryContentStore } from '@edmp/data-settlement';
import {
  BITSWAP_PROTOCOL,
  type BitswapMessage,
  encodeBitswapMessage,
  startBitswap,
  type WantEntry,
} from '@edmp/data-settlement/bitswap';
import { CODEC_RAW, sleep, systemEnvironment, withDeadline } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { type Libp2pNetwork, libp2pNetwork } from '@edmp/trustchain/libp2p';
import type { CID } from 'multiformats/cid';
import { afterEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { cidOfDigest } from '../src/codec/cid.ts';

const crypto = nodeCrypto();
const environment = systemEnvironment();
const MIB = 1 << 20;

type Libp2p = NonNullable<Libp2pNetwork['libp2p']>;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function network(): Promise<{ readonly net: Libp2pNetwork; readonly libp2p: Libp2p }> {
  const net = libp2pNetwork({ environment, crypto, secretKey: environment.randomBytes(32) });
  await net.start();
  closers.push(() => net.stop());
  if (net.libp2p === undefined) throw new Error('not started');
  return { net, libp2p: net.libp2p };
}

/** A server of 16 blocks of 1 MiB and 64 of 16 kB. */
async function server(options: { readonly maxPeers?: number; readonly now?: () => number } = {}) {
  const store = memoryContentStore({ crypto, environment });
  const put = async (count: number, bytes: number): Promise<readonly CID[]> => {
    const cids: CID[] = [];
    for (let i = 0; i < count; i++) cids.push(await store.put(CODEC_RAW, new Uint8Array(bytes).fill(i)));
    return cids;
  };
  const [large, small] = [await put(16, MIB), await put(64, 16_000)];
  const node = await network();
  const serving = startBitswap({
    libp2p: node.libp2p,
    crypto,
    environment: { ...environment, now: options.now ?? environment.now },
    store,
    mayRead: () => true,
    ...(options.maxPeers === undefined ? {} : { maxPeers: options.maxPeers }),
  });
  closers.push(() => serving.stop());
  return { ...node, large, small };
}

type Server = Awaited<ReturnType<typeof server>>;

const want = (cid: CID, part: Partial<WantEntry> = {}): WantEntry => ({
  cid,
  priority: 1,
  cancel: false,
  have: false,
  sendDontHave: true,
  ...part,
});

/** An attacker: sends what it is told, and what is sent to it stays in the stream. */
async function attacker(to: Server) {
  const { net, libp2p } = await network();
  let asked = 0;
  await libp2p.handle(BITSWAP_PROTOCOL, (stream) => {
    asked += 1;
    stream.pause();
  });
  await net.connect(to.net.addresses()[0] ?? '');
  const [connection] = libp2p.getConnections(to.libp2p.peerId);
  const stream = await connection!.newStream(BITSWAP_PROTOCOL);
  return {
    /** Streams that the server has opened to it. */
    answered: () => asked,
    isOpen: () => stream.status === 'open',
    send(message: Partial<BitswapMessage>): void {
      const bytes = encodeBitswapMessage(message);
      const length: number[] = [];
      for (let rest = bytes.length; ; rest >>= 7) {
        length.push(rest > 127 ? (rest & 127) | 128 : rest);
        if (rest <= 127) break;
      }
      stream.send(new Uint8Array([...length, ...bytes]));
    },
  };
}

/** All small blocks, read by somebody honest. */
async function honestRead(from: Server): Promise<number> {
  const { net, libp2p } = await network();
  const asking = startBitswap({ libp2p, crypto, environment, timeoutMs: bounds.wait });
  closers.push(() => asking.stop());
  await net.connect(from.net.addresses()[0] ?? '');
  let blocks = 0;
  for await (const bytes of asking.reader(from.net.self).getMany(from.small)) blocks += bytes.length / 16_000;
  return blocks;
}

const until = (what: string, holds: () => boolean): Promise<void> =>
  withDeadline(environment, bounds.wait, what, async (signal) => {
    while (!holds()) await sleep(environment, 10, { signal });
  });

describe('a flood of bitswap', { timeout: bounds.journey }, () => {
  it('of peers that never read holds a bounded part of memory, and an honest peer is served', async () => {
    const victim = await server();
    const before = process.memoryUsage().arrayBuffers;
    const attackers = await Promise.all(Array.from({ length: 12 }, () => attacker(victim)));
    for (const each of attackers) each.send({ wants: victim.large.map((cid) => want(cid)) });
    await until('answers that nobody reads', () => attackers.every((each) => each.answered() > 0));
    // Each asked for 16 MiB; one message of each is under way, and what its windows hold.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(160 * MIB);
    expect(await honestRead(victim)).toBe(64);
  });

  it('of endless want lists and cancels is cut off or answered, and an honest peer is served', async () => {
    const victim = await server();
    const attackers = await Promise.all(Array.from({ length: 6 }, () => attacker(victim)));
    const absent = Array.from({ length: 1_024 }, (_, i) => {
      const digest = new Uint8Array(32).fill(1);
      digest[0] = i & 255;
      digest[1] = i >> 8;
      return digest;
    });
    const cids = absent.map((digest) => cidOfDigest(CODEC_RAW, digest));
    const lists: readonly Partial<BitswapMessage>[] = [
      { wants: cids.map((cid) => want(cid, { sendDontHave: false })) },
      { wants: cids.map((cid) => want(cid, { have: true })), full: true },
      { wants: cids.map((cid, i) => want(cid, { cancel: i % 2 === 1 })) },
    ];
    const flooding = (async () => {
      for (let round = 0; round < 12; round++) {
        for (const [i, each] of attackers.entries()) {
          if (each.isOpen()) each.send(lists[(i + round) % lists.length] ?? {});
        }
        await sleep(environment, 1);
      }
    })();
    expect(await honestRead(victim)).toBe(64);
    await flooding;
    expect(await honestRead(victim)).toBe(64);
  });

  it('that takes all places gives one up to who comes, once it has not read for a while', async () => {
    let ahead = 0;
    const victim = await server({ maxPeers: 4, now: () => environment.now() + ahead });
    const attackers = await Promise.all(Array.from({ length: 4 }, () => attacker(victim)));
    for (const each of attackers) each.send({ wants: victim.large.map((cid) => want(cid)) });
    await until('all places to be taken', () => attackers.every((each) => each.answered() > 0));
    ahead = 6_000;
    expect(await honestRead(victim)).toBe(64);
  });
});
