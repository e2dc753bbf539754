import { mkdtemp, open, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cidOf } from '../packages/data-settlement/src/content.ts';
import { fsContentStore } from '../packages/data-settlement/src/fs.ts';
import { memoryContentStore } from '../packages/data-settlement/src/index.ts';
import {
  decodeManifest,
  type OpenOptions,
  openDelivery,
  sealDataset,
  wrapContentKey,
} from '../packages/data-settlement/src/sealing.ts';
import { sealingThreads } from '../packages/data-settlement/src/threads.ts';
import {
  CODEC_RAW,
  type ContentStore,
  publicKey,
  systemEnvironment,
} from '../packages/interface/src/index.ts';
import { against, elapsedMs, median, type Report } from './harness.ts';
import {
  bytesOf,
  CONTENT_KEY,
  crypto,
  environment,
  hundredMegabytes,
  NONCE,
  sealOptions,
  TRADE_ID,
} from './settlement-fixtures.ts';

/** Files that the floor writes at the same time: as many as pay on the reference machine. */
const FILES_AT_ONCE = 32;

const newMemory = (): ContentStore => memoryContentStore({ crypto, environment });

/** Takes blocks and keeps none: what the floor of sealing does. What keeping takes is `seal-and-keep-100mb`. */
const nowhere: Pick<ContentStore, 'put' | 'putMany'> = {
  put: async (codec, bytes) => cidOf(crypto, codec, bytes),
  putMany: async () => undefined,
};

/** The part of `sodium-native` that the peer needs. */
interface SecretStream {
  crypto_secretstream_xchacha20poly1305_init_push(
    state: Uint8Array,
    header: Uint8Array,
    key: Uint8Array,
  ): void;
  crypto_secretstream_xchacha20poly1305_push(
    state: Uint8Array,
    ciphertext: Uint8Array,
    message: Uint8Array,
    aad: null,
    tag: number | Uint8Array,
  ): number;
}

/** libsodium's secretstream over the same pieces, which hashes nothing; undefined where the library is not installed. */
function secretStream(chunks: readonly Uint8Array[]): (() => void) | undefined {
  const sodium = loadSodium();
  if (sodium === undefined) return undefined;
  const key = Buffer.alloc(32, 4);
  return () => {
    const [state, header] = [Buffer.alloc(52), Buffer.alloc(24)];
    sodium.crypto_secretstream_xchacha20poly1305_init_push(state, header, key);
    for (const chunk of chunks) {
      const ciphertext = Buffer.allocUnsafe(chunk.length + 17);
      sodium.crypto_secretstream_xchacha20poly1305_push(
        state,
        ciphertext,
        Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length),
        null,
        Buffer.alloc(1),
      );
    }
  };
}

/** The optional peer of the package that it is loaded from. */
const SODIUM: string = 'sodium-native';

function loadSodium(): SecretStream | undefined {
  try {
    const require = createRequire(new URL('../packages/interface/package.json', import.meta.url));
    return require(SODIUM) as SecretStream;
  } catch {
    return undefined;
  }
}

/** `seal 100 MB` of the budget, on one thread: against a bare loop of ChaCha20-Poly1305 and SHA-256 over the same pieces. */
async function sealing(report: Report): Promise<void> {
  const dataset = hundredMegabytes();
  const megabytes = bytesOf(dataset) / 1e6;
  const bare = (): void => {
    const key = new Uint8Array(32).fill(4);
    for (const chunk of dataset.saltedChunks)
      crypto.sha256(crypto.chacha20Poly1305Seal(key, NONCE, chunk, NONCE));
  };
  const stream = secretStream(dataset.saltedChunks);
  const peer =
    stream === undefined
      ? undefined
      : await median(async () => (megabytes * 1_000) / (await elapsedMs(stream)));
  const peers = peer === undefined ? {} : { peer: 'libsodium secretstream', peerValue: peer };
  const one = await against(megabytes, () => sealDataset(sealOptions(dataset, nowhere)), bare);
  report({ metric: 'seal-100mb', unit: 'MB/s', ...one, ...peers });
  await using sealer = sealingThreads({ crypto, minBytes: 0 });
  const sealTogether = (): Promise<unknown> => sealDataset({ ...sealOptions(dataset, nowhere), sealer });
  // Once without being measured: a node starts its threads once, and the row is about what they do.
  await sealTogether();
  const together = await against(megabytes, sealTogether, bare);
  report({ metric: 'seal-100mb-threads', unit: 'MB/s', ...together, ...peers });
}

/** `open-100mb`: from sealed blocks in memory to a series; against opening and hashing the same pieces twice, as it must. */
async function opening(report: Report): Promise<void> {
  const dataset = hundredMegabytes();
  const megabytes = bytesOf(dataset) / 1e6;
  const store = newMemory();
  const delivery = await sealDataset(sealOptions(dataset, store));
  const manifest = decodeManifest(await store.get(delivery.manifest));
  const secretKey = new Uint8Array(32).fill(5);
  const recipientKey = crypto.xWing.publicKey(secretKey);
  const { settlementRoot } = delivery;
  const wrappedKey = wrapContentKey(crypto, {
    tradeId: TRADE_ID,
    settlementRoot,
    recipientKey,
    contentKey: CONTENT_KEY,
  });
  const options: OpenOptions = {
    crypto,
    trade: {
      tradeId: TRADE_ID,
      asset: dataset.asset,
      seller: publicKey(new Uint8Array(32).fill(6)),
      buyer: publicKey(new Uint8Array(32).fill(7)),
      suite: 'x-wing',
      recipientKey,
    },
    document: dataset.document,
    settlementRoot,
    manifest,
    secretKey,
    wrappedKey,
    read: (cid) => store.get(cid),
  };
  const key = new Uint8Array(32).fill(4);
  const pieces = dataset.saltedChunks.map((chunk) => crypto.chacha20Poly1305Seal(key, NONCE, chunk, NONCE));
  const result = await against(
    megabytes,
    async () => {
      if ((await openDelivery(options)).kind !== 'opened') throw new Error('the delivery was honest');
    },
    () => {
      for (const piece of pieces) {
        crypto.sha256(piece);
        crypto.sha256(crypto.chacha20Poly1305Open(key, NONCE, piece, NONCE));
      }
    },
  );
  report({ metric: 'open-100mb', unit: 'MB/s', ...result });
}

/** Runs `task` with a folder that is removed afterwards. */
async function inFolder<T>(task: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'edmp-bench-'));
  try {
    return await task(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The same blocks as plain files: each written, synced and renamed, many at once, and their folder synced at the end. */
async function writeFiles(dir: string, blocks: readonly Uint8Array[]): Promise<void> {
  let next = 0;
  const write = async (): Promise<void> => {
    for (let i = next++; i < blocks.length; i = next++) {
      const handle = await open(join(dir, `${i}.tmp`), 'wx');
      await handle.writeFile(blocks[i] ?? new Uint8Array(0));
      await handle.sync();
      await handle.close();
      await rename(join(dir, `${i}.tmp`), join(dir, `${i}`));
    }
  };
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, write));
  const folder = await open(dir, 'r');
  await folder.sync();
  await folder.close();
}

/** All of it in one file, synced and renamed: what a store that kept whole datasets could reach. */
async function writeOneFile(dir: string, blocks: readonly Uint8Array[]): Promise<void> {
  const handle = await open(join(dir, 'one.tmp'), 'wx');
  for (let i = 0; i < blocks.length; i += 64) await handle.writev(blocks.slice(i, i + 64));
  await handle.sync();
  await handle.close();
  await rename(join(dir, 'one.tmp'), join(dir, 'one'));
}

async function readFiles(dir: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const handle = await open(join(dir, `${i}`), 'r');
    crypto.sha256(await handle.readFile());
    await handle.close();
  }
}

/** `store-put-100mb`, `store-get-100mb`, and sealing onto a disk, in the store that nodes have. */
async function keeping(report: Report): Promise<void> {
  const dataset = hundredMegabytes();
  const megabytes = bytesOf(dataset) / 1e6;
  const blocks = dataset.saltedChunks;
  const files = (dir: string): Promise<ContentStore> =>
    fsContentStore({ dir, crypto, environment: systemEnvironment() });
  const put = async (dir: string): Promise<void> => {
    const store = await files(dir);
    for (let i = 0; i < blocks.length; i += 64) {
      await Promise.all(blocks.slice(i, i + 64).map((block) => store.put(CODEC_RAW, block)));
    }
  };
  const plain = (): Promise<void> => inFolder((dir) => writeFiles(dir, blocks));
  const one = await median(() => inFolder((dir) => elapsedMs(() => writeOneFile(dir, blocks))));
  const peers = { peer: 'one file', peerValue: (megabytes * 1_000) / one };
  const written = await against(megabytes, () => inFolder(put), plain);
  report({ metric: 'store-put-100mb', unit: 'MB/s', ...written, ...peers });
  const seal = (): Promise<unknown> =>
    inFolder(async (dir) => sealDataset(sealOptions(dataset, await files(dir))));
  report({
    metric: 'seal-and-keep-100mb',
    unit: 'MB/s',
    ...(await against(megabytes, seal, plain)),
    ...peers,
  });

  await inFolder(async (dir) => {
    await put(join(dir, 'store'));
    await writeFiles(dir, blocks);
    const store = await files(join(dir, 'store'));
    const cids: Parameters<ContentStore['get']>[0][] = [];
    for await (const cid of store.list()) cids.push(cid);
    const read = await against(
      megabytes,
      async () => {
        for (const cid of cids) await store.get(cid);
      },
      () => readFiles(dir, blocks.length),
    );
    report({ metric: 'store-get-100mb', unit: 'MB/s', ...read });
  });
}

/** Sealing, keeping and opening of 100 MB. */
export async function measureBulk(report: Report): Promise<void> {
  await sealing(report);
  await opening(report);
  await keeping(report);
}
