import { createSettlement, memoryContentStore } from '@edmp/data-settlement';
import {
  bytesToHex,
  type Environment,
  publicKeyFromHex,
  publicKeyToHex,
  type Settlement,
  softwareSigner,
  systemEnvironment,
} from '@edmp/interface';
import { webCrypto } from '@edmp/interface/crypto/web';
import { createMarket, type Market, marketRules, type Trade } from '@edmp/market';
import { createTrustchain } from '@edmp/trustchain';
import { indexedDbBlockStore, indexedDbKeyValueStore } from '@edmp/trustchain/indexeddb';
import { libp2pNetwork } from '@edmp/trustchain/libp2p';
import { verifyChain } from '@edmp/trustchain/tools';
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { webSockets } from '@libp2p/websockets';

/** Whom the page is told about. */
export interface PageOptions {
  /** Address of the relay's WebSocket listener. */
  readonly relay: string;
  /** Statement key of the witness, hex. */
  readonly witness: string;
}

/** What the page tells the test of a purchase. */
export interface PageTrade {
  readonly id: string;
  readonly state: string;
  readonly failed: string | null;
}

/** A chain as the page judges it from its own store. */
export interface PageChain {
  readonly sound: boolean;
  readonly blocks: number;
  readonly gaps: number;
}

/** What the page offers to the test that drives it. */
export interface PageTrader {
  readonly key: string;
  /** Addresses that the page tells others: through its relay only. */
  addresses(): readonly string[];
  /** Ways of its connections. */
  ways(): readonly string[];
  /** Waits for a listing, and bids for it; its data are awaited only after {@link PageTrader.release}. */
  take(asset: string): Promise<void>;
  /** Waits until a delivery is due, which is in the middle of the trade. */
  delivering(): Promise<string>;
  /** Lets the delivery be fetched. */
  release(): void;
  /** Waits for the end of the trade. */
  ended(): Promise<PageTrade>;
  /** Opens what was bought and shows it as rows of a table. */
  show(trade: string): Promise<void>;
  balance(): Promise<number>;
  chains(authors: readonly string[]): Promise<readonly PageChain[]>;
  stop(): Promise<void>;
}

declare global {
  var openTrader: (options: PageOptions) => Promise<PageTrader>;
}

const environment: Environment = systemEnvironment();
const crypto = webCrypto();

/** The page's own key: made once, and kept with its records. */
async function identity(records: ReturnType<typeof indexedDbKeyValueStore>): Promise<Uint8Array> {
  const kept = await records.get('page/identity');
  if (kept !== undefined) return kept;
  const fresh = environment.randomBytes(32);
  await records.set('page/identity', fresh);
  return fresh;
}

/** A settlement whose buyer fetches nothing before it is told to. */
function held(settlement: Settlement): {
  readonly settlement: Settlement;
  readonly due: Promise<string>;
  release(): void;
} {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let tell = (_trade: string): void => undefined;
  const due = new Promise<string>((resolve) => {
    tell = resolve;
  });
  return {
    settlement: {
      ...settlement,
      async receive(trade, ...rest) {
        tell(bytesToHex(trade.tradeId));
        await released;
        await settlement.receive(trade, ...rest);
      },
    },
    due,
    release: () => release(),
  };
}

/** Resolves with the first answer that is not undefined, asked at every event of the market. */
function when<T>(market: Market, ask: () => Promise<T | undefined>): Promise<T> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      ask().then((answer) => {
        if (answer === undefined) return;
        leave();
        resolve(answer);
      }, reject);
    };
    const leave = market.on(look);
    look();
  });
}

const viewOf = ({ id, state, failure }: Trade): PageTrade => ({
  id,
  state,
  failed: failure?.reason ?? null,
});

globalThis.openTrader = async ({ relay, witness }) => {
  const records = indexedDbKeyValueStore({ name: 'records' });
  const store = indexedDbBlockStore({ name: 'blocks' });
  const secretKey = await identity(records);
  const signer = softwareSigner({ crypto, secretKey });
  const network = libp2pNetwork({
    environment,
    crypto,
    secretKey,
    listen: [],
    relays: [relay],
    transports: [webSockets(), circuitRelayTransport()],
  });
  await network.start();
  const rules = marketRules(crypto);
  const trustchain = await createTrustchain({ signer, crypto, store, network, environment, rules });
  const content = memoryContentStore({ crypto, environment });
  const whole = createSettlement({ crypto, environment, content, secrets: records, network });
  const { settlement, due, release } = held(whole);
  const market = await createMarket({
    trustchain,
    network,
    settlement,
    environment,
    crypto,
    signer,
    records,
    matchmaker: false,
    witnesses: { keys: [publicKeyFromHex(witness)] },
  });
  return {
    key: publicKeyToHex(signer.publicKey),
    addresses: () => network.addresses(),
    ways: () => network.connections().map(({ address }) => address),
    async take(asset) {
      const listing = await when(market, async () =>
        (await market.listings({ limit: 100 })).find((found) => found.asset === asset),
      );
      await market.buy({ asset: listing.asset, price: listing.price, lifetimeMs: 600_000 });
    },
    delivering: () => due,
    release,
    ended: () =>
      when(market, async () => {
        const trade = market.trades().find(({ finished }) => finished);
        return trade === undefined ? undefined : viewOf(trade);
      }),
    async show(id) {
      const trade = market.trades().find((each) => each.id === id);
      if (trade === undefined) throw new Error('no such trade');
      const { consumption } = await market.delivery(trade.id);
      const rows = consumption.values.map((value) => {
        const row = document.createElement('tr');
        row.appendChild(document.createElement('td')).textContent = value === null ? '' : String(value);
        return row;
      });
      const table = document.createElement('table');
      table.append(...rows);
      document.body.replaceChildren(table);
    },
    async balance() {
      const { available } = await market.balance(market.self, 'DUM1');
      return Number(available);
    },
    chains: (authors) =>
      Promise.all(
        authors.map(async (author) => {
          const report = await verifyChain(store, publicKeyFromHex(author), {
            crypto,
            now: environment.now(),
            rules: new Map(Object.entries(rules)),
          });
          return { sound: report.sound, blocks: report.blocks, gaps: report.gaps.length };
        }),
      ),
    async stop() {
      await market.stop();
      await whole.stop();
      await trustchain.stop();
      await network.stop();
      await store.close();
      await records.close();
    },
  };
};
