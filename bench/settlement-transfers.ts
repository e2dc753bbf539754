import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startBitswap } from '../packages/data-settlement/src/bitswap.ts';
import { cidOf, linksOf } from '../packages/data-settlement/src/content.ts';
import { gatewayContentStore, gatewayHandler } from '../packages/data-settlement/src/gateway.ts';
import { memoryContentStore } from '../packages/data-settlement/src/index.ts';
import { nodeCrypto } from '../packages/interface/src/crypto/node.ts';
import { encodeCanonical } from '../packages/interface/src/format/index.ts';
import {
  CODEC_DAG_CBOR,
  CODEC_RAW,
  type ContentStore,
  systemEnvironment,
} from '../packages/interface/src/index.ts';
import { startGateway } from '../packages/node/src/http/gateway-listener.ts';
import { libp2pNetwork } from '../packages/trustchain/src/libp2p.ts';
import { elapsedMs, median, type Report } from './harness.ts';

const MEGABYTES = 100;
/** Size of a sealed block of what nodes seal. */
const BLOCK_BYTES = 16_043;
const crypto = nodeCrypto();
const environment = systemEnvironment();

const perSecond = (ms: number): number => (MEGABYTES * 1000) / ms;

/** 100 MB of blocks under one root. */
async function filled(): Promise<{ readonly store: ContentStore; readonly root: ReturnType<typeof cidOf> }> {
  const store = memoryContentStore({ crypto, environment });
  const block = environment.randomBytes(BLOCK_BYTES);
  const links = [];
  for (let i = 0; i < Math.floor((MEGABYTES * 1e6) / BLOCK_BYTES); i++) {
    new DataView(block.buffer).setUint32(0, i);
    links.push(await store.put(CODEC_RAW, block));
  }
  return { store, root: await store.put(CODEC_DAG_CBOR, encodeCanonical({ blocks: links })) };
}

/** A hundred megabytes over HTTP on loopback, hashed block by block: what any transfer of blocks costs. */
async function floorMs(): Promise<number> {
  const block = new Uint8Array(BLOCK_BYTES);
  const server = createServer(async (_, response) => {
    for (let i = 0; i < Math.floor((MEGABYTES * 1e6) / BLOCK_BYTES); i++) {
      if (!response.write(block)) await new Promise((resolve) => response.once('drain', resolve));
    }
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await median(() =>
      elapsedMs(async () => {
        const { body } = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
        if (body === null) throw new Error('no body');
        for await (const part of body) createHash('sha256').update(part).digest();
      }),
    );
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Moves 100 MB of sealed blocks by bitswap and by the trustless gateway, in memory, both ends in one process. */
export async function measureTransfers(report: Report): Promise<void> {
  const { store, root } = await filled();
  const floor = perSecond(await floorMs());
  const [a, b] = [0, 1].map(() =>
    libp2pNetwork({ environment, crypto, secretKey: environment.randomBytes(32) }),
  );
  if (a === undefined || b === undefined) throw new Error('no networks');
  await a.start();
  await b.start();
  if (a.libp2p === undefined || b.libp2p === undefined) throw new Error('not started');
  const serving = startBitswap({ libp2p: a.libp2p, crypto, environment, store, mayRead: () => true });
  const asking = startBitswap({ libp2p: b.libp2p, crypto, environment });
  await b.connect(a.addresses()[0] ?? '');
  const cids = linksOf(root, await store.get(root));
  const reader = asking.reader(a.self);
  const bitswap = await median(() =>
    elapsedMs(async () => {
      let blocks = 0;
      for await (const bytes of reader.getMany(cids)) if (bytes.length === BLOCK_BYTES) blocks += 1;
      if (blocks !== cids.length) throw new Error(`${blocks} blocks of ${cids.length}`);
    }),
  );
  report({ metric: 'bitswap-100mb', value: perSecond(bitswap), unit: 'MB/s', floor });
  await asking.stop();
  await serving.stop();
  await Promise.all([a.stop(), b.stop()]);

  const handler = gatewayHandler({ store, authorize: () => true });
  await using listener = await startGateway({
    gateway: handler,
    host: '127.0.0.1',
    port: 0,
    onFailure: console.error,
  });
  const client = gatewayContentStore({
    urls: [listener.url],
    fetch: (url, init) => fetch(url, init),
    crypto,
    environment,
  });
  const gateway = await median(() =>
    elapsedMs(async () => {
      const { blocks } = await client.fetchAll(root, {
        put: async (codec, bytes) => cidOf(crypto, codec, bytes),
      });
      if (blocks !== cids.length + 1) throw new Error(`${blocks} blocks`);
    }),
  );
  report({ metric: 'gateway-100mb', value: perSecond(gateway), unit: 'MB/s', floor });
}
