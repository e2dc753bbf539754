import { Command } from 'commander';
import type { NodeClient } from '../client.ts';
import { NodeError } from '../compose/errors.ts';
import type { OrderView, TradeView } from '../service.ts';
import { amount, assetId, wholeBetween } from './arguments.ts';
import { currencyNamed } from './currency.ts';
import { ExitCode, print, strangersText } from './output.ts';
import { type RemoteOptions, remoteNode, remoteOptions, sameNodeCommand } from './remote.ts';
import { tradeText } from './trades.ts';

interface BuyOptions extends RemoteOptions {
  readonly price?: bigint;
  readonly currency: string;
  readonly again: boolean;
  readonly keepTrying: boolean;
  readonly wait: boolean;
  readonly timeout: number;
  readonly spotCheck?: number;
}

const POLL_MS = 100;

/** `edmp buy`: bids and follows the deal to its end. */
export function buyCommand(): Command {
  return remoteOptions(new Command('buy').description('bid for a listed asset and wait for the deal'))
    .argument('<asset>', 'EW… id from `edmp market`', assetId)
    .option('--price <minor>', 'most to pay (default: the listing’s price)', amount)
    .option('--currency <id>', 'currency of --price', 'DUM1')
    .option('--again', 'buy although you have a licence of this data', false)
    .option('--keep-trying', 'go on with other sellers after a deal failed', false)
    .option(
      '--spot-check <n>',
      'look at so many randomly drawn parts of the data before any money is held (a seller shows a quarter at most to all buyers together, half of it to those who paid it before)',
      wholeBetween(1, 32),
    )
    .option('--no-wait', 'only place the bid')
    .option('--timeout <s>', 'longest wait for the deal, seconds', wholeBetween(1, 86_400), 30)
    .action(async (asset: string, options: BuyOptions) => {
      const node = remoteNode(options);
      const listings = await node.listings({ asset });
      if (listings.length > 0 && listings.every((listing) => listing.own)) {
        throw new NodeError(
          'ERR_NODE_CONFLICT',
          'This node itself sells that asset; a node does not buy from itself',
        );
      }
      const order = await node.buy({
        asset,
        ...(options.price === undefined
          ? {}
          : { price: options.price, currency: (await currencyNamed(node, options.currency, options)).id }),
        again: options.again,
        keepTrying: options.keepTrying,
        ...(options.spotCheck === undefined ? {} : { spotCheck: options.spotCheck }),
      });
      if (!options.wait) {
        print(
          options.json,
          order,
          () => `Bid ${order.order}: ${order.price} ${order.currencyLabel}, ${order.status}`,
        );
        return;
      }
      const trade = await waitForTrade(node, order.order, options.timeout);
      const bid = (await node.orders()).find((known) => known.order === order.order) ?? order;
      print(options.json, trade ?? bid, () =>
        trade === undefined
          ? `No deal within ${options.timeout} s. The bid of ${order.price} ${order.currencyLabel} ${bid.status === 'open' ? `stays open; to withdraw it: ${sameNodeCommand(`cancel ${order.order}`, options)}` : `is ${bid.status}`}${asideText(bid)}`
          : `${tradeText(trade)}\n\n${outcome(trade, options)}${trade.state === 'completed' ? '' : asideText(bid)}`,
      );
      if (trade?.state !== 'completed') process.exitCode = ExitCode.failed;
    });
}

/** Why the asks that would suit a bid are left alone. */
export function asideText({ aside }: OrderView): string {
  return aside
    .map(({ ask, code, reason, again }) => {
      const when = again === null ? '' : `, tried again at ${new Date(again).toISOString()}`;
      return `\nPut aside: ask …${ask.slice(-16)}${when}: ${strangersText(reason, 500)} (${code})`;
    })
    .join('');
}

function outcome(trade: TradeView, options: RemoteOptions): string {
  if (trade.failed !== null) return 'The deal did not happen.';
  return trade.final
    ? `Yours. To see the data: ${sameNodeCommand(`data ${trade.id}`, options)}`
    : `The deal is not over yet; see ${sameNodeCommand('trades', options)}.`;
}

async function waitForTrade(
  node: NodeClient,
  order: string,
  seconds: number,
): Promise<TradeView | undefined> {
  const find = async (): Promise<TradeView | undefined> =>
    (await node.trades()).filter((candidate) => candidate.order === order).at(-1);
  for (let waited = 0; waited < seconds * 1000; waited += POLL_MS) {
    const trade = await find();
    if (trade?.final === true) return trade;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return find();
}
