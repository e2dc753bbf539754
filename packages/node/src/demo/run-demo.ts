import { join } from 'node:path';
import { EdmpError, systemEnvironment } from '@edmp/interface';
import { createNodeClient, type NodeClient } from '../client.ts';
import type { CurveView, ListingView, NodeInfo, TradeView } from '../service.ts';
import { type Child, children } from './children.ts';
import { follow } from './follow.ts';
import { inspectChains } from './inspect-chains.ts';
import { createLadder, type DemoStep, type Who } from './ladder.ts';
import { drawLoadCurve } from './load-curve.ts';
import type { DemoFault, DemoOptions } from './options.ts';
import { readEmulatorDay } from './reference-day.ts';

/** What a demo did; the last line of `demo --json`. */
export interface DemoReport {
  readonly ok: boolean;
  /** Name of the step that failed; null when none did. */
  readonly failedStep: string | null;
  /** Why it failed; null when nothing did. */
  readonly error: string | null;
  readonly asset: string | null;
  /** Number of interval values that the buyer decrypted. */
  readonly readings: number;
  /** Whether they equal what the meter's API gives to anyone who asks it directly. */
  readonly identical: boolean;
  /** Balances, minor units of `DUM1`; null when they could not be read. */
  readonly sellerBefore: number | null;
  readonly sellerAfter: number | null;
  readonly buyerBefore: number | null;
  readonly buyerAfter: number | null;
  /** Half blocks in the two traders' own chains. */
  readonly blocks: number;
  readonly chainsValid: boolean;
  readonly steps: readonly DemoStep[];
  readonly elapsedMs: number;
}

const CURRENCY = 'DUM1';
const COMMODITY = { commodity: 'electricity', flow: 'import', step: 'PT15M' } as const;

interface Peer {
  readonly child: Child;
  readonly client: NodeClient;
  readonly info: NodeInfo;
}

const balanceOf = async (client: NodeClient): Promise<bigint> => {
  const wallet = (await client.wallets()).find((candidate) => candidate.id === CURRENCY);
  if (wallet === undefined) throw new EdmpError('ERR_DEMO_FAILED', `The node has no ${CURRENCY} wallet`);
  return wallet.available;
};

/**
 * Runs the whole trade of the seed report's Figure 4 between four processes; never throws: failures are in the report,
 * with the code of what failed or `ERR_DEMO_FAILED` (a step of the demo did not come about).
 */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const { write, now, fault } = options;
  const environment = systemEnvironment();
  const started = now();
  const ladder = createLadder(write, now);
  const processes = children(options.command);
  const done = {
    asset: null as string | null,
    readings: 0,
    identical: false,
    sellerBefore: null as number | null,
    sellerAfter: null as number | null,
    buyerBefore: null as number | null,
    buyerAfter: null as number | null,
    blocks: 0,
    chainsValid: false,
  };

  let traders: { readonly seller: NodeClient; readonly buyer: NodeClient } | undefined;
  /** After a failure the balances show who lost what; a dead node has none. */
  const readBalancesAfter = async (): Promise<void> => {
    if (traders === undefined) return;
    const { seller, buyer } = traders;
    const read = (client: NodeClient): Promise<number | null> => balanceOf(client).then(Number, () => null);
    [done.sellerAfter, done.buyerAfter] = await Promise.all([read(seller), read(buyer)]);
  };

  const startPeer = async (name: string, args: readonly string[]): Promise<Peer> => {
    const child = await processes.start(
      name,
      [
        'start',
        '--name',
        name,
        '--data',
        join(options.folder, name),
        '--http',
        '0',
        '--no-web',
        '--phase-timeout',
        String(phaseTimeoutMs(fault)),
        ...args,
      ],
      options.timeoutMs,
    );
    const client = createNodeClient({
      url: String(child.ready.url),
      token: String(child.ready.token),
      timeoutMs: options.timeoutMs,
    });
    return { child, client, info: await client.info() };
  };

  write('\nEDMP demo: one household sells one day of its smart-meter data to a stranger.\n');
  write(
    'Four processes on this machine: a meter (emulated OEHU API), a seller, a buyer and a matchmaker.\n\n',
  );
  try {
    const emulator = await ladder.step(
      'emulator',
      'meter',
      'starts: a seeded, invented household',
      () =>
        processes.start(
          'oehu emulator',
          ['oehu-emulator', '--port', '0', '--seed', String(options.seed), '--days', '3'],
          options.timeoutMs,
        ),
      (child) => `OEHU API at ${String(child.ready.url)}; every reading is signed by the device's key`,
    );

    const [, seller, buyer] = await ladder.step(
      'nodes',
      'demo',
      'starts three nodes, connects them',
      async () => {
        const hub = await startPeer('matchmaker', ['--meters', 'none']);
        const connect = ['--connect', hub.info.addresses[0] ?? '', '--no-matchmaker'];
        const sellerFault =
          fault === 'corrupt-content'
            ? ['--fault', 'corrupt-content']
            : fault === 'kill-seller'
              ? ['--fault', 'die-before-release']
              : [];
        return [
          hub,
          ...(await Promise.all([
            startPeer('seller', ['--meters', String(emulator.ready.url), ...connect, ...sellerFault]),
            startPeer('buyer', ['--meters', 'none', ...connect]),
          ])),
        ] as const;
      },
      (peers) =>
        peers
          .map(({ info }) => `${info.name.padEnd(10)} ${info.key.slice(0, 16)}…  libp2p over TCP, loopback`)
          .join('\n'),
    );

    [done.sellerBefore, done.buyerBefore] = (
      await Promise.all([balanceOf(seller.client), balanceOf(buyer.client)])
    ).map(Number) as [number, number];
    traders = { seller: seller.client, buyer: buyer.client };
    if (fault === 'emulator-down') emulator.kill();

    const meter = await ladder.step(
      'list-meters',
      'seller',
      'asks the OEHU API for its meters',
      async () => {
        const [first] = await seller.client.meters();
        if (first === undefined) throw new EdmpError('ERR_DEMO_FAILED', 'The OEHU API lists no meter');
        return first;
      },
      (view) => view.label,
    );
    const day = String(emulator.ready.day);
    const query = { meter: meter.id, from: day, to: day, ...COMMODITY };
    await ladder.step(
      'read-and-verify',
      'seller',
      'reads a day over HTTP, checks signatures',
      () => seller.client.curve(query),
      (curve) =>
        `${curve.verified} readings, level "${curve.attestation}": signed by the device and chained to each other`,
    );
    const listing = await ladder.step(
      'branch-and-list',
      'seller',
      'splits the data and lists it (ask)',
      () =>
        seller.client.offer({
          ...query,
          title: 'One day of household electricity, 15-minute steps',
          price: options.price,
          currency: CURRENCY,
          supply: 1,
          accuracy: 'town',
          purposes: ['research'],
          lifetimeMs: 600_000,
        }),
      (view) =>
        `${view.asset.slice(0, 24)}…  ${view.price} ${view.currency}, exclusive\npublic: ${publicPart(view)}\nprivate: ${view.descriptor.count} values, behind a salted commitment; no id, key, place or date in them`,
    );
    done.asset = listing.asset;

    const found = await ladder.step(
      'search',
      'buyer',
      'searches by description, finds it',
      () => findListing(buyer.client, listing, options.timeoutMs, now),
      (view) =>
        `"electricity ${view.descriptor.from}, 15 min, cell ${view.descriptor.cell}" → ${view.asset.slice(0, 24)}…`,
    );

    const trading = follow({
      buyer: buyer.client,
      asset: listing.asset,
      timeoutMs: fault === 'wrong-price' ? Math.min(options.timeoutMs, NO_MATCH_MS) : options.timeoutMs,
      now,
    });
    const bidPrice = fault === 'wrong-price' ? found.price - 2n : found.price;
    const bidAt = environment.now();
    await ladder.step(
      'bid',
      'buyer',
      `bids ${bidPrice} ${CURRENCY}`,
      () =>
        buyer.client.buy({ asset: found.asset, price: bidPrice, currency: CURRENCY, lifetimeMs: 600_000 }),
      (order) => `order ${order.order.slice(0, 24)}…`,
    );
    const trade = await ladder.within('trade', () => trading);
    printTrade(trade, bidAt, (name, who, title, ms, detail) => ladder.rung(name, who, title, ms, detail));

    const delivery = await ladder.step(
      'decrypt',
      'buyer',
      'opens the data with the released key',
      () => buyer.client.delivery(trade.id),
      (data) => `${data.consumption.values.length} readings`,
    );
    done.readings = delivery.consumption.values.length;
    const reference = await ladder.step(
      'compare',
      'demo',
      'asks the meter itself and compares',
      () => readEmulatorDay({ url: String(emulator.ready.url), ...query, zone: delivery.descriptor.zone }),
      (series) =>
        sameValues(series.values, delivery.consumption.values)
          ? 'every value is identical'
          : 'THE VALUES DIFFER',
    );
    done.identical = sameValues(reference.values, delivery.consumption.values);

    [done.sellerAfter, done.buyerAfter] = (
      await Promise.all([balanceOf(seller.client), balanceOf(buyer.client)])
    ).map(Number) as [number, number];
    await ladder.step(
      'verify-chains',
      'demo',
      'stops all, re-checks both chains from disk',
      async () => {
        await processes.stopAll();
        const chains = await inspectChains([
          { file: join(options.folder, 'seller', 'chain.sqlite'), key: seller.info.key },
          { file: join(options.folder, 'buyer', 'chain.sqlite'), key: buyer.info.key },
        ]);
        done.blocks = chains.blocks;
        done.chainsValid = chains.valid;
      },
      () =>
        `${done.blocks} half blocks, ${done.chainsValid ? 'every signature, link and hash valid' : 'NOT VALID'}`,
    );
    printEnd(options, done, delivery.curve, delivery.descriptor.from);
    const ok = done.identical && done.chainsValid;
    return report(
      ok,
      ok ? null : 'compare',
      ok ? null : 'The bought data or the chains are not what they should be',
    );
  } catch (error) {
    const step = ladder.current ?? 'start';
    const message = error instanceof Error ? error.message : String(error);
    await readBalancesAfter();
    write(`\nFAILED at step "${step}": ${message}\n`);
    if (traders !== undefined) {
      write(
        `Balances   seller ${done.sellerBefore} → ${done.sellerAfter ?? 'gone'} ${CURRENCY}    buyer ${done.buyerBefore} → ${done.buyerAfter ?? 'gone'} ${CURRENCY}\n`,
      );
    }
    return report(false, step, message);
  } finally {
    await processes.stopAll();
  }

  function report(ok: boolean, failedStep: string | null, error: string | null): DemoReport {
    return { ok, failedStep, error, ...done, steps: ladder.steps, elapsedMs: Math.round(now() - started) };
  }
}

function publicPart({ descriptor }: ListingView): string {
  return `${descriptor.commodity} ${descriptor.flow}, ${descriptor.from}, 15 min, cell ${descriptor.cell ?? 'withheld'}, ${descriptor.household?.kind ?? 'household withheld'}, ${descriptor.attestation}`;
}

function sameValues(a: readonly (number | null)[], b: readonly (number | null)[]): boolean {
  return a.length > 0 && a.length === b.length && a.every((value, index) => value === b[index]);
}

/** How long a bid that cannot match is watched before the demo says so, ms. */
const NO_MATCH_MS = 9_000;

/** Longest silence of a trading partner, ms: short only where the demo waits for it to pass. */
function phaseTimeoutMs(fault: DemoFault | undefined): number {
  return fault === 'kill-seller' ? 4_000 : 20_000;
}

async function findListing(
  client: NodeClient,
  wanted: ListingView,
  timeoutMs: number,
  now: () => number,
): Promise<ListingView> {
  const { commodity, flow, step, from, to, cell } = wanted.descriptor;
  const until = now() + timeoutMs;
  for (;;) {
    const [match] = await client.listings({
      commodity,
      flow,
      step,
      from,
      to,
      ...(cell === null ? {} : { cell }),
      text: 'household',
    });
    if (match !== undefined) return match;
    if (now() > until) throw new EdmpError('ERR_DEMO_FAILED', 'The listing did not reach the buyer in time');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

const RUNGS: Readonly<Record<string, readonly [who: Who, title: string]>> = {
  negotiation: ['match', 'tells both; the buyer writes to the seller'],
  terms: ['buyer', 'terms signed by both'],
  'trade-proposal': ['seller', 'seals the data, proposes the trade'],
  'trade-agreement': ['buyer', 'holds all ciphertext; the money is held'],
  'release-proposal': ['seller', 'releases the wrapped key'],
  'release-agreement': ['buyer', 'receipt: payment and licence are final'],
};

/** What each step leaves behind for others to check. */
function proofOf(step: TradeView['steps'][number]): string {
  if (step.block !== null)
    return `half block ${step.block.slice(0, 24)}… signed by the ${step.signedBy ?? 'other side'}`;
  return step.name === 'terms' ? 'both signatures travel in the next block' : '';
}

function printTrade(
  trade: TradeView,
  bidAt: number,
  rung: (name: string, who: Who, title: string, ms: number, detail: string) => void,
): void {
  let before = bidAt;
  for (const step of trade.steps) {
    const [who, title] = RUNGS[step.name] ?? ['demo', step.name];
    const at = Math.max(before, step.at ?? before);
    rung(step.name, who, title, at - before, proofOf(step));
    before = at;
  }
}

/** The curve and the balances. */
function printEnd(
  options: DemoOptions,
  done: {
    readonly sellerBefore: number | null;
    readonly sellerAfter: number | null;
    readonly buyerBefore: number | null;
    readonly buyerAfter: number | null;
  },
  curve: CurveView,
  day: string,
): void {
  options.write(`\nWhat the buyer sees now (average power, ${day}):\n\n`);
  options.write(`${drawLoadCurve(curve.values, { stepMinutes: 15 })}\n\n`);
  options.write(
    `Balances   seller ${done.sellerBefore} → ${done.sellerAfter} ${CURRENCY}    buyer ${done.buyerBefore} → ${done.buyerAfter} ${CURRENCY}\n`,
  );
}
