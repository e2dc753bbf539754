import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryContentStore } from '@edmp/data-settlement';
import { startBitswap } from '@edmp/data-settlement/bitswap';
import { importCar, linksOf, readCar } from '@edmp/data-settlement/content';
import { hexToBytes, systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { decodeCanonical } from '@edmp/interface/format';
import { libp2pNetwork } from '@edmp/trustchain/libp2p';
import { CID } from 'multiformats/cid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { runCli } from '../support/run-cli.ts';
import { type SoldDay, soldDay } from './support/sold-day.ts';

const crypto = nodeCrypto();
const environment = systemEnvironment();
const code = (text: string) => expect.objectContaining({ code: text });

describe('what a running node gives over IPFS', { timeout: bounds.journey }, () => {
  let sold: SoldDay;
  beforeAll(async () => {
    sold = await soldDay({ seller: ['--gateway', '127.0.0.1:0'] });
  }, bounds.journey);
  afterAll(() => sold?.stop(), bounds.journey);

  const gatewayUrl = (): string => (sold.seller.child.ready as { gateway: string }).gateway;
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${gatewayUrl()}${path}`, { headers, signal: AbortSignal.timeout(bounds.wait) });

  it('gives the sealed blocks of a deal to who has its capability, in three places', async () => {
    const { link, seller } = sold;
    expect(gatewayUrl()).not.toBe(seller.url);
    const root = CID.parse(link.manifest);
    const store = memoryContentStore({ crypto, environment });
    const car = await get(`${link.path}?format=car`);
    expect(car.status).toBe(200);
    if (car.body === null) throw new Error('no body');
    const report = await importCar(car.body, { crypto, store, root });
    expect(report.blocks).toBeGreaterThan(1);

    const raw = `/ipfs/${root}?format=raw`;
    const authorization = `Bearer ${link.capability}`;
    expect((await get(raw, { authorization })).status).toBe(200);
    for (const cid of linksOf(root, await store.get(root))) {
      const block = await get(`/ipfs/${cid}?format=raw`, { authorization });
      expect(new Uint8Array(await block.arrayBuffer())).toEqual(await store.get(cid));
    }
    // The API's own listener has it, too, for programs on the machine.
    expect((await fetch(`${seller.url}${link.path}?format=raw`)).status).toBe(200);
  });

  it('gives them to nobody else', async () => {
    const { link, buyer } = sold;
    const forged = `${link.capability.slice(0, -1)}${link.capability.endsWith('a') ? 'e' : 'a'}`;
    for (const [path, headers] of [
      [`/ipfs/${link.manifest}`, {}],
      [`/ipfs/${link.manifest}`, { 'x-edmp-capability': link.capability }],
      [`/cap/${forged}/ipfs/${link.manifest}`, {}],
      [`/ipfs/${link.manifest}`, { authorization: `Bearer ${buyer.token}` }],
      ['/v1/info', {}],
      ['/cap/x', {}],
    ] as const) {
      for (const format of ['raw', 'car'])
        expect((await get(`${path}?format=${format}`, headers)).status, path).toBe(404);
    }
    expect((await get('/ipfs/bafkqaaa?format=raw')).status).toBe(200);
    // A link of the buyer is for its own node, with another secret behind it.
    const own = await buyer.client.contentLink(sold.trade);
    expect(own.manifest).toBe(link.manifest);
    expect(own.capability).not.toBe(link.capability);
    expect((await get(`${own.path}?format=raw`)).status).toBe(404);
    expect((await fetch(`${buyer.url}${own.path}?format=raw`)).status).toBe(200);
    await expect(sold.seller.client.contentLink('00'.repeat(32))).rejects.toThrow(code('ERR_NODE_NOT_FOUND'));
  });

  it('publishes its chain and its documents, to be walked by anybody', async () => {
    const { seller, folder, link } = sold;
    expect(await seller.client.published()).toEqual([]);
    const held = await seller.client.publish();
    const chain = held.find(({ name }) => name === 'chain');
    const dataset = held.find(({ name }) => name.startsWith('EW'));
    if (chain === undefined || dataset === undefined) throw new Error('not published');
    expect(dataset.root).toBe(dataset.name.slice(2));

    const node = async (path: string): Promise<unknown> => {
      const car = await get(`/ipfs/${path}?format=car&dag-scope=block`);
      if (car.body === null || car.status !== 200) throw new Error(`${path}: ${car.status}`);
      let last = new Uint8Array();
      for await (const { bytes } of (await readCar(car.body)).blocks) last = new Uint8Array(bytes);
      return decodeCanonical(last);
    };
    expect(await node(dataset.root)).toMatchObject({ descriptor: { title: 'A day of a household' } });
    // The newest first; the seller's proposal has the buyer's agreement as its other half.
    let found = 0;
    let entry = (await node(chain.root)) as { next: CID | null; link: CID | null };
    for (let path = chain.root; ; path += '/next') {
      entry = (await node(path)) as typeof entry;
      if (entry.link !== null) {
        expect(await node(`${path}/link`)).toMatchObject({ v: 1, type: expect.any(String) });
        found += 1;
      }
      if (entry.next === null) break;
    }
    expect(found).toBeGreaterThan(0);

    const file = join(folder, 'chain.car');
    const told = await runCli(['data', 'publish', '--car', file, '--data', join(folder, 'seller')]);
    expect(told.stdout).toContain(`ipfs dag import --pin-roots=false ${file}`);
    const whole = await readCar(
      (async function* () {
        yield new Uint8Array(await readFile(file));
      })(),
    );
    let blocks = 0;
    for await (const { cid } of whole.blocks) {
      expect(cid.toString()).not.toBe(link.manifest);
      blocks += 1;
    }
    expect(blocks).toBe((await seller.client.published()).find(({ name }) => name === 'chain')?.blocks);

    await runCli(['data', 'publish', '--withdraw', '--data', join(folder, 'seller')]);
    expect(await seller.client.published()).toEqual([]);
    expect((await get(`/ipfs/${chain.root}?format=raw`)).status).toBe(404);
    expect((await get(`${link.path}?format=raw`)).status, 'sealed blocks are none of it').toBe(200);
  });

  it('gives a peer by bitswap what it is party to, and what is published', async () => {
    const { seller, buyer, folder, link } = sold;
    const [published] = await seller.client.publish();
    const root = CID.parse(link.manifest);
    const peer = async (secretKey: Uint8Array) => {
      const network = libp2pNetwork({ environment, crypto, secretKey });
      await network.start();
      if (network.libp2p === undefined) throw new Error('not started');
      const bitswap = startBitswap({ libp2p: network.libp2p, crypto, environment });
      const reader = bitswap.reader(await network.connect(seller.address));
      return {
        reader,
        async stop() {
          await bitswap.stop();
          await network.stop();
        },
      };
    };
    const stranger = await peer(environment.randomBytes(32));
    await expect(stranger.reader.get(root)).rejects.toThrow(code('ERR_CONTENT_NOT_FOUND'));
    expect(await stranger.reader.get(CID.parse(published?.root ?? ''))).toBeInstanceOf(Uint8Array);
    await stranger.stop();

    await buyer.child.stop();
    const seed = hexToBytes((await readFile(join(folder, 'buyer', 'identity.key'), 'utf8')).trim());
    const party = await peer(seed);
    const manifest = await party.reader.get(root);
    let bytes = 0;
    for await (const block of party.reader.getMany(linksOf(root, manifest))) bytes += block.length;
    expect(bytes).toBeGreaterThan(0);
    await party.stop();
  });
});
