import { InvalidArgumentError as BadOption, Command } from 'commander';
import type { NodeClient } from '../client.ts';
import type { ListingQuery, ListingView, TradeView } from '../service.ts';
import { table, toJson } from './output.ts';
import { type RemoteOptions, remoteNode, remoteOptions } from './remote.ts';

const amount = (text: string): bigint => {
  if (!/^[1-9][0-9]{0,18}$/.test(text))
    throw new BadOption('Expected a whole number of minor units, at least 1.');
  return BigInt(text);
};
const day = (text: string): string => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) throw new BadOption('Expected a day as YYYY-MM-DD.');
  return text;
};

const print = (json: boolean, value: unknown, text: () => string): void => {
  process.stdout.write(`${json ? toJson(value, 2) : text()}\n`);
};

const listingRows = (listings: readonly ListingView[]): string =>
  listings.length === 0
    ? 'Nothing matches. Fewer conditions find more; a node sees what its peers told it.'
    : table(
        ['PRICE', 'WHAT', 'DAYS', 'STEP', 'CELL', 'TRUST', 'LEFT', 'ASSET'],
        listings.map(({ descriptor: d, ...listing }) => [
          `${listing.price} ${listing.currency}`,
          `${d.commodity} ${d.flow}${listing.own ? ' (yours)' : ''}`,
          d.from === d.to ? d.from : `${d.from} … ${d.to}`,
          d.step,
          d.cell ?? '–',
          d.attestation,
          listing.remaining >= Number.MAX_SAFE_INTEGER / 2 ? 'unlimited' : String(listing.remaining),
          listing.asset,
        ]),
      );

const tradeText = (trade: TradeView): string =>
  [
    `Trade ${trade.id}`,
    `You are the ${trade.role}; ${trade.price} ${trade.currency}; ${trade.state}${trade.failed === null ? '' : `: ${trade.failed}`}`,
    ...trade.steps.map((step) =>
      `  ${step.name.padEnd(18)} ${step.at === null ? '' : new Date(step.at).toISOString()}  ${step.signedBy ?? ''}  ${step.block ?? ''}`.trimEnd(),
    ),
    `Most you can lose now: ${trade.atRisk} ${trade.currency}`,
  ].join('\n');

/** `edmp market`, `sell`, `buy`, `trades`, `data` and `wallet`: a running node from the command line. */
export function marketCommands(): Command[] {
  const market = remoteOptions(new Command('market').description('search what is for sale'))
    .argument('[words...]', 'words of the title')
    .option('--commodity <kind>', 'electricity, gas, water or heat')
    .option('--from <day>', 'first day wanted', day)
    .option('--to <day>', 'last day wanted', day)
    .option('--cell <geohash>', 'place, as the start of a geohash')
    .option('--max-price <minor>', 'most that a licence may cost', amount)
    .action(async (words: string[], options: RemoteOptions & ListingQuery) => {
      const { commodity, from, to, cell, maxPrice } = options;
      const listings = await remoteNode(options).listings({
        ...(words.length === 0 ? {} : { text: words.join(' ') }),
        ...(commodity === undefined ? {} : { commodity }),
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
        ...(cell === undefined ? {} : { cell }),
        ...(maxPrice === undefined ? {} : { maxPrice }),
      });
      print(options.json, listings, () => listingRows(listings));
    });

  const sell = remoteOptions(
    new Command('sell').description('put a meter’s days up for sale; without --price it lists your meters'),
  )
    .option('--meter <id>', 'meter to sell from (default: the first)')
    .option('--from <day>', 'first day', day)
    .option('--to <day>', 'last day (default: the first day)', day)
    .option('--step <duration>', 'PT1M, PT5M, PT15M, PT30M, PT1H or P1D', 'PT15M')
    .option('--commodity <kind>', 'electricity or gas', 'electricity')
    .option('--flow <direction>', 'import or export', 'import')
    .option('--price <minor>', 'price of one licence', amount)
    .option('--currency <id>', 'currency', 'DUM1')
    .option('--supply <n>', 'licences for sale; 1 = exclusive', '1')
    .option('--place <accuracy>', 'street, town, region or hidden', 'town')
    .option('--title <text>', 'what buyers read', 'Household smart-meter data')
    .action(
      async (options: RemoteOptions & Record<string, string | undefined> & { readonly price?: bigint }) => {
        const node = remoteNode(options);
        const meters = await node.meters();
        if (options.price === undefined || options.from === undefined) {
          print(options.json, meters, () =>
            table(
              ['METER', 'WHAT', 'LAST READING'],
              meters.map((meter) => [
                meter.id,
                meter.label,
                meter.lastUpdate === null ? '–' : new Date(meter.lastUpdate).toISOString(),
              ]),
            ),
          );
          return;
        }
        const listing = await node.offer({
          meter: options.meter ?? meters[0]?.id ?? '',
          from: options.from,
          to: options.to ?? options.from,
          step: options.step as 'PT15M',
          commodity: options.commodity as 'electricity',
          flow: options.flow as 'import',
          title: options.title ?? '',
          price: options.price,
          currency: options.currency ?? 'DUM1',
          supply: Number(options.supply),
          accuracy: options.place as 'town',
          purposes: ['research'],
          lifetimeMs: 86_400_000,
        });
        print(options.json, listing, () => listingRows([listing]));
      },
    );

  const buy = remoteOptions(new Command('buy').description('bid for a listed asset and wait for the deal'))
    .argument('<asset>', 'EW… id from `edmp market`')
    .option('--price <minor>', 'most to pay (default: the listing’s price)', amount)
    .option('--currency <id>', 'currency of --price', 'DUM1')
    .option('--no-wait', 'only place the bid')
    .action(
      async (
        asset: string,
        options: RemoteOptions & {
          readonly price?: bigint;
          readonly currency: string;
          readonly wait: boolean;
        },
      ) => {
        const node = remoteNode(options);
        const order = await node.buy({
          asset,
          ...(options.price === undefined ? {} : { price: options.price, currency: options.currency }),
        });
        if (!options.wait) {
          print(
            options.json,
            order,
            () => `Bid ${order.order}: ${order.price} ${order.currency}, ${order.status}`,
          );
          return;
        }
        const trade = await waitForTrade(node, order.order);
        print(options.json, trade ?? order, () =>
          trade === undefined
            ? 'No seller has answered yet; the bid stays open. See edmp trades.'
            : tradeText(trade),
        );
        if (trade?.failed !== null && trade !== undefined) process.exitCode = 1;
      },
    );

  const trades = remoteOptions(new Command('trades').description('your deals, step by step')).action(
    async (options: RemoteOptions) => {
      const all = await remoteNode(options).trades();
      print(options.json, all, () => (all.length === 0 ? 'No deals yet.' : all.map(tradeText).join('\n\n')));
    },
  );

  const data = remoteOptions(new Command('data').description('print bought data'))
    .argument('<trade>', 'id from `edmp trades`')
    .option('--format <kind>', 'csv or json', 'csv')
    .action(async (id: string, options: RemoteOptions & { readonly format: string }) => {
      if (options.format !== 'csv' && options.format !== 'json') throw new BadOption('Expected csv or json.');
      process.stdout.write(await remoteNode(options).download(id, options.format));
    });

  const wallet = remoteOptions(new Command('wallet').description('balances, or one wallet’s movements'))
    .argument('[id]', 'e.g. DUM1')
    .action(async (id: string | undefined, options: RemoteOptions) => {
      const node = remoteNode(options);
      if (id === undefined) {
        const wallets = await node.wallets();
        print(options.json, wallets, () =>
          table(
            ['WALLET', 'AVAILABLE', 'HELD', 'PENDING', 'ADDRESS'],
            wallets.map((view) => [
              view.id,
              String(view.available),
              String(view.held),
              String(view.pending),
              view.address,
            ]),
          ),
        );
        return;
      }
      const movements = await node.transactions(id);
      print(options.json, movements, () =>
        table(
          ['TIME', 'AMOUNT', 'STATUS', 'WHAT'],
          movements.map((row) => [
            new Date(row.time).toISOString(),
            `${row.direction === 'in' ? '+' : '−'}${row.amount}`,
            row.status,
            row.description,
          ]),
        ),
      );
    });

  return [market, sell, buy, trades, data, wallet];
}

async function waitForTrade(node: NodeClient, order: string): Promise<TradeView | undefined> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const trade = (await node.trades()).find((candidate) => candidate.order === order);
    if (trade?.final === true) return trade;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return (await node.trades()).find((candidate) => candidate.order === order);
}
