import type { DataSettlement } from '@edmp/data-settlement';
import { type AssetId, bytesToHex, type Crypto, type Environment, publicKeyToHex } from '@edmp/interface';
import { type Listing, type Market, price } from '@edmp/market';
import { branch, type ConsentLedger } from '@edmp/oehu-client';
import { revealsByStep } from '@edmp/oehu-client/privacy';
import type { CID } from 'multiformats/cid';
import type { OfferRequest, OfferService } from '../../service.ts';
import { consentReceipt } from '../consents.ts';
import { NodeError } from '../errors.ts';
import { ACCURACY_METRES, curveView, type MeterDesk } from '../meter-desk.ts';
import { type CurrencyNames, listingView } from '../views.ts';

const LICENCE = 'EDMP-personal-1';

/** What {@link offers} works with. */
export interface OfferNeeds {
  /** Name of the node, as the controller of a receipt. */
  readonly name: string;
  readonly desk: MeterDesk;
  readonly market: Market;
  readonly settlement: DataSettlement;
  readonly consents: ConsentLedger;
  readonly crypto: Crypto;
  readonly environment: Environment;
  /** Secret behind listing pseudonyms. */
  readonly pseudonymKey: Uint8Array;
  readonly names: CurrencyNames;
  /** Throws `ERR_TRADE_WITNESSES` for a currency in which nobody could buy from this node. */
  readonly expectSellable: (currency: string) => Promise<void>;
}

/** Meters, what their curves are worth, and what is for sale. */
export function offers(needs: OfferNeeds): OfferService {
  const { name, desk, market, settlement, consents, crypto, environment, pseudonymKey, names } = needs;
  return {
    meters: () => desk.meters(),
    curve: async (query) => curveView(await desk.series(query)),
    reveals: async (query) =>
      revealsByStep(await desk.series(query)).map(({ step, found }) => ({ step, found })),

    async offer(request: OfferRequest, options) {
      const money = price(request.currency, request.price);
      await needs.expectSellable(request.currency);
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
        ownerKey: pseudonymKey,
        controller: { id: publicKeyToHex(market.self), name },
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
          pseudonymKey,
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
        return listingView(await ownListing(market, order.id), market.self, names);
      } catch (error) {
        if (asset !== undefined) await settlement.removeDataset(asset);
        await consents.erase(receipt.header.recordId);
        throw error;
      }
    },

    async listings(query, options) {
      const { maxPrice, ...rest } = query;
      const found = await market.listings({ sort: 'newest', ...rest }, options);
      const affordable =
        maxPrice === undefined
          ? found
          : found.filter((listing) => listing.price.amount <= maxPrice * listing.price.per);
      return affordable.map((listing) => listingView(listing, market.self, names));
    },
  };
}

async function ownListing(market: Market, order: CID): Promise<Listing> {
  const own = await market.listings({ seller: market.self, sort: 'newest', limit: 1_000 });
  const listing = own.find((candidate) => candidate.order.equals(order));
  if (listing === undefined)
    throw new NodeError('ERR_NODE_CONFLICT', 'The listing was made and has ended already');
  return listing;
}
