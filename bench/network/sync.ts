import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeCrypto } from '../../packages/interface/src/crypto/node.ts';
import { sodiumCrypto } from '../../packages/interface/src/crypto/sodium.ts';
import {
  type HalfBlock,
  publicKey,
  softwareSigner,
  systemEnvironment,
} from '../../packages/interface/src/index.ts';
import { verifyItem } from '../../packages/trustchain/src/block.ts';
import { createTrustchain } from '../../packages/trustchain/src/index.ts';
import { libp2pNetwork } from '../../packages/trustchain/src/libp2p.ts';
import { sqliteBlockStore } from '../../packages/trustchain/src/sqlite.ts';
import { medianOf, type Report } from '../harness.ts';
import { makeChain } from './chain.ts';

const BLOCKS = 10_000;
const RUNS = 3;
const environment = systemEnvironment();
const crypto = process.env.EDMP_BENCH_CRYPTO === 'sodium' ? await sodiumCrypto() : nodeCrypto();
/** One peer asks for everything at once here, which the limits are there to prevent. */
const limits = { push: { burst: 1e9, perSecond: 1e9 }, sync: { burst: 1e9, perSecond: 1e9 } };

/** A chain over a file, on TCP at loopback. */
async function open(folder: string, secretKey: Uint8Array) {
  const store = sqliteBlockStore({ path: join(folder, 'blocks.sqlite'), crypto });
  const network = libp2pNetwork({ environment, crypto, secretKey });
  const signer = softwareSigner({ crypto, secretKey });
  await network.start();
  const chain = await createTrustchain({ signer, crypto, store, network, environment, limits });
  return {
    store,
    network,
    chain,
    async stop() {
      await chain.stop();
      await network.stop();
      await store.close();
    },
  };
}

/** The other process: it has the chain, and tells its address when it is ready. */
async function serve(folder: string, secretKey: Uint8Array): Promise<void> {
  const { chain, network, store, stop } = await open(folder, secretKey);
  const author = softwareSigner({ crypto, secretKey: new Uint8Array(32).fill(3) });
  const blocks = await makeChain(BLOCKS, author, crypto);
  for (let n = 0; n < blocks.length; n += 1_000) await store.put(blocks.slice(n, n + 1_000));
  if ((await store.count()) !== BLOCKS) throw new Error('not all blocks were stored');
  process.stdout.write(`${JSON.stringify({ address: network.addresses()[0], self: [...chain.self] })}\n`);
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.once('end', resolve));
  await stop();
}

/** CPU time of this process and real time of a task, ms. */
async function timed(task: () => Promise<void>): Promise<{ readonly cpu: number; readonly wall: number }> {
  const [cpu, wall] = [process.cpuUsage(), performance.now()];
  await task();
  const { user, system } = process.cpuUsage(cpu);
  return { cpu: (user + system) / 1_000, wall: performance.now() - wall };
}

/**
 * A chain of 10 000 from the file of one process to that of another, over libp2p on loopback, every block verified. The
 * floor is to verify its signatures and nothing else. Ratios: of CPU time of the process that receives, and of real time.
 */
export async function syncOverLibp2p(report: Report): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'edmp-bench-sync-'));
  const words = [...process.execArgv, import.meta.filename, 'serve', folder];
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const { address, self } = JSON.parse(await firstLine(child.stdout));
    const author = softwareSigner({ crypto, secretKey: new Uint8Array(32).fill(3) });
    const blocks: HalfBlock[] = await makeChain(BLOCKS, author, crypto);
    const rates: number[] = [];
    const floors: number[] = [];
    const ratios: number[] = [];
    const walls: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const floor = await timed(async () => {
        const results = await crypto.ed25519VerifyMany(blocks.map(verifyItem));
        if (results.includes(false)) throw new Error('a signature did not verify');
      });
      const own = mkdtempSync(join(tmpdir(), 'edmp-bench-sync-'));
      const bob = await open(own, environment.randomBytes(32));
      try {
        await bob.network.connect(address);
        const took = await timed(async () => {
          await bob.chain.sync(publicKey(Uint8Array.from(self)), author.publicKey);
        });
        const stored = await bob.store.count();
        if (stored !== BLOCKS) throw new Error(`synced ${stored}`);
        rates.push((BLOCKS * 1_000) / took.cpu);
        floors.push((BLOCKS * 1_000) / floor.cpu);
        ratios.push(floor.cpu / took.cpu);
        walls.push(floor.wall / took.wall);
      } finally {
        await bob.stop();
        rmSync(own, { recursive: true, force: true });
      }
    }
    const figures = { value: medianOf(rates), floor: medianOf(floors), ratio: medianOf(ratios) };
    report({ metric: 'sync-10k-sqlite-libp2p-per-cpu-second', unit: '1/s', ...figures });
    report({ metric: 'sync-10k-sqlite-libp2p-real-time-to-floor', unit: '1', value: medianOf(walls) });
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin.end();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The first line that a process prints. */
export function firstLine(stdout: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
    });
    stdout.once('end', () => reject(new Error('the other process ended before it was ready')));
  });
}

if (process.argv[1] === import.meta.filename && process.argv[2] === 'serve')
  await serve(process.argv[3] ?? '', new Uint8Array(32).fill(4));
