import {
  COMMODITIES,
  type Commodity,
  FLOWS,
  type Flow,
  INTERVAL_STEPS,
  type IntervalStep,
} from '@edmp/interface';
import { toldGaps } from '@edmp/interface/dataset';
import { checkPublicTexts } from '@edmp/oehu-client/privacy';
import { Command, Option } from 'commander';
import type { NodeClient } from '../client.ts';
import { NodeError } from '../compose/errors.ts';
import type { CurveView, MeterView, OfferRequest } from '../service.ts';
import { amount, collect, day, wholeBetween } from './arguments.ts';
import { currencyNamed } from './currency.ts';
import { listingTable } from './market.ts';
import { newestFullDay } from './newest-day.ts';
import { print, strangersText, table, writeError } from './output.ts';
import { type RemoteOptions, remoteNode, remoteOptions, sameNodeCommand } from './remote.ts';

interface SellOptions extends RemoteOptions {
  readonly meter?: string;
  readonly from?: string;
  readonly to?: string;
  readonly step: IntervalStep;
  readonly commodity: Commodity;
  readonly flow: Flow;
  readonly price?: bigint;
  readonly currency: string;
  readonly supply: number;
  readonly place: OfferRequest['accuracy'];
  readonly title: string;
  readonly allowPersonalText: boolean;
  readonly purpose?: readonly string[];
  readonly hours: number;
  readonly dryRun: boolean;
}

/** `edmp sell`: lists meters, shows what a listing would tell, or makes one. */
export function sellCommand(): Command {
  return remoteOptions(
    new Command('sell').description('put a meter’s days up for sale; without --price it lists your meters'),
  )
    .option('--price <minor>', 'price of one licence', amount)
    .option('--dry-run', 'only show what the listing would tell', false)
    .option('--meter <id>', 'meter to sell from (default: the first with a full day)')
    .option('--from <day>', 'first day (default: the newest full day)', day)
    .option('--to <day>', 'last day (default: the first day)', day)
    .addOption(
      new Option('--step <duration>', 'length of one value; shorter than a day tells much about the people')
        .choices(INTERVAL_STEPS)
        .default('P1D'),
    )
    .addOption(
      new Option('--commodity <kind>', 'what is metered').choices(COMMODITIES).default('electricity'),
    )
    .addOption(new Option('--flow <direction>', 'used or fed in').choices(FLOWS).default('import'))
    .option('--currency <id>', 'currency', 'DUM1')
    .option('--supply <n>', 'licences for sale; 1 = exclusive', wholeBetween(1, 1_000_000), 1)
    .addOption(
      new Option('--place <accuracy>', 'how well the listing tells the place')
        .choices(['street', 'town', 'region', 'hidden'])
        .default('region'),
    )
    .option('--title <text>', 'what buyers read', 'Household smart-meter data')
    .option(
      '--allow-personal-text',
      'list the title and purposes also where they seem to hold an address, a number or an e-mail address',
      false,
    )
    .option('--purpose <text>', 'use that you allow; repeat for more (default: research)', collect)
    .option('--hours <n>', 'how long it is for sale', wholeBetween(1, 24 * 366), 24)
    .action(async (options: SellOptions) => {
      const node = remoteNode(options);
      const meters = await node.meters();
      const { price } = options;
      if (price === undefined) {
        print(
          options.json,
          meters,
          () =>
            `${meterTable(meters)}\n\nTo sell the newest full day of the first: ${sameNodeCommand('sell --price 10', options)}`,
        );
        return;
      }
      const chosen = chosenMeter(meters, options.meter);
      if (chosen === undefined) {
        throw new NodeError(
          'ERR_NODE_NOT_FOUND',
          options.meter === undefined
            ? 'The meter source lists no meter'
            : `There is no meter ${JSON.stringify(options.meter)}; ${sameNodeCommand('sell', options)} lists yours`,
        );
      }
      const currency = (await currencyNamed(node, options.currency, options)).id;
      const { meter, from } = await whatToSell(node, meters, chosen, options);
      const request = requestOf(meter, from, { ...options, currency }, price);
      if (options.dryRun) {
        const told = await preview(node, meter, request);
        print(options.json, told.facts, () => told.text);
        return;
      }
      const listing = await node.offer(request);
      print(
        options.json,
        listing,
        () =>
          `${listingTable([listing])}\n\nFor sale until ${new Date(listing.expires).toISOString()}. To stop: ${sameNodeCommand(`cancel ${listing.order}`, options)}`,
      );
    });
}

/** The first meter, the one of an id, or the only device of a mounted meter of that name. */
function chosenMeter(meters: readonly MeterView[], wanted: string | undefined): MeterView | undefined {
  if (wanted === undefined) return meters[0];
  const mounted = meters.filter(({ mount }) => mount === wanted);
  return meters.find(({ id }) => id === wanted) ?? (mounted.length === 1 ? mounted[0] : undefined);
}

/** The meter and the first day: those that were named, else the first meter that has a full day, and its newest. */
async function whatToSell(
  node: NodeClient,
  meters: readonly MeterView[],
  chosen: MeterView,
  { step, commodity, flow, ...options }: SellOptions,
): Promise<{ readonly meter: MeterView; readonly from: string }> {
  if (options.from !== undefined) return { meter: chosen, from: options.from };
  const among = options.meter === undefined ? meters : [chosen];
  const { meter, day, passed } = await newestFullDay(node, among, { step, commodity, flow });
  for (const why of passed) writeError(`note: ${strangersText(why, 300)}\n`);
  if (passed.length > 0) writeError(`note: taking ${strangersText(meter.id)}; --meter names another\n`);
  return { meter, from: day };
}

function requestOf(meter: MeterView, from: string, options: SellOptions, price: bigint): OfferRequest {
  const { step, commodity, flow } = options;
  return {
    meter: meter.id,
    from,
    to: options.to ?? from,
    step,
    commodity,
    flow,
    title: options.title,
    price,
    currency: options.currency,
    supply: options.supply,
    accuracy: options.place,
    purposes: options.purpose ?? ['research'],
    lifetimeMs: options.hours * 3_600_000,
    ...(options.allowPersonalText ? { allowPersonalText: true } : {}),
  };
}

/** What a listing would tell everybody, and what its values would tell their buyer. */
async function preview(
  node: NodeClient,
  meter: MeterView,
  request: OfferRequest,
): Promise<{ readonly facts: object; readonly text: string }> {
  const { from, to, step, commodity, flow, title, purposes } = request;
  // What would be refused is refused here too.
  if (request.allowPersonalText !== true) checkPublicTexts({ title, purposes }, meter.id.split('/'));
  const query = { meter: meter.id, from, to, step, commodity, flow };
  const [curve, steps] = await Promise.all([node.curve(query), node.reveals(query)]);
  const found = steps.find((candidate) => candidate.step === step)?.found ?? [];
  const everybody = publicFacts(meter, request, curve);
  const text = [
    'Nothing was listed. With this listing everybody would see:',
    ...everybody.map(([name, value]) => `  ${name.padEnd(12)} ${value}`),
    '',
    ...gapText(curve),
    `Only a buyer would get the ${curve.values.length} values. From them anybody could tell:`,
    ...(found.length === 0
      ? ['  nothing that the node knows to look for']
      : found.map((item) => `  ${item.sensitivity.padEnd(7)} ${item.text}`)),
    '',
    'Once sold, a copy cannot be called back.',
  ].join('\n');
  return {
    facts: { listed: false, everybody: Object.fromEntries(everybody), reveals: found, request },
    text,
  };
}

/** What the missing values tell, where there are some. */
function gapText(curve: CurveView): readonly string[] {
  const gaps = curve.values.filter((value) => value === null).length;
  if (gaps === 0) return [];
  const told = toldGaps(curve.values.length, gaps);
  return [
    `${gaps} of the values are missing. Everybody reads "up to ${told}", in steps of 5 %; a buyer sees which ones, and so when`,
    'the meter or its connection was off.',
    '',
  ];
}

function publicFacts(
  meter: MeterView,
  request: OfferRequest,
  curve: CurveView,
): readonly (readonly [name: string, value: string])[] {
  const count = curve.values.length;
  const gaps = curve.values.filter((value) => value === null).length;
  const told = toldGaps(count, gaps);
  const place = meter.cells.find((candidate) => candidate.accuracy === request.accuracy);
  const cell = place?.cell ?? null;
  const wider = place?.widened === true ? ', wider than asked: few others sell there' : '';
  return [
    ['title', request.title],
    ['what', `${request.commodity} ${request.flow}`],
    ['days', request.from === request.to ? request.from : `${request.from} to ${request.to}`],
    ['values', `${count}, one every ${request.step}; ${gaps === 0 ? 'none' : `up to ${told}`} without data`],
    ['place', cell === null ? 'not told' : `geohash ${cell} (${request.accuracy}${wider})`],
    ['household', 'not told'],
    ['trust', curve.attestation],
    ['allowed for', request.purposes.join(', ')],
    ['price', `${request.price} ${request.currency} a licence, ${request.supply} for sale`],
  ];
}

function meterTable(meters: readonly MeterView[]): string {
  if (meters.length === 0) return 'The meter source lists no meter.';
  return table(
    ['METER', 'WHAT', 'LAST READING'],
    meters.map((meter) => [
      meter.id,
      meter.label,
      meter.lastUpdate === null ? '–' : new Date(meter.lastUpdate).toISOString(),
    ]),
  );
}
