import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { startBitswap } from '../packages/data-settlement/src/bitswap.ts';
import { type cidOf, linksOf } from '../packages/data-settlement/src/content.ts';
import { gatewayContentStore, gatewayHandler } from '../packages/data-settlement/src/gateway.ts';
import {
  memoryContentStore,
  networkContentStore,
  serveContent,
} from '../packages/data-settlement/src/index.ts';
import { nodeCrypto } from '../packages/interface/src/crypto/node.ts';
import { encodeCanonical } from '../packages/interface/src/format/index.ts';
import {
  type CheckedBlock,
  CODEC_DAG_CBOR,
  CODEC_RAW,
  type ContentStore,
  systemEnvironment,
} from '../packages/interface/src/index.ts';
import { startGateway } from '../packages/node/src/http/gateway-listener.ts';
import { libp2pNetwork } from '../packages/trustchain/src/libp2p.ts';
import { against, type Report } from './harness.ts';
import { MEGABYTES } from './settlement-fixtures.ts';

/** Blocks that a buyer stores together. */
const KEPT_TOGETHER = 64;
/** Size of a sealed block of what nodes seal. */
const BLOCK_BYTES = 16_043;
const crypto = nodeCrypto();
const environment = systemEnvironment();

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
async function httpFloor(): Promise<void> {
  const block = new Uint8Array(BLOCK_BYTES);
  const server = createServer(async (_, response) => {
    for (let i = 0; i < Math.floor((MEGABYTES * 1e6) / BLOCK_BYTES); i++) {
      if (!response.write(block)) await new Promise((resolve) => response.once('drain', resolve));
    }
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { body } = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    if (body === null) throw new Error('no body');
    for await (const part of body) createHash('sha256').update(part).digest();
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Largest piece that libp2p's noise encrypts at once, bytes. */
const NOISE_BYTES = 65_519;

/** A hundred megabytes over TCP on loopback, enciphered and deciphered as any secure channel must, each block hashed. */
async function tcpFloor(): Promise<void> {
  const [key, nonce] = [new Uint8Array(32).fill(1), new Uint8Array(12)];
  const total = Math.floor((MEGABYTES * 1e6) / BLOCK_BYTES) * BLOCK_BYTES;
  const piece = new Uint8Array(NOISE_BYTES);
  const server = createTcpServer(async (socket) => {
    for (let sent = 0; sent < total; sent += NOISE_BYTES) {
      const sealed = crypto.chacha20Poly1305Seal(key, nonce, piece, nonce);
      if (!socket.write(sealed)) await new Promise((resolve) => socket.once('drain', resolve));
    }
    socket.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const sealed = new Uint8Array(NOISE_BYTES + 16);
    let filled = 0;
    for await (const data of socket as AsyncIterable<Uint8Array>) {
      for (let at = 0; at < data.length; ) {
        const part = data.subarray(at, at + sealed.length - filled);
        sealed.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled < sealed.length) continue;
        filled = 0;
        const plain = crypto.chacha20Poly1305Open(key, nonce, sealed, nonce);
        for (let i = 0; i < plain.length; i += BLOCK_BYTES) crypto.sha256(plain.subarray(i, i + BLOCK_BYTES));
      }
    }
  } finally {
    server.close();
  }
}

/** `deliver-100mb`: what a buyer fetches of a seller, from store to store over the libp2p network of two nodes. */
async function delivering(report: Report): Promise<void> {
  const { store, root } = await filled();
  const cids = linksOf(root, await store.get(root));
  const secretKeys = [environment.randomBytes(32), environment.randomBytes(32)] as const;
  const [seller, buyer] = [
    libp2pNetwork({ environment, crypto, secretKey: secretKeys[0] }),
    libp2pNetwork({ environment, crypto, secretKey: secretKeys[1] }),
  ];
  await seller.start();
  await buyer.start();
  const stop = serveContent({ network: seller, store, authorize: async () => true });
  await buyer.connect(seller.addresses()[0] ?? '');
  const result = await against(
    MEGABYTES,
    async () => {
      const kept = memoryContentStore({ crypto, environment });
      const reader = networkContentStore({ network: buyer, crypto, peer: seller.self, root });
      let blocks = 0;
      let batch: CheckedBlock[] = [];
      for await (const bytes of reader.getMany(cids)) {
        const cid = cids[blocks++];
        if (cid === undefined) break;
        // Together, as a buyer keeps what its reader has checked.
        if (batch.push({ cid, bytes }) < KEPT_TOGETHER) continue;
        await kept.putMany?.(batch);
        batch = [];
      }
      await kept.putMany?.(batch);
      if (blocks !== cids.length) throw new Error(`${blocks} blocks of ${cids.length}`);
    },
    tcpFloor,
  );
  report({ metric: 'deliver-100mb', unit: 'MB/s', ...result });
  stop();
  await Promise.all([seller.stop(), buyer.stop()]);
}

/** Moves 100 MB of sealed blocks: as nodes deliver them, by bitswap and by the gateway. */
export async function measureTransfers(report: Report): Promise<void> {
  await delivering(report);
  await measureIpfs(report);
}

/** Moves 100 MB of sealed blocks by bitswap and by the trustless gateway, in memory, both ends in one process. */
async function measureIpfs(report: Report): Promise<void> {
  const { store, root } = await filled();
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
  const bitswap = await against(
    MEGABYTES,
    async () => {
      let blocks = 0;
      for await (const bytes of reader.getMany(cids)) if (bytes.length === BLOCK_BYTES) blocks += 1;
      if (blocks !== cids.length) throw new Error(`${blocks} blocks of ${cids.length}`);
    },
    httpFloor,
  );
  report({ metric: 'bitswap-100mb', unit: 'MB/s', ...bitswap });
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
  const gateway = await against(
    MEGABYTES,
    async () => {
      const { blocks } = await client.fetchAll(root, memoryContentStore({ crypto, environment }));
      if (blocks !== cids.length + 1) throw new Error(`${blocks} blocks`);
    },
    httpFloor,
  );
  report({ metric: 'gateway-100mb', unit: 'MB/s', ...gateway });
}
