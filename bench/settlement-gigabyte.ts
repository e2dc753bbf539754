import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linksOf } from '../packages/data-settlement/src/content.ts';
import { fsContentStore } from '../packages/data-settlement/src/fs.ts';
import { networkContentStore, serveContent } from '../packages/data-settlement/src/index.ts';
import { sealDataset } from '../packages/data-settlement/src/sealing.ts';
import { sealingThreads } from '../packages/data-settlement/src/threads.ts';
import type { CheckedBlock, ContentStore, Network, PublicKey } from '../packages/interface/src/index.ts';
import { systemEnvironment } from '../packages/interface/src/index.ts';
import { libp2pNetwork } from '../packages/trustchain/src/libp2p.ts';
import { elapsedMs, type Report } from './harness.ts';
import { CONTENT_KEY, crypto, MEGABYTES } from './settlement-fixtures.ts';

/** A gigabyte, or ten times what `EDMP_BENCH_MB` says. */
const TOTAL_BYTES: number = MEGABYTES * 10 * 1e6;
/** Bytes of a salted chunk as nodes cut them. */
const CHUNK_BYTES = 16_027;
/** Most chunks of one dataset, and so of one manifest: 158 MB. */
const CHUNKS_A_MANIFEST = 9_900;
const BATCH = 64;
const environment = systemEnvironment();

/** Chunks that are made as they are asked for: what a vault on disk gives. */
function* chunks(count: number): Iterable<Uint8Array> {
  for (let i = 0; i < count; i++) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    new DataView(chunk.buffer).setUint32(0, i);
    yield chunk;
  }
}

/** Fetches what hangs under a root as a buyer does: stored in batches while the next ones come. */
async function fetchUnder(
  network: Network,
  peer: PublicKey,
  root: CheckedBlock['cid'],
  store: ContentStore,
): Promise<number> {
  const reader = networkContentStore({ network, crypto, peer, root });
  const manifest = await reader.get(root);
  const cids = linksOf(root, manifest);
  let batch: CheckedBlock[] = [];
  let bytes = manifest.length;
  let at = 0;
  for await (const block of reader.getMany(cids)) {
    const cid = cids[at++];
    if (cid === undefined) throw new Error('more blocks than were asked for');
    batch.push({ cid, bytes: block });
    bytes += block.length;
    if (batch.length < BATCH) continue;
    await store.putMany?.(batch);
    batch = [];
  }
  await store.putMany?.([...batch, { cid: root, bytes: manifest }]);
  return bytes;
}

const rssMegabytes = (): number => process.memoryUsage.rss() / 1e6;

/**
 * `--only gigabyte`: seals a gigabyte under several manifests into the store that nodes have, and delivers it over libp2p into
 * another, both in this process. Told are both rates and the memory: the peak, and how much the second half added to it.
 */
export async function measureGigabyte(report: Report): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'edmp-gigabyte-'));
  const [seller, buyer] = [
    libp2pNetwork({ environment, crypto, secretKey: environment.randomBytes(32) }),
    libp2pNetwork({ environment, crypto, secretKey: environment.randomBytes(32) }),
  ];
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, rssMegabytes());
  }, 50);
  try {
    await using sealer = sealingThreads({ crypto });
    const from = await fsContentStore({ dir: join(dir, 'seller'), crypto, environment });
    const to = await fsContentStore({ dir: join(dir, 'buyer'), crypto, environment });
    const perManifest = Math.min(CHUNKS_A_MANIFEST, Math.ceil(TOTAL_BYTES / 7 / CHUNK_BYTES));
    const manifests = Math.ceil(TOTAL_BYTES / (perManifest * CHUNK_BYTES));
    const roots: CheckedBlock['cid'][] = [];
    const leaf = new Uint8Array(32);
    const start = rssMegabytes();
    const sealMs = await elapsedMs(async () => {
      for (let i = 0; i < manifests; i++) {
        const delivery = await sealDataset({
          crypto,
          sealer,
          store: from,
          tradeId: new Uint8Array(32).fill(i),
          contentKey: CONTENT_KEY,
          count: perManifest,
          saltedChunks: chunks(perManifest),
          dataLeaf: () => leaf,
        });
        roots.push(delivery.manifest);
      }
    });
    const sealPeak = peak;

    await seller.start();
    await buyer.start();
    const stop = serveContent({ network: seller, store: from, authorize: async () => true });
    await buyer.connect(seller.addresses()[0] ?? '');
    let bytes = 0;
    let halfway = 0;
    const deliverMs = await elapsedMs(async () => {
      for (const [i, root] of roots.entries()) {
        if (i === Math.ceil(roots.length / 2)) halfway = peak;
        bytes += await fetchUnder(buyer, seller.self, root, to);
      }
    });
    stop();
    report({ metric: 'gigabyte-size', value: bytes / 1e6, unit: 'MB' });
    report({ metric: 'gigabyte-seal-and-keep', value: bytes / 1_000 / sealMs, unit: 'MB/s' });
    report({ metric: 'gigabyte-deliver-and-keep', value: bytes / 1_000 / deliverMs, unit: 'MB/s' });
    report({ metric: 'gigabyte-rss-start', value: start, unit: 'MB' });
    report({ metric: 'gigabyte-rss-peak-sealing', value: sealPeak, unit: 'MB' });
    report({ metric: 'gigabyte-rss-peak', value: peak, unit: 'MB' });
    report({ metric: 'gigabyte-rss-added-by-second-half', value: Math.max(0, peak - halfway), unit: 'MB' });
  } finally {
    clearInterval(timer);
    await Promise.all([seller.stop(), buyer.stop()]);
    await rm(dir, { recursive: true, force: true });
  }
}
