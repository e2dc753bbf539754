import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createNodeClient, isEdmpError, type NodeClient } from '@edmp/node/client';
import { type Child, children } from '../../src/demo/children.ts';
import { newestDay } from '../e2e/support/two-nodes.ts';
import { type NetworkSample, type NodeReport, nodeReport } from './network-report.ts';
import { buyDay, offerDay, WAIT_MS } from './network-trade.ts';

/** Length of a network soak. */
export interface NetworkSoakOptions {
  /** Real seconds in all; in the last fifth nobody trades, so that what time alone costs is seen. */
  readonly seconds: number;
  /** Between two looks at a process, ms. */
  readonly sampleMs: number;
  /** From the start of one trade to that of the next, for each buyer, ms; at least as long as a trade takes. */
  readonly paceMs: number;
  /** Told of every trade that failed, and of progress. */
  readonly log?: (text: string) => void;
}

/** What a network soak found. */
export interface NetworkSoakResult {
  readonly seconds: number;
  readonly trades: number;
  /** Trades that did not end as they should, in words. */
  readonly failures: readonly string[];
  /**
   * HTTP requests of the test that a living node left unanswered, which are made again: a kept connection may end just as it
   * is used, and a machine may be so busy that the API gives up.
   */
  readonly unanswered: number;
  /** From the bid to the end of the deal, ms. */
  readonly tradeMs: { readonly p50: number; readonly p99: number };
  /** Nodes whose own chain does not check out at the end. */
  readonly invalidChains: readonly string[];
  readonly nodes: Readonly<Record<string, NodeReport>>;
  /** Why it is not flat; empty when it is. */
  readonly faults: readonly string[];
}

/** A process of the network. */
interface Member {
  readonly name: string;
  readonly child: Child;
  readonly client: NodeClient;
  readonly data: string;
  readonly log: string;
}

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const sampler = new URL('./network-sampler.ts', import.meta.url);
/** A busy machine must not end a trade. */
const PATIENT = ['--phase-timeout', '120000'];
/** Part of the time at the end in which nobody trades. */
const REST = 0.2;
/** A listing is gone after it: what expires must be let go of within the soak. */
const LIFETIME_MS = 300_000;

/**
 * Five `edmp start` processes for some time: a community's hub (relay, matchmaker, notary, witness), two sellers, of
 * which one is reached through the relay only, and two buyers, one of them hidden too, that go on buying days from both.
 */
export async function networkSoak(options: NetworkSoakOptions): Promise<NetworkSoakResult> {
  const folder = await mkdtemp(join(tmpdir(), 'edmp-network-soak-'));
  const started: ReturnType<typeof children>[] = [];
  const start = async (name: string, args: readonly string[]): Promise<Member> => {
    const [data, log] = [join(folder, name), join(folder, `${name}.log`)];
    mkdirSync(data);
    const address = new URL(sampler);
    address.searchParams.set('log', log);
    address.searchParams.set('every', String(options.sampleMs));
    const flags = ['--conditions=edmp-source', '--expose-gc', '--import', address.href];
    const processes = children([process.execPath, ...flags, main]);
    started.push(processes);
    const words = ['start', '--data', data, '--http', '0', '--name', name, '--no-web', ...PATIENT, ...args];
    const child = await processes.start(name, words, WAIT_MS);
    const { url, token } = child.ready as { url: string; token: string };
    return {
      name,
      child,
      data,
      log,
      client: createNodeClient({ url, token, timeoutMs: WAIT_MS }),
    };
  };
  try {
    const hub = await start('hub', ['--community', '--meters', 'none']);
    const address = (hub.child.ready.addresses as string[])[0] ?? '';
    const joined = ['--no-matchmaker', '--witness', (hub.child.ready.witnessKeys as string[])[0] ?? ''];
    const direct = [...joined, '--connect', address];
    const hidden = [...joined, '--via', address, '--listen', 'none'];
    const sellers = [
      await start('seller', [...direct, '--meters', 'emulator']),
      await start('hidden-seller', [...hidden, '--meters', 'emulator']),
    ];
    const buyers = [
      await start('buyer', [...direct, '--meters', 'none']),
      await start('hidden-buyer', [...hidden, '--meters', 'none']),
    ];
    const members = [hub, ...sellers, ...buyers];
    const { times, failures, unanswered, disks, restAt } = await trade(sellers, buyers, members, options);
    const invalidChains: string[] = [];
    for (const { name, client } of members) {
      const { key } = await client.info();
      const blocks = await client.blocks({ author: key, limit: 100 });
      // The hub only witnesses: it has no chain.
      const isEmpty = blocks.length === 0 && name !== hub.name;
      if (isEmpty || blocks.some(({ level }) => level === 'invalid')) invalidChains.push(name);
    }
    const nodes = Object.fromEntries(
      members.map(({ name, log }) => [name, nodeReport(samplesOf(log), disks.get(name) ?? [], restAt)]),
    );
    const sorted = [...times].sort((a, b) => a - b);
    const at = (p: number): number => Math.round(sorted[Math.ceil(p * sorted.length) - 1] ?? 0);
    return {
      seconds: options.seconds,
      trades: times.length,
      failures,
      unanswered,
      tradeMs: { p50: at(0.5), p99: at(0.99) },
      invalidChains,
      nodes,
      faults: Object.entries(nodes).flatMap(([name, { faults }]) =>
        faults.map((fault) => `${name}: ${fault}`),
      ),
    };
  } finally {
    await Promise.all(started.map((processes) => processes.stopAll()));
    await rm(folder, { recursive: true, force: true });
  }
}

/** How large the folder of a node was, and how many trades there had been in all. */
export interface DiskPoint {
  readonly at: number;
  readonly trades: number;
  readonly bytes: number;
}

interface Traded {
  readonly times: readonly number[];
  readonly failures: readonly string[];
  readonly unanswered: number;
  readonly disks: ReadonlyMap<string, readonly DiskPoint[]>;
  /** When the last trade had ended, ms since the epoch. */
  readonly restAt: number;
}

/** Has every buyer buy a day of one seller after the other, until the time is over. */
async function trade(
  sellers: readonly Member[],
  buyers: readonly Member[],
  members: readonly Member[],
  { seconds, paceMs, sampleMs, log = () => undefined }: NetworkSoakOptions,
): Promise<Traded> {
  const times: number[] = [];
  const failures: string[] = [];
  let [unanswered, restAt] = [0, 0];
  const disks = new Map<string, DiskPoint[]>(members.map(({ name }) => [name, []]));
  const until = performance.now() + (1 - REST) * seconds * 1_000;
  const look = setInterval(() => {
    for (const { name, data } of members)
      disks.get(name)?.push({ at: Date.now(), trades: times.length, bytes: sizeOf(data) });
    log(`${times.length} trades, ${failures.length} failed`);
  }, sampleMs);
  const buying = async (buyer: Member, first: number): Promise<void> => {
    let bought = 0;
    const giveUp = until + WAIT_MS;
    const goesOn = (): boolean => performance.now() < (bought === 0 ? giveUp : until);
    for (let turn = first; goesOn(); turn++) {
      const began = performance.now();
      const seller = sellers[turn % sellers.length] as Member;
      try {
        const asset = await offerDay(seller.client, await newestDay(seller), turn, LIFETIME_MS);
        times.push(await buyDay(buyer.client, asset));
        bought++;
      } catch (error) {
        const isAlive = !buyer.child.exited() && !seller.child.exited();
        if (isAlive && (isEdmpError(error, 'ERR_HTTP_UNREACHABLE') || isEdmpError(error, 'ERR_TIMEOUT'))) {
          unanswered++;
          continue;
        }
        const text = `${buyer.name} from ${seller.name}: ${error instanceof Error ? error.message : String(error)}`;
        failures.push(text);
        log(text);
      }
      const pause = Math.min(paceMs - (performance.now() - began), until - performance.now());
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    }
  };
  try {
    await Promise.all(buyers.map(buying));
    restAt = Date.now();
    await new Promise((resolve) => setTimeout(resolve, REST * seconds * 1_000));
  } finally {
    clearInterval(look);
  }
  return { times, failures, unanswered, disks, restAt };
}

function samplesOf(log: string): NetworkSample[] {
  return readFileSync(log, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as NetworkSample);
}

/** Bytes of all files of a folder; one that goes meanwhile counts as nothing. */
function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (sum, { parentPath, name }) =>
        sum + (statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
}
