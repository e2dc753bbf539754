import { isEdmpError } from '@edmp/interface';
import type { Context } from 'hono';
import type { NodeService, OrderView, TradeView, WalletView } from '../../service.ts';
import { statusOf } from '../failure.ts';
import type { BodyLimits } from '../request-body.ts';
import { CompatRefusal, compatFields, compatOrder, compatTransfer } from './body.ts';
import type { CompatName } from './contract.ts';
import {
  balance,
  bookSide,
  matchmakerAddress,
  ownOrder,
  payment,
  placedOrder,
  transaction,
  walletEntry,
  walletMovement,
} from './views.ts';

/** Version of the interface, as AnyDex said it. */
const INTERFACE_VERSION = 0.1;

/** Answers one call. */
export type CompatHandler = (context: Context) => Promise<object>;

/** How each call of 2019 is answered from the node's service; the stream of events is apart. */
export function compatHandlers(
  service: NodeService,
  limits: BodyLimits,
): Readonly<Record<Exclude<CompatName, 'events'>, CompatHandler>> {
  const place = async (context: Context, side: 'ask' | 'bid'): Promise<object> => {
    const { asset, price, currency, licences, timeoutMs } = compatOrder(await compatFields(context, limits));
    if (side === 'bid' && licences !== 1) {
      throw new CompatRefusal(400, 'second_asset_amount must be 1: a bid is for one licence');
    }
    const placed =
      side === 'ask'
        ? service.ask({ asset, price, currency, supply: licences, lifetimeMs: timeoutMs })
        : service.buy({ asset, price, currency, lifetimeMs: timeoutMs });
    const [order, { key }] = await Promise.all([placed.catch(asBadRequest), service.info()]);
    return placedOrder(order, key);
  };
  return {
    asks: async () => ({ asks: bookSide(await service.book(), 'ask') }),
    bids: async () => ({ bids: bookSide(await service.book(), 'bid') }),
    placeAsk: (context) => place(context, 'ask'),
    placeBid: (context) => place(context, 'bid'),
    async orders() {
      const [orders, { key }] = await Promise.all([service.orders(), service.info()]);
      return { orders: orders.map((order) => ownOrder(order, key)) };
    },
    async cancelOrder(context) {
      const order = await numbered(service, context.req.param('number') ?? '');
      if (order.status !== 'open') {
        throw new CompatRefusal(400, 'only open and unverified orders can be cancelled');
      }
      await service.cancel(order.order);
      return { cancelled: true };
    },
    async transactions() {
      const [trades, orders, { key }] = await Promise.all([
        oldestFirst(service),
        service.orders(),
        service.info(),
      ]);
      const own = new Map(orders.map((order) => [order.order, order.number]));
      const transactions = await Promise.all(
        trades.map(async (trade, index) => {
          const partnerNumber = await sequenceOf(service, trade.partnerOrder);
          return transaction(trade, index + 1, key, own.get(trade.order) ?? null, partnerNumber);
        }),
      );
      return { transactions };
    },
    async payments(context) {
      const { key } = await service.info();
      const text = context.req.param('number') ?? '';
      const number = /^\d{1,15}$/.test(text) ? Number(text) : 0;
      const trade =
        context.req.param('trader') === key ? (await oldestFirst(service))[number - 1] : undefined;
      return { payments: await paymentsOf(service, trade, number) };
    },
    async paymentsById(context) {
      const trades = await oldestFirst(service);
      const index = trades.findIndex(({ id }) => id === context.req.param('id'));
      return { payments: await paymentsOf(service, trades[index], index + 1) };
    },
    async matchmakers() {
      const known = await service.matchmakers();
      return { matchmakers: known.map(matchmakerAddress).filter((address) => address !== undefined) };
    },
    state: async () => ({ version: INTERFACE_VERSION }),
    async wallets() {
      const wallets = await service.wallets();
      return { wallets: Object.fromEntries(wallets.map((wallet) => [wallet.id, walletEntry(wallet)])) };
    },
    async createWallet(context) {
      await named(service, context);
      throw new CompatRefusal(400, 'this wallet already exists');
    },
    balance: async (context) => ({ balance: balance(await named(service, context)) }),
    async walletTransactions(context) {
      const wallet = await named(service, context);
      const movements = await service.transactions(wallet.id);
      return { transactions: movements.map((movement) => walletMovement(movement, wallet.address)) };
    },
    async transfer(context) {
      const wallet = await named(service, context);
      const { to, amount } = compatTransfer(await compatFields(context, limits));
      const { id } = await service.transfer({ wallet: wallet.id, to, amount }).catch(asBadRequest);
      return { txid: id };
    },
  };
}

/** A trade's number is its place among this node's trades, from 1. */
async function oldestFirst(service: NodeService): Promise<readonly TradeView[]> {
  return [...(await service.trades())].sort((a, b) => a.started - b.started);
}

async function paymentsOf(
  service: NodeService,
  trade: TradeView | undefined,
  number: number,
): Promise<readonly object[]> {
  if (trade === undefined) throw new CompatRefusal(404, 'transaction not found');
  const [{ key }, wallets, movements] = await Promise.all([
    service.info(),
    service.wallets(),
    service.transactions(trade.currency),
  ]);
  const address = wallets.find(({ id }) => id === trade.currency)?.address ?? '';
  return movements
    .filter((movement) => movement.trade === trade.id)
    .map((movement) => payment(movement, { trader: key, address, number, transaction: trade.id }));
}

/** EDMP answers every refused order with 400. */
function asBadRequest(error: unknown): never {
  if (isEdmpError(error) && statusOf(error) < 500) {
    throw new CompatRefusal(400, error.message);
  }
  throw error;
}

async function numbered(service: NodeService, text: string): Promise<OrderView> {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : -1;
  const order = (await service.orders()).find((candidate) => candidate.number === number);
  if (order === undefined) throw new CompatRefusal(404, 'order not found');
  return order;
}

async function named(service: NodeService, context: Context): Promise<WalletView> {
  const id = (context.req.param('id') ?? '').toUpperCase();
  const wallet = (await service.wallets()).find((candidate) => candidate.id.toUpperCase() === id);
  if (wallet === undefined) throw new CompatRefusal(404, 'this wallet does not exist');
  return wallet;
}

async function sequenceOf(service: NodeService, order: string): Promise<number | null> {
  try {
    return (await service.block(order)).seq;
  } catch (error) {
    if (isEdmpError(error)) return null;
    throw error;
  }
}
