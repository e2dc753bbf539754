import { join } from 'node:path';
import { EdmpError, systemEnvironment } from '@edmp/interface';
import type { NodeClient } from '../client.ts';
import type { ListingView } from '../service.ts';
import { type Cast, startCast, TEST_CURRENCY, waitFor } from './cast.ts';
import { children } from './children.ts';
import { follow } from './follow.ts';
import { inspectChains } from './inspect-chains.ts';
import { createLadder, type Ladder } from './ladder.ts';
import type { DemoOptions } from './options.ts';
import { balancesText, checkedText, endText, printTrade, publicPart } from './print.ts';
import { readEmulatorDay } from './reference-day.ts';
import { type DemoFindings, type DemoReport, noFindings } from './report.ts';

export type { DemoReport } from './report.ts';

/** What the issuer of a community token gives the buyer, minor units. */
const MINTED = 1_000n;
/** How long a bid that cannot match is watched before the demo says so, ms. */
const NO_MATCH_MS = 9_000;
const COMMODITY = { commodity: 'electricity', flow: 'import', step: 'PT15M' } as const;

interface Owned {
  /** Free, held and earned. */
  readonly total: bigint;
  readonly earned: bigint;
}

async function ownedBy(client: NodeClient, currency: string): Promise<Owned> {
  const wallet = (await client.wallets()).find((candidate) => candidate.id === currency);
  if (wallet === undefined) throw new EdmpError('ERR_DEMO_FAILED', `The node has no wallet for ${currency}`);
  return { total: wallet.available + wallet.held + wallet.earned, earned: wallet.earned };
}

/**
 * Runs the whole trade of the seed report's Figure 4 between processes; never throws: failures are in the report, with
 * the code of what failed or `ERR_DEMO_FAILED` (a step of the demo did not come about).
 */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const { write, now } = options;
  const started = now();
  const ladder = createLadder(write, now);
  const processes = children(options.command);
  const done = noFindings(options.currency ?? TEST_CURRENCY);
  const cast: { value?: Cast } = {};
  const report = (ok: boolean, failedStep: string | null, error: string | null): DemoReport => ({
    ok,
    failedStep,
    error,
    ...done,
    steps: ladder.steps,
    elapsedMs: Math.round(now() - started),
  });

  write('\nEDMP demo: one household sells one day of its smart-meter data to a stranger.\n');
  write(
    options.currency === undefined
      ? 'Four processes on this machine: a meter (emulated OEHU API), a seller, a buyer, and a matchmaker that is also\nthe witness of held money.\n\n'
      : `Five processes on this machine: a meter (emulated OEHU API), a seller, a buyer, a matchmaker, and the issuer and\nnotary of the community token ${options.currency}.\n\n`,
  );
  try {
    await play({ options, ladder, processes, done, cast });
    const ok = done.identical && done.chainsValid;
    return report(
      ok,
      ok ? null : 'compare',
      ok ? null : 'The bought data, the chains or the certificates are not what they should be',
    );
  } catch (error) {
    const step = ladder.current ?? 'start';
    const message = error instanceof Error ? error.message : String(error);
    write(`\nFAILED at step "${step}": ${message}\n`);
    if (cast.value !== undefined && done.sellerBefore !== null) {
      await readBalancesAfter(cast.value, done);
      write(balancesText(done));
    }
    return report(false, step, message);
  } finally {
    await processes.stopAll();
  }
}

interface Stage {
  readonly options: DemoOptions;
  readonly ladder: Ladder;
  readonly processes: ReturnType<typeof children>;
  readonly done: DemoFindings;
  readonly cast: { value?: Cast };
}

/** All steps in order; throws at the first that does not come about. */
async function play(stage: Stage): Promise<void> {
  const { options, ladder, processes, done } = stage;
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
  const url = String(emulator.ready.url);
  const cast = await ladder.step(
    'nodes',
    'demo',
    `starts ${options.currency === undefined ? 'three' : 'four'} nodes, connects them`,
    () => startCast(processes, options, url),
    ({ hub, seller, buyer, money }) =>
      [hub, ...(money.issuer === undefined ? [] : [money.issuer]), seller, buyer]
        .map(({ info }) => `${info.name.padEnd(10)} ${info.key.slice(0, 16)}…  libp2p over TCP, loopback`)
        .join('\n'),
  );
  stage.cast.value = cast;
  await mint(stage, cast);
  const before = await Promise.all(
    [cast.seller, cast.buyer].map(({ client }) => ownedBy(client, cast.money.id)),
  );
  [done.sellerBefore, done.buyerBefore] = before.map(({ total }) => Number(total)) as [number, number];
  if (options.fault === 'emulator-down') emulator.kill();

  const day = String(emulator.ready.day);
  const listing = await offer(stage, cast, day);
  const { trade, query } = await trading(stage, cast, listing);
  const delivery = await ladder.step(
    'decrypt',
    'buyer',
    'opens the data with the released key',
    () => cast.buyer.client.delivery(trade.id),
    (data) => `${data.consumption.values.length} readings`,
  );
  done.readings = delivery.consumption.values.length;
  const zone = delivery.descriptor.zone;
  const same = await ladder.step(
    'compare',
    'demo',
    'asks the meter itself and compares',
    async () =>
      sameValues((await readEmulatorDay({ url, ...query, zone })).values, delivery.consumption.values),
    (identical) => (identical ? 'every value is identical' : 'THE VALUES DIFFER'),
  );
  done.identical = same;
  await settle(stage, cast, trade.id);
  await readBalancesAfter(cast, done);
  await verify(stage, cast);
  options.write(endText(done, delivery.curve, delivery.descriptor.from));
}

/** The issuer of a community token gives the buyer some. */
async function mint({ ladder, options }: Stage, { buyer, money }: Cast): Promise<void> {
  const { issuer } = money;
  if (issuer === undefined) return;
  await ladder.step(
    'mint',
    'issuer',
    `gives the buyer ${MINTED} ${money.label}, certified by its notary`,
    async () => {
      const payment = await issuer.client.transfer({ wallet: money.id, to: buyer.info.key, amount: MINTED });
      await waitFor(
        'The payment',
        options.now,
        async () => ((await ownedBy(buyer.client, money.id)).total === MINTED ? true : undefined),
        options.timeoutMs,
      );
      return payment;
    },
    (payment) => `half block ${payment.id.slice(0, 24)}…; the issuer's account is the mint`,
  );
}

async function offer({ ladder, options, done }: Stage, cast: Cast, day: string): Promise<ListingView> {
  const { client } = cast.seller;
  const meter = await ladder.step(
    'list-meters',
    'seller',
    'asks the OEHU API for its meters',
    async () => {
      const [first] = await client.meters();
      if (first === undefined) throw new EdmpError('ERR_DEMO_FAILED', 'The OEHU API lists no meter');
      return first;
    },
    (view) => view.label,
  );
  const query = { meter: meter.id, from: day, to: day, ...COMMODITY };
  await ladder.step(
    'read-and-verify',
    'seller',
    'reads a day over HTTP, checks signatures',
    () => client.curve(query),
    (curve) =>
      `${curve.verified} readings, level "${curve.attestation}": signed by the device and chained to each other`,
  );
  const listing = await ladder.step(
    'branch-and-list',
    'seller',
    'splits the data and lists it (ask)',
    () =>
      client.offer({
        ...query,
        title: 'One day of household electricity, 15-minute steps',
        price: options.price,
        currency: cast.money.id,
        supply: 1,
        accuracy: 'town',
        purposes: ['research'],
        lifetimeMs: 600_000,
      }),
    (view) =>
      `${view.asset.slice(0, 24)}…  ${view.price} ${view.currencyLabel}, exclusive\npublic: ${publicPart(view)}\nprivate: ${view.descriptor.count} values, behind a salted commitment; no id, key, place or date in them`,
  );
  done.asset = listing.asset;
  return listing;
}

async function trading({ ladder, options }: Stage, cast: Cast, listing: ListingView) {
  const { now, fault } = options;
  const { client } = cast.buyer;
  const found = await ladder.step(
    'search',
    'buyer',
    'searches by description, finds it',
    () => waitFor('The listing at the buyer', now, () => findListing(client, listing)),
    (view) =>
      `"electricity ${view.descriptor.from}, 15 min, cell ${view.descriptor.cell}" → ${view.asset.slice(0, 24)}…`,
  );
  const following = follow({
    buyer: client,
    asset: listing.asset,
    timeoutMs: fault === 'wrong-price' ? Math.min(options.timeoutMs, NO_MATCH_MS) : options.timeoutMs,
    now,
  });
  // It is waited for below; until then a failure must not count as unhandled.
  following.catch(() => {});
  const price = fault === 'wrong-price' ? found.price - 2n : found.price;
  const bidAt = systemEnvironment().now();
  await ladder.step(
    'bid',
    'buyer',
    `bids ${price} ${cast.money.label}`,
    () => client.buy({ asset: found.asset, price, currency: cast.money.id, lifetimeMs: 600_000 }),
    (order) => `order ${order.order.slice(0, 24)}…`,
  );
  const trade = await ladder.within('trade', () => following);
  printTrade(trade, bidAt, (name, who, title, ms, detail) => ladder.rung(name, who, title, ms, detail));
  const { from, to } = listing.descriptor;
  const [meter] = await cast.seller.client.meters();
  return { trade, query: { meter: meter?.id ?? '', from, to, ...COMMODITY } };
}

/** In issued money the seller shows the receipt to the notary and takes the money into its account. */
async function settle({ ladder, options, done }: Stage, cast: Cast, trade: string): Promise<void> {
  const { client } = cast.seller;
  const outcome = async (): Promise<string | undefined> =>
    (await client.tradeEvidence(trade)).outcome ?? undefined;
  if (cast.money.issuer !== undefined) {
    await ladder.step(
      'claim',
      'seller',
      'shows the notary the receipt, is paid',
      () =>
        waitFor(
          'The payment of the seller',
          options.now,
          async () => ((await client.claim(cast.money.id)).id === null ? undefined : true),
          options.timeoutMs,
        ),
      () => 'the notary certifies the outcome "paid"; a block takes it into the account',
    );
  }
  done.outcome = await waitFor('The outcome', options.now, outcome, options.timeoutMs);
}

async function verify({ ladder, options, processes, done }: Stage, cast: Cast): Promise<void> {
  await ladder.step(
    'verify-chains',
    'demo',
    'stops all, checks chains and certificates',
    async () => {
      await processes.stopAll();
      const found = await inspectChains(
        [cast.seller, cast.buyer].map(({ info }) => ({
          folder: join(options.folder, info.name),
          key: info.key,
        })),
      );
      done.blocks = found.blocks;
      done.certificates = found.certificates;
      done.witnesses = found.signers;
      done.sumsToZero = cast.money.issuer === undefined ? null : found.remainder === 0n;
      done.chainsValid = found.valid;
    },
    () => checkedText(done),
  );
}

/** After a failure the balances show who lost what; a dead node has none. */
async function readBalancesAfter({ seller, buyer, money }: Cast, done: DemoFindings): Promise<void> {
  const read = (client: NodeClient): Promise<Owned | null> => ownedBy(client, money.id).catch(() => null);
  const [sold, bought] = await Promise.all([read(seller.client), read(buyer.client)]);
  done.sellerAfter = sold === null ? null : Number(sold.total);
  done.sellerEarned = sold === null ? null : Number(sold.earned);
  done.buyerAfter = bought === null ? null : Number(bought.total);
}

async function findListing(client: NodeClient, wanted: ListingView): Promise<ListingView | undefined> {
  const { commodity, flow, step, from, to, cell } = wanted.descriptor;
  const place = cell === null ? {} : { cell };
  const [match] = await client.listings({ commodity, flow, step, from, to, ...place, text: 'household' });
  return match;
}

function sameValues(a: readonly (number | null)[], b: readonly (number | null)[]): boolean {
  return a.length > 0 && a.length === b.length && a.every((value, index) => value === b[index]);
}
