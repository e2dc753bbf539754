import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeCrypto } from '../packages/interface/src/crypto/node.ts';
import {
  bytesToHex,
  hexToBytes,
  type IntervalSeries,
  memoryKeyValueStore,
  type PublicKey,
  publicKey,
  type RegisterReading,
  systemEnvironment,
} from '../packages/interface/src/index.ts';
import { price } from '../packages/market/src/index.ts';
import { notary } from '../packages/market/src/notary.ts';
import { defaultRiskPolicy } from '../packages/market/src/risk.ts';
import { startOehuEmulator } from '../packages/oehu-client/src/emulator.ts';
import {
  type Branches,
  branch,
  createOehuClient,
  intervalSeries,
  oehuSource,
} from '../packages/oehu-client/src/index.ts';
import { createTrader, type Trader } from '../packages/trader/src/index.ts';
import { libp2pNetwork } from '../packages/trustchain/src/libp2p.ts';
import { sqliteBlockStore, sqliteKeyValueStore } from '../packages/trustchain/src/sqlite.ts';
import { medianOf, type Report } from './harness.ts';

/** Trades before and after the clock starts. */
const WARM_UP = 20;
const TRADES = 60;
/** Longest wait for one trade, and for the other process to be ready, ms. */
const TRADE_MS = 20_000;
const READY_MS = 60_000;
const HOUR = 3_600_000;
/** One peer trades without a pause here, which the limit of requests a second is there to prevent. */
const risk = { ...defaultRiskPolicy, requestRate: { burst: 1e6, perSecond: 1e6 } };
const environment = systemEnvironment();
const crypto = nodeCrypto();

interface Part {
  readonly trader: Trader;
  stop(): Promise<void>;
}

/** A trader on files and on TCP; without `witness` it keeps the books and is notary and witness itself. */
async function open(folder: string, witness: PublicKey | undefined): Promise<Part> {
  const store = sqliteBlockStore({ path: join(folder, 'blocks.db'), crypto });
  const records = sqliteKeyValueStore({ path: join(folder, 'records.db') });
  const trader = await createTrader({
    environment,
    crypto,
    store,
    records,
    risk,
    network: ({ secretKey }) => libp2pNetwork({ environment, crypto, secretKey }),
    ...(witness === undefined
      ? { notary: notary({ store: memoryKeyValueStore() }) }
      : { matchmaker: false, witnesses: { keys: [witness] } }),
  });
  return {
    trader,
    async stop() {
      await trader.stop();
      await store.close();
      await records.close();
    },
  };
}

/** A day of quarter hours of an emulated household. */
async function day(): Promise<IntervalSeries> {
  const meter = await startOehuEmulator({ seed: 7, households: 1, days: 1 });
  try {
    const source = oehuSource(createOehuClient({ baseUrl: meter.url, crypto, environment }));
    const period = { from: meter.start, to: meter.now() };
    const [device] = await source.devices();
    const readings: RegisterReading[] = [];
    for await (const reading of source.readings(device?.id ?? '', period)) readings.push(reading);
    return intervalSeries(readings, {
      ...period,
      commodity: 'electricity',
      flow: 'import',
      step: 'PT15M',
      zone: 'Europe/Amsterdam',
    });
  } finally {
    await meter.stop();
  }
}

function listing(series: IntervalSeries, number: number): Branches {
  return branch(series, {
    accuracy: 100_000,
    location: null,
    household: null,
    consent: null,
    listing: String(number),
    title: `One day ${number}`,
    licence: 'EDMP-personal-1',
    purposes: ['research'],
    pseudonymKey: environment.randomBytes(32),
  });
}

/** The other process: a seller, and the keeper of the books that is the witness, each on a network of its own. */
async function sell(): Promise<void> {
  const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'edmp-bench-trade-')));
  const [keeperFolder = '', sellerFolder = ''] = folders;
  const keeper = await open(keeperFolder, undefined);
  const [witness] = keeper.trader.market.notaryKeys;
  const seller = await open(sellerFolder, witness);
  const addresses = [keeper, seller].map(({ trader }) => trader.network.addresses()[0] ?? '');
  await seller.trader.network.connect(addresses[0] ?? '');
  const series = await day();
  for (let i = 0; i < WARM_UP + TRADES; i++) {
    const { document } = await seller.trader.settlement.addDataset(listing(series, i));
    await seller.trader.market.sell({ document, price: price('DUM1', 1), supply: 1, lifetimeMs: HOUR });
  }
  process.stdout.write(
    `${JSON.stringify({ addresses, witness: bytesToHex(witness ?? new Uint8Array()) })}\n`,
  );
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.once('end', resolve));
  for (const part of [seller, keeper]) await part.stop();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

/** The first line that the other process prints. */
function firstLine(stdout: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the selling process is not ready')), READY_MS);
    let text = '';
    stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const end = text.indexOf('\n');
      if (end < 0) return;
      clearTimeout(timer);
      resolve(text.slice(0, end));
    });
  });
}

/** Times of trades between two processes over TCP, from the bid to the receipt, ms. */
async function buy(addresses: readonly string[], witness: PublicKey): Promise<readonly number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'edmp-bench-trade-'));
  const { trader, stop } = await open(folder, witness);
  try {
    const { market, network } = trader;
    for (const address of addresses) await network.connect(address);
    const until = performance.now() + READY_MS;
    let listings = await market.listings({ limit: 1_000 });
    while (listings.length < WARM_UP + TRADES && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      listings = await market.listings({ limit: 1_000 });
    }
    const times: number[] = [];
    for (const { asset, price: unit } of listings) {
      const completed = new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no trade within ${TRADE_MS} ms`)), TRADE_MS);
        const leave = market.on((event) => {
          if (event.type !== 'trade' || event.trade.asset !== asset) return;
          if (event.trade.state !== 'completed') return;
          clearTimeout(timer);
          leave();
          resolve();
        });
      });
      const start = performance.now();
      await Promise.all([completed, market.buy({ asset, price: unit, lifetimeMs: 600_000 })]);
      times.push(performance.now() - start);
    }
    if (times.length < WARM_UP + TRADES) throw new Error(`only ${times.length} offers were found`);
    return times.slice(WARM_UP);
  } finally {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whole trades of a day of 15-minute data between two processes, with files, TCP on loopback and real sealing. */
export async function tradesBetweenProcesses(report: Report): Promise<void> {
  const child = spawn(process.execPath, [...process.execArgv, import.meta.filename, 'sell'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const { addresses, witness } = JSON.parse(await firstLine(child.stdout));
    const times = await buy(addresses, publicKey(hexToBytes(witness)));
    report({ metric: 'trade-two-processes-p50', unit: 'ms', value: medianOf(times), floor: 60 });
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin.end();
    await ended;
  }
}

if (process.argv[1] === import.meta.filename && process.argv[2] === 'sell') await sell();
