import { sleep, systemEnvironment, utf8ToBytes, withDeadline } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { libp2pNetwork, peerIdOfKey } from '@edmp/trustchain/libp2p';
import { generateKeyPair } from '@libp2p/crypto/keys';
import type { GossipSub } from '@libp2p/gossipsub';
import { identify } from '@libp2p/identify';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { afterEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { boundSending } from '../../src/network/libp2p/gossip-sending.ts';

const MIB = 1024 * 1024;
const MESHSUB = '/meshsub/1.2.0';
const environment = systemEnvironment();
const toStop: { stop(): void | Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(toStop.splice(0).map((each) => each.stop()));
});

interface Rpc {
  readonly subscriptions: readonly unknown[];
  readonly messages: readonly { readonly data: Uint8Array }[];
  readonly control?: unknown;
}

/** A gossipsub whose peers have so many bytes queued, and the RPCs that it sends. */
function sender(queued: Readonly<Record<string, number>>) {
  const sent: [string, Rpc][] = [];
  const pubsub = {
    sendRpc(peer: string, rpc: Rpc) {
      sent.push([peer, rpc]);
      return true;
    },
    streamsOutbound: new Map(
      Object.entries(queued).map(([peer, bytes]) => [peer, { rawStream: { writeBufferLength: bytes } }]),
    ),
  };
  boundSending(pubsub as unknown as GossipSub);
  return { send: (peer: string, rpc: Rpc) => pubsub.sendRpc(peer, rpc), sent };
}

const messages = (count: number, bytes: number) =>
  Array.from({ length: count }, () => ({ data: new Uint8Array(bytes) }));

describe('gossip', () => {
  it('cuts an answer into RPCs that a peer takes, the control messages in the first', () => {
    const { send, sent } = sender({ a: 0 });
    const control = { prune: [1] };
    expect(send('a', { subscriptions: [], messages: messages(100, 65_536), control })).toBe(true);
    expect(sent.map(([, rpc]) => rpc.messages.length)).toEqual([16, 16, 16, 16, 16, 16, 4]);
    expect(sent.map(([, rpc]) => rpc.control)).toEqual([control, ...Array(6).fill(undefined)]);
  });

  it('sends a peer that does not read control messages alone', () => {
    const { send, sent } = sender({ slow: 3 * MIB });
    expect(send('slow', { subscriptions: [], messages: messages(1, 10) })).toBe(false);
    expect(sent).toEqual([]);
    const control = { graft: [1] };
    expect(send('slow', { subscriptions: [1], messages: messages(1, 10), control })).toBe(false);
    expect(sent).toEqual([['slow', { subscriptions: [1], messages: [], control }]]);
  });

  it('queues a bounded number of bytes for all peers, and goes on with those who read', () => {
    const queued = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`slow ${i}`, MIB]));
    const { send, sent } = sender({ ...queued, quick: 1000 });
    const rpc = { subscriptions: [], messages: messages(1, 10) };
    expect(send('slow 1', rpc)).toBe(false);
    expect(send('quick', rpc)).toBe(true);
    expect(sent.map(([peer]) => peer)).toEqual(['quick']);
  });

  it('keeps its stream to a peer that reads nothing, and little for it', async () => {
    const victim = libp2pNetwork({
      environment,
      crypto: nodeCrypto(),
      secretKey: environment.randomBytes(32),
    });
    const deaf = await createLibp2p({
      privateKey: await generateKeyPair('Ed25519'),
      addresses: { listen: [] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify() },
    });
    toStop.push(victim, deaf);
    await deaf.handle(MESHSUB, (stream) => stream.pause());
    await victim.start();
    victim.subscribe('t', () => 'accept');
    const connection = await deaf.dial(multiaddr(victim.addresses()[0]!));
    // RPC.subscriptions 1 { subscribe 1, topic 2 } by hand (libp2p specs, pubsub).
    const topic = utf8ToBytes('t');
    const subscription = [0x08, 1, 0x12, topic.length, ...topic];
    (await connection.newStream(MESHSUB)).send(
      Uint8Array.of(subscription.length + 2, 0x0a, subscription.length, ...subscription),
    );
    const pubsub = victim.libp2p!.services.pubsub;
    const gossip = () =>
      victim
        .libp2p!.getConnections(deaf.peerId)
        .flatMap(({ streams }) => streams)
        .find(({ protocol, direction }) => protocol === MESHSUB && direction === 'outbound');
    await withDeadline(environment, bounds.wait, 'the subscription', async (signal) => {
      while (pubsub.getSubscribers('t').length === 0 || gossip() === undefined)
        await sleep(environment, 10, { signal });
    });
    for (let i = 0; i < 100; i++) {
      const body = new Uint8Array(200_000);
      body[0] = i;
      await victim.publish('t', body);
    }
    expect(gossip()?.status).toBe('open');
    expect(gossip()?.writeBufferLength).toBeGreaterThan(MIB);
    expect(gossip()?.writeBufferLength).toBeLessThan(3 * MIB);
    expect(victim.peers().map((peer) => peerIdOfKey(peer).toString())).toEqual([deaf.peerId.toString()]);
  });
});
