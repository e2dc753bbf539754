import { type Environment, isEdmpError } from '@edmp/interface';
import type { Context, Hono } from 'hono';
import type { NodeService, OrderView, WalletView } from '../../service.ts';
import { errorBodyOf, statusOf } from '../failure.ts';
import type { Gate } from '../security.ts';
import { CompatRefusal, compatFields, compatOrder } from './body.ts';
import {
  balance,
  bookSide,
  matchmakerAddress,
  ownOrder,
  placedOrder,
  transaction,
  walletEntry,
  walletMovement,
} from './views.ts';

/** What the compatible routes need. */
export interface CompatOptions {
  readonly service: NodeService;
  readonly gate: Gate;
  readonly environment: Environment;
  /** Lets programs on this machine in without the token. */
  readonly open: boolean;
  readonly maxBodyBytes: number;
  readonly within: <T>(what: string, act: () => Promise<T>) => Promise<T>;
  readonly onFailure: (error: unknown) => void;
}

/**
 * Adds the REST calls of EDMP (2019) with their documented keys and status codes: form or JSON bodies in, JSON out,
 * errors as `{ "error": text }`. Money is `first`, licences are `second`; unlike in 2019 the seller is paid (DESIGN §4.1).
 * Not here: a trade's list of payments and wallet transfers, which this market has no counterpart for.
 */
export function addCompat(app: Hono, options: CompatOptions): void {
  const { service } = options;

  const serve = (
    method: 'GET' | 'PUT' | 'POST',
    path: string,
    act: (context: Context) => Promise<object>,
  ): void => {
    app.on(method, path, async (context) => {
      if (!options.open || !isLocal(context)) options.gate.require(context);
      try {
        return Response.json(await options.within(`${method} ${path}`, () => act(context)));
      } catch (error) {
        return refusal(error, options.onFailure);
      }
    });
  };

  const place = async (context: Context, side: 'ask' | 'bid'): Promise<object> => {
    const { asset, price, currency, licences, timeoutMs } = compatOrder(
      await compatFields(context, options.maxBodyBytes),
    );
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

  serve('GET', '/market/asks', async () => ({ asks: bookSide(await service.book(), 'ask') }));
  serve('GET', '/market/bids', async () => ({ bids: bookSide(await service.book(), 'bid') }));
  serve('PUT', '/market/asks', (context) => place(context, 'ask'));
  serve('PUT', '/market/bids', (context) => place(context, 'bid'));
  serve('GET', '/market/orders', async () => {
    const [orders, { key }] = await Promise.all([service.orders(), service.info()]);
    return { orders: orders.map((order) => ownOrder(order, key)) };
  });
  serve('POST', '/market/orders/:number/cancel', async (context) => {
    const order = await numbered(service, context.req.param('number') ?? '');
    if (order.status !== 'open') {
      throw new CompatRefusal(400, 'only open and unverified orders can be cancelled');
    }
    await service.cancel(order.order);
    return { cancelled: true };
  });
  serve('GET', '/market/transactions', async () => {
    const [trades, orders, { key }] = await Promise.all([service.trades(), service.orders(), service.info()]);
    const own = new Map(orders.map((order) => [order.order, order.number]));
    const oldest = [...trades].sort((a, b) => a.started - b.started);
    const transactions = await Promise.all(
      oldest.map(async (trade, index) => {
        const partnerNumber = await sequenceOf(service, trade.partnerOrder);
        return transaction(trade, index + 1, key, own.get(trade.order) ?? null, partnerNumber);
      }),
    );
    return { transactions };
  });
  serve('GET', '/market/matchmakers', async () => {
    const known = await service.matchmakers();
    return { matchmakers: known.map(matchmakerAddress).filter((address) => address !== undefined) };
  });
  serve('GET', '/wallets', async () => ({
    wallets: Object.fromEntries((await service.wallets()).map((wallet) => [wallet.id, walletEntry(wallet)])),
  }));
  serve('PUT', '/wallets/:id', async (context) => {
    await named(service, context);
    throw new CompatRefusal(400, 'this wallet already exists');
  });
  serve('GET', '/wallets/:id/balance', async (context) => ({
    balance: balance(await named(service, context)),
  }));
  serve('GET', '/wallets/:id/transactions', async (context) => {
    const wallet = await named(service, context);
    const movements = await service.transactions(wallet.id);
    return { transactions: movements.map((movement) => walletMovement(movement, wallet.address)) };
  });
}

function refusal(error: unknown, onFailure: (error: unknown) => void): Response {
  if (error instanceof CompatRefusal) {
    return Response.json({ error: error.message }, { status: error.status });
  }
  const status = statusOf(error);
  const { code, message } = errorBodyOf(error).error;
  if (status < 500) return Response.json({ error: message }, { status });
  if (status === 500) onFailure(error);
  return Response.json({ error: { handled: status !== 500, code, message } }, { status });
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

function isLocal(context: Context): boolean {
  const env = context.env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined;
  const address = env?.incoming?.socket?.remoteAddress;
  // Without a socket the app is called in process.
  return address === undefined || /^(?:127\.|::1$|::ffff:127\.)/.test(address);
}
