import type { DataSettlement } from '@edmp/data-settlement';
import { type AssetId, EdmpError, publicKeyToHex, type Trustchain } from '@edmp/interface';
import { type Listing, type Market, price } from '@edmp/market';
import type { ConsentLedger } from '@edmp/oehu-client';
import { buyInspected } from '@edmp/trader';
import type { Networking } from '../../network-service.ts';
import type { BuyRequest, OrderService } from '../../service.ts';
import { NodeError } from '../errors.ts';
import { bookOrderView, type CurrencyNames, orderView } from '../views.ts';
import { known, parseId } from './known.ts';

const DEFAULT_LIFETIME_MS = 3_600_000;

/** What {@link orders} works with. */
export interface OrderNeeds {
  readonly market: Market;
  readonly settlement: DataSettlement;
  readonly trustchain: Trustchain;
  readonly consents: ConsentLedger;
  /** Tells where connected matchmakers are. */
  readonly networking: Pick<Networking, 'peers'>;
  readonly names: CurrencyNames;
  /** Throws `ERR_TRADE_WITNESSES` for a currency in which nobody could buy from this node. */
  readonly expectSellable: (currency: string) => Promise<void>;
}

/** Asks and bids. */
export function orders({
  market,
  settlement,
  trustchain,
  consents,
  networking,
  names,
  expectSellable,
}: OrderNeeds): OrderService {
  return {
    async ask(request, options) {
      const dataset = (await settlement.datasets()).find((candidate) => candidate.asset === request.asset);
      if (dataset === undefined) {
        throw new EdmpError(
          'ERR_SETTLEMENT_UNKNOWN_DATASET',
          `This node holds no dataset ${request.asset}; offer a meter's days first`,
        );
      }
      await expectSellable(request.currency);
      await consents.checkListing(dataset.document.descriptor);
      return orderView(
        await market.sell(
          {
            document: dataset.document,
            price: price(request.currency, request.price),
            supply: request.supply,
            lifetimeMs: request.lifetimeMs,
          },
          options,
        ),
        names,
      );
    },

    async buy(request: BuyRequest, options) {
      const listing =
        request.price === undefined || request.currency === undefined
          ? await cheapestOf(market, request.asset)
          : undefined;
      const currency = request.currency ?? listing?.price.currency ?? '';
      const wanted =
        request.price === undefined ? (listing?.price ?? price(currency, 1)) : price(currency, request.price);
      const bid = {
        asset: request.asset,
        price: wanted,
        lifetimeMs: request.lifetimeMs ?? DEFAULT_LIFETIME_MS,
        again: request.again ?? false,
        keepTrying: request.keepTrying ?? false,
      };
      const order =
        request.spotCheck === undefined
          ? await market.buy(bid, options)
          : await buyInspected({ market, settlement, trustchain }, bid, request.spotCheck, options);
      return orderView(order, names);
    },

    cancel: (order, options) => known('order', order, () => market.cancel(parseId(order, 'order'), options)),
    orders: async () => market.orders().map((order) => orderView(order, names)),
    book: async () => market.openOrders().map((order) => bookOrderView(order, names)),

    async matchmakers() {
      const peers = await networking.peers();
      return market.matchmakers().map((key) => {
        const ways = peers.find((peer) => peer.key === publicKeyToHex(key))?.ways ?? [];
        // The other end of a connection that it opened is no address at which it listens.
        const dialled = ways.find(({ direction, relay }) => direction === 'outbound' && relay === null);
        return { key: publicKeyToHex(key), address: dialled?.address ?? null };
      });
    },
  };
}

async function cheapestOf(market: Market, asset: AssetId): Promise<Listing> {
  const [cheapest] = await market.listings({ asset, limit: 1 });
  if (cheapest === undefined) {
    throw new NodeError(
      'ERR_NODE_NOT_FOUND',
      `Nobody this node knows sells ${asset}; search the market again`,
    );
  }
  return cheapest;
}
