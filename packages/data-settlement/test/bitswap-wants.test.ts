/** What peers want is kept until it is answered: it is bounded over all of them, and nobody is kept out by it. */

import { memoryContentStore } from '@edmp/data-settlement';
import type { WantEntry } from '@edmp/data-settlement/bitswap';
import { CODEC_RAW, type PublicKey, publicKey, uint32ToBytes, virtualEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';
import { describe, expect, it } from 'vitest';
import type { BitswapMessage } from '../src/bitswap/message.ts';
import { bitswapServer, MAX_WANTS, MAX_WANTS_PER_PEER } from '../src/bitswap/server.ts';
import { cidOfDigest } from '../src/codec/cid.ts';

const crypto = nodeCrypto();
const PEERS = 256;
const peerOf = (i: number): PublicKey => publicKey(crypto.sha256(uint32ToBytes(i)));
const wantOf = (cid: CID): WantEntry => ({ cid, priority: 1, cancel: false, have: true, sendDontHave: true });
const someCid = (i: number): CID => cidOfDigest(CODEC_RAW, crypto.sha256(uint32ToBytes(i)));

/** A server whose answers nobody takes until `open` is called, and what it has sent to whom. */
function stalled() {
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const answered = new Map<PublicKey, number>();
  const environment = virtualEnvironment();
  const server = bitswapServer({
    store: memoryContentStore({ crypto, environment }),
    mayRead: () => true,
    environment,
    maxPeers: PEERS,
    outbox: {
      async send(peer, message: Partial<BitswapMessage>) {
        await gate;
        answered.set(peer, (answered.get(peer) ?? 0) + (message.presences?.length ?? 0));
      },
      close: () => undefined,
      stop: () => undefined,
    },
  });
  return { server, open, answered };
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
};

describe('the wants of all peers', () => {
  it('are bounded together, and whoever comes last is still served', async () => {
    const { server, open, answered } = stalled();
    const peers = Array.from({ length: PEERS }, (_, i) => peerOf(i));
    const list = Array.from({ length: MAX_WANTS_PER_PEER }, (_, i) => wantOf(someCid(i)));
    for (const peer of peers) {
      server.receive(peer, { wants: list.slice(0, 8), full: false });
      // Told in pieces as well as at once.
      for (let at = 8; at < list.length; at += 254) {
        server.receive(peer, { wants: list.slice(at, at + 254), full: false });
      }
    }
    await settle();
    open();
    await settle();
    await settle();
    const total = [...answered.values()].reduce((sum, count) => sum + count, 0);
    // Besides what was taken out for the answer that each was to get first.
    expect(total).toBeLessThanOrEqual(MAX_WANTS + PEERS * 160);
    expect(total).toBeGreaterThan(MAX_WANTS / 2);
    expect(answered.get(peers[0]!)).toBeGreaterThanOrEqual(MAX_WANTS_PER_PEER - 128);
    for (const peer of peers) expect(answered.get(peer)).toBeGreaterThanOrEqual(8);
  });

  it('do not keep CIDs of any length', async () => {
    const { server, open, answered } = stalled();
    const long = CID.createV1(CODEC_RAW, createDigest(0, new Uint8Array(60_000)));
    server.receive(peerOf(1), { wants: [wantOf(long), wantOf(someCid(1))], full: false });
    open();
    await settle();
    expect([...answered.values()]).toEqual([1]);
  });
});
