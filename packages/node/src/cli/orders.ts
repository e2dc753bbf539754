import { Command } from 'commander';
import { print, table } from './output.ts';
import { type RemoteOptions, remoteNode, remoteOptions } from './remote.ts';

/** `edmp orders`: this node's own asks and bids. */
export function ordersCommand(): Command {
  return remoteOptions(new Command('orders').description('your asks and bids')).action(
    async (options: RemoteOptions) => {
      const orders = await remoteNode(options).orders();
      print(options.json, orders, () =>
        orders.length === 0
          ? 'No orders yet.'
          : table(
              ['SIDE', 'PRICE', 'FILLED', 'STATUS', 'EXPIRES', 'ORDER', 'ASSET'],
              orders.map((order) => [
                order.side,
                `${order.price} ${order.currencyLabel}`,
                `${order.filled}/${order.quantity >= Number.MAX_SAFE_INTEGER / 2 ? '∞' : order.quantity}`,
                order.status,
                new Date(order.expires).toISOString(),
                order.order,
                order.asset,
              ]),
            ),
      );
    },
  );
}

/** `edmp cancel`: takes one of your orders off the market. */
export function cancelCommand(): Command {
  return remoteOptions(new Command('cancel').description('take an ask or bid of your own off the market'))
    .argument('<order>', 'id from `edmp orders`')
    .action(async (order: string, options: RemoteOptions) => {
      await remoteNode(options).cancel(order);
      print(options.json, { cancelled: order }, () => `Cancelled ${order}.`);
    });
}
