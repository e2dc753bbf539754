import type { DataSettlement } from '@edmp/data-settlement';
import {
  type AssetId,
  bytesToHex,
  type Crypto,
  EdmpError,
  type Environment,
  type HalfBlock,
  isEdmpError,
  isPublicKeyHex,
  type KeyValueStore,
  type Network,
  publicKeyFromHex,
  publicKeyToHex,
  type Trustchain,
  utf8ToBytes,
  type ValidationLevel,
  type Wallet,
} from '@edmp/interface';
import { DUM1, DUM2, type Listing, type Market, price } from '@edmp/market';
import { currencyName } from '@edmp/market/ledger';
import { branch, type ConsentLedger } from '@edmp/oehu-client';
import { consentRecords } from '@edmp/oehu-client/consent';
import { revealsByStep, seriesOf } from '@edmp/oehu-client/privacy';
import { buyInspected } from '@edmp/trader';
import { exportDeal, proofsOfTrade } from '@edmp/trader/deal';
import { CID } from 'multiformats/cid';
import type { MeterMounts } from '../meters/meter-mounts.ts';
import type { Networking } from '../network-service.ts';
import type { BuyRequest, ConsentView, NodeEvent, NodeService, OfferRequest, TradeView } from '../service.ts';
import { consentReceipt, consentView } from './consents.ts';
import { eraseTrade } from './erase-trade.ts';
import { NodeError } from './errors.ts';
import type { Ipfs } from './ipfs.ts';
import { ACCURACY_METRES, curveView, type MeterDesk } from './meter-desk.ts';
import type { Publications } from './published.ts';
import { trustViews } from './trust.ts';
import {
  blockView,
  bookOrderView,
  type CurrencyNames,
  currencyView,
  listingView,
  orderView,
  tradeEvidenceView,
  tradeView,
} from './views.ts';

/** What a service is built from. */
export interface ServiceParts {
  readonly name: string;
  readonly version: string;
  readonly environment: Environment;
  readonly network: Network;
  readonly trustchain: Trustchain;
  readonly settlement: DataSettlement;
  readonly market: Market;
  readonly desk: MeterDesk;
  /** What `--meters` names. */
  readonly meterSource: string | null;
  readonly mounts: MeterMounts;
  readonly crypto: Crypto;
  readonly consents: ConsentLedger;
  /** Where erasures are written down before they begin. */
  readonly journal: KeyValueStore;
  /** Secret behind listing pseudonyms. */
  readonly pseudonymKey: Uint8Array;
  readonly publications: Publications;
  readonly ipfs: Pick<Ipfs, 'link'>;
  readonly networking: Networking;
  /** Level of a stored block from its neighbours. */
  readonly levelOf: (block: HalfBlock) => Promise<ValidationLevel>;
}

const DEFAULT_LIFETIME_MS = 3_600_000;
const LICENCE = 'EDMP-personal-1';

function parseId(text: string, what: string): CID {
  try {
    return CID.parse(text);
  } catch (cause) {
    throw new NodeError('ERR_NODE_NOT_FOUND', `There is no ${what} ${JSON.stringify(text.slice(0, 80))}`, {
      cause,
    });
  }
}

/** Turns "the market does not know it" into the node's own not-found, so that HTTP answers 404. */
async function known<T>(what: string, id: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (isEdmpError(error, 'ERR_MARKET_UNKNOWN')) {
      throw new NodeError('ERR_NODE_NOT_FOUND', `There is no ${what} ${JSON.stringify(id.slice(0, 80))}`, {
        cause: error,
      });
    }
    throw error;
  }
}

/** A {@link NodeService} over the composed parts of a node. */
export function createService(parts: ServiceParts): NodeService {
  const { market, trustchain, settlement, network, environment, desk, mounts, consents, crypto, journal } =
    parts;

  const names: CurrencyNames = (id) => {
    const currency = market.currencies().find((candidate) => candidate.id === id);
    return currency === undefined ? `…${id.slice(-16)}` : currencyName(currency);
  };

  const listingOf = async (asset: AssetId): Promise<Listing> => {
    const [cheapest] = await market.listings({ asset, limit: 1 });
    if (cheapest === undefined) {
      throw new NodeError(
        'ERR_NODE_NOT_FOUND',
        `Nobody this node knows sells ${asset}; search the market again`,
      );
    }
    return cheapest;
  };

  const consentViews = async (): Promise<ConsentView[]> => {
    const assets = new Map(
      (await settlement.datasets()).map(({ asset, document }) => [
        document.descriptor.consent === null ? '' : bytesToHex(document.descriptor.consent),
        asset,
      ]),
    );
    return (await consents.consents()).map((state) =>
      consentView(state, assets.get(bytesToHex(state.digest)) ?? null),
    );
  };

  const walletOf = (id: string): Wallet => {
    const wallet = market.wallets().find((candidate) => candidate.id === id);
    if (wallet !== undefined) return wallet;
    throw new NodeError('ERR_NODE_NOT_FOUND', `There is no wallet ${JSON.stringify(id.slice(0, 80))}`);
  };

  const ownListing = async (order: CID): Promise<Listing> => {
    const own = await market.listings({ seller: market.self, sort: 'newest', limit: 1_000 });
    const listing = own.find((candidate) => candidate.order.equals(order));
    if (listing === undefined)
      throw new NodeError('ERR_NODE_CONFLICT', 'The listing was made and has ended already');
    return listing;
  };

  return {
    async info() {
      return {
        name: parts.name,
        version: parts.version,
        key: publicKeyToHex(network.self),
        addresses: network.addresses(),
        peers: network.peers().map(publicKeyToHex),
        matchmaker: market.matchmaker,
        witnessKeys: market.notaryKeys.map(publicKeyToHex),
        meterSource: parts.meterSource ?? ((await mounts.mounts()).length > 0 ? 'mounted meters' : null),
        now: environment.now(),
      };
    },
    meters: () => desk.meters(),
    mounts: (options) => mounts.mounts(options),
    discoverMeters: (options) => mounts.discoverMeters(options),
    addMeter: (request, options) => mounts.addMeter(request, options),
    removeMeter: (name, options) => mounts.removeMeter(name, options),
    importReadings: (name, file, how, options) => mounts.importReadings(name, file, how, options),
    previewReadings: (file, how, options) => mounts.previewReadings(file, how, options),
    exportReadings: (query, options) => mounts.exportReadings(query, options),
    onLive: (listener) => mounts.onLive(listener),
    curve: async (query) => curveView(await desk.series(query)),
    reveals: async (query) =>
      revealsByStep(await desk.series(query)).map(({ step, found }) => ({ step, found })),

    async offer(request: OfferRequest, options) {
      const money = price(request.currency, request.price);
      const [device, series, othersIn] = await Promise.all([
        desk.device(request.meter),
        desk.series(request),
        desk.neighbours(),
      ]);
      if (series.values.every((value) => value === null)) {
        throw new NodeError(
          'ERR_NODE_CONFLICT',
          `The meter has no data from ${request.from} to ${request.to}; choose other days`,
        );
      }
      const receipt = consentReceipt({
        offer: request,
        licence: LICENCE,
        zone: series.zone,
        ownerKey: parts.pseudonymKey,
        controller: { id: publicKeyToHex(network.self), name: parts.name },
        crypto,
        environment,
      });
      const consent = await consents.grant(receipt);
      let asset: AssetId | undefined;
      try {
        const { descriptor, consumption } = branch(series, {
          accuracy: Math.max(ACCURACY_METRES[request.accuracy], device.location?.accuracyMetres ?? 0),
          location: device.location,
          othersIn,
          household: request.shareHousehold === true ? device.household : null,
          device: device.id,
          pseudonymKey: parts.pseudonymKey,
          listing: bytesToHex(environment.randomBytes(16)),
          licence: LICENCE,
          purposes: request.purposes,
          title: request.title,
          allowPersonalText: request.allowPersonalText === true,
          consent,
        });
        await consents.checkListing(descriptor);
        const dataset = await settlement.addDataset({ descriptor, consumption });
        asset = dataset.asset;
        const order = await market.sell(
          {
            document: dataset.document,
            price: money,
            supply: request.supply,
            lifetimeMs: request.lifetimeMs,
          },
          options,
        );
        return listingView(await ownListing(order.id), market.self, names);
      } catch (error) {
        if (asset !== undefined) await settlement.removeDataset(asset);
        await consents.erase(receipt.header.recordId);
        throw error;
      }
    },

    async ask(request, options) {
      const dataset = (await settlement.datasets()).find((candidate) => candidate.asset === request.asset);
      if (dataset === undefined) {
        throw new EdmpError(
          'ERR_SETTLEMENT_UNKNOWN_DATASET',
          `This node holds no dataset ${request.asset}; offer a meter's days first`,
        );
      }
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

    trust: (key, options) => trustViews(market, names, key, options),

    async listings(query, options) {
      const { maxPrice, ...rest } = query;
      const found = await market.listings({ ...rest, sort: 'newest' }, options);
      const affordable =
        maxPrice === undefined
          ? found
          : found.filter((listing) => listing.price.amount <= maxPrice * listing.price.per);
      return affordable.map((listing) => listingView(listing, market.self, names));
    },

    async buy(request: BuyRequest, options) {
      const listing =
        request.price === undefined || request.currency === undefined
          ? await listingOf(request.asset)
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
    trades: async () => market.trades().map((trade) => tradeView(trade, names)),
    trade: (id) => known<TradeView>('trade', id, () => tradeView(market.trade(id), names)),
    tradeEvidence: (id) =>
      known('trade', id, async () =>
        tradeEvidenceView(await market.askOutcome(id), market.trade(id).witnesses),
      ),

    currencies: async () =>
      market
        .currencies()
        .map((currency) => currencyView(currency, market.self, market.isChosenCurrency(currency.id))),
    async issueCurrency({ label, precision = 2, notaries }, options) {
      const currency = await market.issueCurrency(
        {
          label,
          precision,
          ...(notaries === undefined ? {} : { notaries: notaries.map(publicKeyFromHex) }),
        },
        options,
      );
      return currencyView(currency, market.self, true);
    },
    addCurrency: async (block, options) =>
      currencyView(await market.addCurrency(block, options), market.self, true),
    async transfer({ wallet, to, amount, memo }, options) {
      walletOf(wallet);
      const payment = { currency: wallet, to: publicKeyFromHex(to), amount };
      const id = await market.transfer(memo === undefined ? payment : { ...payment, memo }, options);
      return { id: id.toString() };
    },
    async claim(wallet, options) {
      walletOf(wallet);
      return { id: (await market.claim(wallet, options))?.toString() ?? null };
    },

    deal: (id, choice, options) =>
      known('trade', id, async () => ({
        trade: id,
        bytes: await exportDeal({ market, crypto }, id, {
          ...options,
          withProof: choice?.withProof ?? false,
        }),
      })),
    tradeProofs: (id, options) =>
      known('trade', id, () => proofsOfTrade({ market, store: trustchain.store, crypto }, id, options)),
    eraseTrade: (id, options) =>
      known('trade', id, () =>
        eraseTrade({ market, settlement, journal, publications: parts.publications }, id, options),
      ),

    delivery: (id, options) =>
      known('trade', id, async () => {
        const trade = market.trade(id);
        const { document, consumption } = await market.delivery(id, options);
        return {
          trade: trade.id,
          asset: trade.asset,
          descriptor: document.descriptor,
          consumption,
          curve: curveView(seriesOf(document.descriptor, consumption)),
        };
      }),

    async wallets() {
      return Promise.all(
        market.wallets().map(async (wallet) => ({
          id: wallet.id,
          name: wallet.name,
          address: wallet.address(),
          precision: wallet.precision,
          minUnit: wallet.minUnit,
          symbol: wallet.id === 'EW' ? 'EW' : names(wallet.id),
          test: wallet.id === DUM1.id || wallet.id === DUM2.id,
          ...(await wallet.balance()),
        })),
      );
    },

    async transactions(id) {
      const wallet = walletOf(id);
      const trades = new Set(market.trades().map((trade) => trade.id));
      return (await wallet.transactions()).map((movement) => ({
        ...movement,
        counterparty: movement.counterparty === null ? null : publicKeyToHex(movement.counterparty),
        trade: trades.has(movement.id) ? movement.id : null,
      }));
    },

    async blocks({ author, after = 0, limit }) {
      if (author !== undefined && !isPublicKeyHex(author)) {
        throw new NodeError(
          'ERR_NODE_CONFIG',
          'An author is a public key of 64 lower-case hexadecimal characters',
        );
      }
      const blocks =
        author === undefined
          ? (await trustchain.store.since(after, limit)).map((arrived) => arrived.block)
          : await trustchain.store.range(publicKeyFromHex(author), after + 1, Number.MAX_SAFE_INTEGER, limit);
      return Promise.all(blocks.map(async (block) => blockView(block, await parts.levelOf(block))));
    },

    async block(id) {
      const block = await trustchain.store.get(parseId(id, 'block'));
      if (block === undefined)
        throw new NodeError('ERR_NODE_NOT_FOUND', `There is no block ${JSON.stringify(id.slice(0, 80))}`);
      return blockView(block, await parts.levelOf(block));
    },

    matchmakers: async () => market.matchmakers().map((key) => ({ key: publicKeyToHex(key), address: null })),

    async consents() {
      return (await consentViews()).sort((a, b) => b.given - a.given);
    },

    consentRecords: async () => consentRecords(await consents.consents(), environment.now()),

    consentLog: async () =>
      (await consents.log()).map(({ recordId, ...entry }) => ({ ...entry, consent: recordId })).reverse(),

    async withdrawConsent(id) {
      let unsigned: unknown;
      try {
        await consents.withdraw(id);
      } catch (error) {
        if (isEdmpError(error, 'ERR_CONSENT_MISSING'))
          throw new NodeError(
            'ERR_NODE_NOT_FOUND',
            `There is no consent ${JSON.stringify(id.slice(0, 80))}`,
            {
              cause: error,
            },
          );
        // It may hold and only not be signed: then its listings end all the same.
        unsigned = error;
      }
      const view = (await consentViews()).find((candidate) => candidate.id === id);
      if (view === undefined) throw new NodeError('ERR_NODE_NOT_FOUND', 'The consent is gone');
      if (view.withdrawn === null) throw unsigned;
      const open = market
        .orders()
        .filter((order) => order.side === 'ask' && order.status === 'open' && order.asset === view.asset);
      for (const order of open) await market.cancel(order.id);
      if (unsigned !== undefined) throw unsigned;
      return view;
    },

    ...parts.networking,
    published: () => parts.publications.list(),
    publish: (options) => parts.publications.publish(options),
    withdrawPublished: (options) => parts.publications.withdraw(options),
    contentLink: (id) => known('trade', id, () => parts.ipfs.link(id)),
    on(listener) {
      const emit = (type: NodeEvent['type'], id: string, text: string): void =>
        listener({ type, at: environment.now(), id, text });
      const ends = [
        market.on((event) => {
          if (event.type === 'order') {
            emit(
              'order',
              event.order.id.toString(),
              `Your ${event.order.side} of ${event.order.asset.slice(0, 14)}… is ${event.order.status}`,
            );
          } else if (event.type === 'listing') {
            emit(
              'listing',
              event.listing.order.toString(),
              `Listing ${event.change}: ${event.listing.document.descriptor.title}`,
            );
          } else if (event.type === 'trade') {
            const reason = event.trade.failure === undefined ? '' : `: ${event.trade.failure.reason}`;
            emit('trade', event.trade.id, `Trade is ${event.trade.state}${reason}`);
          } else if (event.type === 'wallet') {
            emit('wallet', event.currency, `The balance in ${names(event.currency)} changed`);
          }
        }),
        mounts.on((event) => emit('meter', event.meter, event.text)),
        network.onPeer((event) => emit('peer', publicKeyToHex(event.peer), `Peer ${event.type}`)),
        trustchain.on((event) => {
          if (event.type === 'fraud') emit('fraud', publicKeyToHex(event.author), 'Fraud proven');
        }),
      ];
      return () => {
        for (const end of ends) end();
      };
    },
  };
}

/** The secret from which listing pseudonyms are derived; one per identity. */
export function pseudonymKeyOf(crypto: Crypto, secretKey: Uint8Array): Uint8Array {
  return crypto.hmacSha256(secretKey, utf8ToBytes('edmp/pseudonym-key/v1'));
}
