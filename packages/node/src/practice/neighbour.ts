import {
  bytesToHex,
  type Crypto,
  type Environment,
  equalBytes,
  type KeyValueStore,
  type PublicKey,
} from '@edmp/interface';
import { DUM1, DUM2, type Listing, price } from '@edmp/market';
import { notary } from '@edmp/market/notary';
import type { WitnessSettings } from '@edmp/market/trade';
import { branch } from '@edmp/oehu-client';
import { createTrader, type Trader, type TraderOptions } from '@edmp/trader';
import { inventedDay } from './invented-day.ts';

/** What its own offer costs, minor units of test money. */
const PRICE = 5n;
/** How long that offer stands, ms. */
const OFFER_MS = 7 * 86_400_000;
/** How long its bids wait, ms: the offer is there already. */
const BID_MS = 600_000;
/** It looks at an offer for so long before it buys, ms: the owner sees the offer stand first. */
const THINKING_MS = 1_500;
/** Licences of its day. */
const SUPPLY = 100;

/** Options of {@link startNeighbour}. */
export interface NeighbourOptions {
  readonly environment: Environment;
  readonly crypto: Crypto;
  /** Network of a party that listens on this computer alone. */
  readonly network: TraderOptions['network'];
  /** Whose offers it buys, in test money alone. */
  readonly owner: PublicKey;
  /** Whom it trusts with the outcome of a trade: its witness, or nobody where the owner trades so. */
  readonly witnesses: WitnessSettings;
  /** What the witness said before and must go on saying. */
  readonly statements: KeyValueStore;
}

/** The practice neighbour and its witness, running. */
export interface Neighbour extends AsyncDisposable {
  readonly key: PublicKey;
  /** Key of the node that the witness is. */
  readonly witness: PublicKey;
  /** Where both are reached on this computer. */
  readonly addresses: readonly string[];
  /** Puts its invented day up for sale: when it is connected. Throws what the market throws. */
  offer(): Promise<void>;
  /** Whether a deal with it has not ended. */
  isBusy(): boolean;
  /** Takes its offer off the market and ends both. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts a second party and a witness beside a node, each with a fresh key and everything in memory. It offers an
 * invented day and buys what its owner offers in test money. Throws what its parts throw.
 */
export async function startNeighbour(options: NeighbourOptions): Promise<Neighbour> {
  const { environment, crypto, network, owner, statements } = options;
  const common = { environment, crypto, network };
  const witness = await createTrader({ ...common, matchmaker: false, notary: notary({ store: statements }) });
  let trader: Trader | undefined;
  try {
    trader = await createTrader({ ...common, matchmaker: true, witnesses: options.witnesses });
    const end = buyFrom(trader, owner, environment);
    await trader.network.connect(witness.network.addresses()[0] ?? '');
    return running({ trader, witness, end, environment });
  } catch (error) {
    await trader?.stop();
    await witness.stop();
    throw error;
  }
}

/** Puts the invented day up for sale. Throws what the market throws. */
async function offerInventedDay(
  trader: Pick<Trader, 'market' | 'settlement'>,
  environment: Environment,
): Promise<void> {
  const { document } = await trader.settlement.addDataset(
    branch(inventedDay(environment.now()), {
      accuracy: 100_000,
      location: null,
      household: null,
      pseudonymKey: environment.randomBytes(32),
      listing: bytesToHex(environment.randomBytes(16)),
      licence: 'EDMP-personal-1',
      purposes: ['research'],
      title: 'Practice: an invented day',
      consent: null,
    }),
  );
  await trader.market.sell({
    document,
    price: price(DUM1.id, PRICE),
    supply: SUPPLY,
    lifetimeMs: OFFER_MS,
  });
}

/** Buys each offer of the owner's in test money once. Returns what ends it. */
function buyFrom(trader: Trader, owner: PublicKey, environment: Environment): () => void {
  const { market } = trader;
  const seen = new Set<string>();
  const cancels = new Set<() => void>();
  const consider = (listing: Listing): void => {
    const isTest = listing.price.currency === DUM1.id || listing.price.currency === DUM2.id;
    const order = listing.order.toString();
    if (!isTest || !equalBytes(listing.seller, owner) || seen.has(order)) return;
    seen.add(order);
    const cancel = environment.schedule(THINKING_MS, () => {
      cancels.delete(cancel);
      // What it cannot pay, or what is gone by now, it leaves.
      market.buy({ asset: listing.asset, price: listing.price, lifetimeMs: BID_MS }).catch(() => undefined);
    });
    cancels.add(cancel);
  };
  const forget = market.on((event) => {
    if (event.type === 'listing' && event.change === 'added') consider(event.listing);
  });
  return () => {
    forget();
    for (const cancel of cancels) cancel();
  };
}

function running(parts: {
  readonly trader: Trader;
  readonly witness: Trader;
  readonly end: () => void;
  readonly environment: Environment;
}): Neighbour {
  const { trader, witness, end, environment } = parts;
  const { market } = trader;
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      end();
      for (const order of market.orders())
        if (order.status === 'open') await market.cancel(order.id).catch(() => undefined);
      await trader.stop();
      await witness.stop();
    })();
    return stopping;
  };
  return {
    key: trader.key,
    witness: witness.key,
    addresses: [trader, witness].flatMap(({ network }) => network.addresses().slice(0, 1)),
    offer: () => offerInventedDay(trader, environment),
    isBusy: () => market.trades().some((trade) => !trade.finished),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
