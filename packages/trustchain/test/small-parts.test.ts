// Small parts that have no public face of their own, so this test reaches inside.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { EdmpError, publicKey, virtualEnvironment } from '@edmp/interface';
import { encodeCanonical } from '@edmp/interface/format';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { constantLatency, simulatedNetworks } from '@edmp/trustchain/simulated';
import { sqliteBlockStore, sqliteKeyValueStore } from '@edmp/trustchain/sqlite';
import { multiaddr } from '@multiformats/multiaddr';
import { afterAll, describe, expect, it } from 'vitest';
import { blockIdFromDigest } from '../src/block/identity.ts';
import { unlessAborted } from '../src/chain/arguments.ts';
import { withDefaults } from '../src/chain/options.ts';
import { hostOf } from '../src/network/libp2p/host.ts';
import { offerBlocks, offerHandler } from '../src/protocol/delivery/offer.ts';
import { activityLog, MAX_OFFERED_PROOFS } from '../src/protocol/gossip/activity.ts';
import { headBounds } from '../src/protocol/gossip/head-bounds.ts';
import { decodeNamesPage } from '../src/protocol/gossip/reconcile-messages.ts';
import { decodeOffer, decodeOfferAnswer, encodeOffer, frames } from '../src/protocol/messages.ts';
import { quota } from '../src/protocol/quota.ts';
import { blockOf, chainOf, crypto, itemAt, signerOf, strangeId } from './support/blocks.ts';
import { codeOf, codeOfAsync } from './support/errors.ts';

const alice = signerOf(1);
const bob = signerOf(2);
const folder = mkdtempSync(join(tmpdir(), 'edmp-parts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('hosts', () => {
  it('are scoped by the registries of special-purpose addresses', () => {
    const scopes = {
      '127.0.0.1': 'loopback',
      '0.1.2.3': 'loopback',
      '10.1.2.3': 'private',
      '172.16.0.1': 'private',
      '172.32.0.1': 'public',
      '192.168.1.1': 'private',
      '192.0.0.8': 'private',
      '192.0.2.1': 'public',
      '192.1.0.1': 'public',
      '169.254.1.1': 'private',
      '169.1.1.1': 'public',
      '100.64.0.1': 'private',
      '100.128.0.1': 'public',
      '198.18.0.1': 'private',
      '198.19.255.1': 'private',
      '198.20.0.1': 'public',
      '224.0.0.1': undefined,
    } as const;
    for (const [ip, scope] of Object.entries(scopes)) {
      expect(hostOf(multiaddr(`/ip4/${ip}/tcp/1`))?.scope, ip).toBe(scope);
    }
  });
});

describe('messages', () => {
  it('of an offer are refused when they are malformed', () => {
    const answers = [[true], [true, 1], 'yes', [true, false, true]];
    for (const answer of answers) {
      expect(codeOf(() => decodeOfferAnswer(encodeCanonical(answer), 2))).toBe('ERR_CHAIN_PROTOCOL');
    }
    expect(decodeOfferAnswer(encodeCanonical([true, false]), 2)).toEqual([true, false]);
    for (const offer of [5, [new Uint8Array(35)], ['x']]) {
      expect(codeOf(() => decodeOffer(encodeCanonical(offer)))).toBe('ERR_CHAIN_PROTOCOL');
    }
  });

  it('with names are refused when one of them is malformed', () => {
    const key = new Uint8Array(32);
    const page = (heads: readonly unknown[], proofs: readonly unknown[] = []) =>
      encodeCanonical({ epoch: new Uint8Array(8), proofs, heads, next: [0, 0], last: true } as never);
    for (const head of [
      [key, 0, key],
      [key, 1],
      [key, -1, key],
      [key, 1, key.subarray(1)],
      ['x', 1, key],
      7,
    ]) {
      expect(codeOf(() => decodeNamesPage(page([head])))).toBe('ERR_CHAIN_PROTOCOL');
    }
    for (const proof of [[key], [key, key.subarray(1)], 'x']) {
      expect(codeOf(() => decodeNamesPage(page([], [proof])))).toBe('ERR_CHAIN_PROTOCOL');
    }
  });

  it('are not needed of a peer that knows no offers: it counts as storing nothing', async () => {
    const environment = virtualEnvironment();
    const networks = simulatedNetworks({ environment, latency: constantLatency(5) });
    const [a, b] = [alice, bob].map((signer) => networks.create({ self: signer.publicKey }));
    if (a === undefined || b === undefined) throw new Error('two networks');
    await environment.run(a.start());
    await environment.run(b.start());
    networks.link(alice.publicKey, bob.publicKey);
    await environment.advance(100);
    const ids = [strangeId(1), strangeId(2)];
    expect(await environment.run(offerBlocks(a, bob.publicKey, ids))).toEqual([false, false]);
    await environment.run(b.stop());
    const code = await environment.run(codeOfAsync(offerBlocks(a, bob.publicKey, ids)));
    expect(code).toBe('ERR_NETWORK_UNREACHABLE');
    await environment.run(a.stop());
  });
});

describe('bounds', () => {
  it('of proofs that are offered', () => {
    const log = activityLog();
    const author = publicKey(new Uint8Array(32));
    const bytes = new Uint8Array(32);
    const view = new DataView(bytes.buffer);
    const idOf = (n: number) => {
      view.setUint32(0, n);
      return { multihash: { digest: bytes } } as Parameters<typeof log.noteProof>[1];
    };
    for (let n = 0; n < 2 * MAX_OFFERED_PROOFS; n++) log.noteProof(author, idOf(n));
    const page = log.after({ proofs: 0, heads: 0 }, 10);
    expect(page.proofs.length).toBe(10);
    expect(page.next.proofs).toBe(MAX_OFFERED_PROOFS + 10);
  });

  it('of heads that count as relayed', () => {
    const bounds = headBounds(virtualEnvironment(), withDefaults());
    const idOf = (n: number) => blockIdFromDigest(new Uint8Array(new Uint32Array(8).fill(n).buffer));
    for (let n = 0; n <= 16_384; n++) bounds.relayed(idOf(n));
    expect([0, 1, 16_384].map((n) => bounds.wasRelayed(idOf(n)))).toEqual([false, true, true]);
  });

  it('of what one peer may offer', async () => {
    const offers = offerHandler(memoryBlockStore(), quota(virtualEnvironment(), { burst: 3, perSecond: 0 }));
    const signal = new AbortController().signal;
    const offer = async () => offers({ from: bob.publicKey, body: encodeOffer([strangeId(1)]), signal });
    expect(await codeOfAsync(offer())).toBe('no error');
    expect(await codeOfAsync(offer())).toBe('ERR_CHAIN_BUSY');
  });

  it('of a frame in bytes and in blocks', () => {
    const blocks = (count: number, bytes: number) =>
      Array.from({ length: count }, () => ({ bytes: new Uint8Array(bytes) }));
    expect(frames(blocks(40, 60_000)).map(({ length }) => length)).toEqual([18, 18, 4]);
    expect(frames(blocks(600, 10)).map(({ length }) => length)).toEqual([256, 256, 88]);
    expect(frames(blocks(256, 10)).length).toBe(1);
    expect(frames([])).toEqual([]);
  });

  it('of a wait by a signal that fired already', async () => {
    expect(await codeOfAsync(unlessAborted(Promise.resolve(1), AbortSignal.abort()))).toBe('ERR_ABORTED');
    expect(await unlessAborted(Promise.resolve(1), undefined)).toBe(1);
  });
});

describe('SQLite files', () => {
  it('find many blocks at once after a reopening, more than are cached', async () => {
    const path = join(folder, 'many.sqlite');
    const store = sqliteBlockStore({ path });
    const signer = { publicKey: alice.publicKey, sign: async () => new Uint8Array(64) };
    const chain = await chainOf(signer, 8_300);
    await store.put(chain);
    await store.close();
    const again = sqliteBlockStore({ path });
    const asked = [...chain.slice(0, 90), itemAt(chain, 0)];
    const found = await again.getMany([...asked.map(({ id }) => id), strangeId(9)]);
    expect(found).toEqual([...asked, undefined]);
    await again.close();
    await again.close();
  });

  it('of an earlier version mark every link again, page by page', async () => {
    const path = join(folder, 'links.sqlite');
    const store = sqliteBlockStore({ path });
    const proposal = await blockOf(alice);
    const signer = { publicKey: bob.publicKey, sign: async () => new Uint8Array(64) };
    const answers = await chainOf(signer, 1_200, () => ({ peer: alice.publicKey, link: proposal.id }));
    await store.put([proposal, ...answers]);
    await store.close();
    const raw = new DatabaseSync(path);
    raw.exec(`
      DROP TABLE secrets; DROP INDEX blocks_link_author;
      UPDATE blocks SET link = 3;
      UPDATE edmp_schema SET version = 2 WHERE part = 'blocks'`);
    raw.close();
    const again = sqliteBlockStore({ path });
    expect((await again.answers(proposal.id, { limit: 5_000 })).length).toBe(1_200);
    await again.close();
  });

  it('with a reservation that names no block are reported', async () => {
    const path = join(folder, 'reserved.sqlite');
    const store = sqliteBlockStore({ path });
    await store.reserve(alice.publicKey, { seq: 1, prev: null, id: strangeId(1), core: new Uint8Array(3) });
    const raw = new DatabaseSync(path);
    raw.exec("UPDATE reservations SET id = x'00'");
    raw.close();
    expect(await codeOfAsync(store.reservation(alice.publicKey))).toBe('ERR_STORE_CORRUPT');
    await store.close();
  });

  it('of keys and values may be closed twice', async () => {
    const store = sqliteKeyValueStore({ path: join(folder, 'keys.sqlite') });
    await store.close();
    await store.close();
  });
});

describe('the look at the last arrivals at the start', () => {
  it('passes over damage, and reports everything else', async () => {
    const environment = virtualEnvironment();
    const inner = memoryBlockStore();
    const open = (newest: () => Promise<never>) =>
      createTrustchain({ signer: alice, crypto, environment, store: { ...inner, newest } });
    await expect(open(() => Promise.reject(new Error('no disk')))).rejects.toThrow('no disk');
    const damaged = new EdmpError('ERR_STORE_CORRUPT', 'a damaged row');
    const chain = await open(() => Promise.reject(damaged));
    expect((await chain.source({ type: 'test', tx: 1 })).core.seq).toBe(1);
    await chain.stop();
  });
});
