import {
  type BlockStore,
  type Environment,
  type KeyValueStore,
  memoryKeyValueStore,
  type Network,
  type PublicKey,
  type Signer,
  softwareSigner,
  type VirtualEnvironment,
  virtualEnvironment,
} from '@edmp/interface';
import {
  createMarket,
  type Market,
  type MarketEvent,
  type MarketOptions,
  marketRules,
  type Trade,
} from '@edmp/market';
import { notary } from '@edmp/market/notary';
import { createTrustchain, memoryBlockStore } from '@edmp/trustchain';
import { type PrunableTrustchain, pruning } from '@edmp/trustchain/pruning';
import { constantLatency, type SimulatedNetworks, simulatedNetworks } from '@edmp/trustchain/simulated';
import { crypto } from './documents.ts';
import { fakeSettlement, type Shelf } from './fake-settlement.ts';

export interface Node {
  readonly name: string;
  readonly key: PublicKey;
  readonly signer: Signer;
  readonly store: BlockStore;
  readonly records: KeyValueStore;
  readonly settlement: ReturnType<typeof fakeSettlement>;
  readonly options: Partial<MarketOptions>;
  /** Statements and keys of a node that serves as notary; made with the node, kept over restarts. */
  readonly statements: KeyValueStore | undefined;
  network: Network;
  trustchain: PrunableTrustchain;
  market: Market;
  readonly events: MarketEvent[];
}

export interface World {
  readonly environment: VirtualEnvironment;
  readonly networks: SimulatedNetworks;
  readonly shelf: Shelf;
  /** A node; `notary` makes it serve as notary and witness. */
  node(name: string, options?: Partial<MarketOptions>, notary?: boolean): Promise<Node>;
  /** A seller, a buyer and a matchmaker that is the witness of both, all connected. */
  trio(
    options?: Partial<MarketOptions>,
  ): Promise<{ readonly seller: Node; readonly buyer: Node; readonly maker: Node }>;
  /** Stops a node without warning and starts it again over the same stores. */
  restart(node: Node): Promise<void>;
  crash(node: Node): Promise<void>;
  /** Connects all pairs and lets them greet each other. */
  link(...nodes: readonly Node[]): Promise<void>;
  /** Moves the clock until `promise` settles, and gives what came of it; fails after `limitMs`. */
  run<T>(promise: Promise<T>, limitMs?: number, stepMs?: number): Promise<T>;
  /** Moves the clock until `condition` holds; fails after `limitMs`. */
  until(condition: () => boolean, limitMs?: number, stepMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/** `defaults` go into every node's options, below its own. */
export async function createWorld(
  seed = 1,
  latencyMs = 2,
  defaults: Partial<MarketOptions> = {},
): Promise<World> {
  const environment = virtualEnvironment({ seed });
  const networks = simulatedNetworks({ environment, seed, latency: constantLatency(latencyMs) });
  const shelf: Shelf = new Map();
  const nodes: Node[] = [];

  const open = async (node: Omit<Node, 'network' | 'trustchain' | 'market'>) => {
    const network = networks.create({ self: node.key });
    await network.start();
    const trustchain = await createTrustchain({
      signer: node.signer,
      crypto,
      store: node.store,
      network,
      environment: environment as Environment,
      rules: marketRules(crypto),
      pruning: pruning(),
    });
    const market = await createMarket({
      trustchain,
      network,
      settlement: node.settlement,
      environment,
      crypto,
      signer: node.signer,
      records: node.records,
      ...(node.statements === undefined ? {} : { notary: notary({ store: node.statements }) }),
      ...defaults,
      ...node.options,
    });
    market.on((event) => node.events.push(event));
    return { network, trustchain, market };
  };

  const world: World = {
    environment,
    networks,
    shelf,
    async node(name, options = {}, notary = false) {
      const secretKey = crypto.sha256(new TextEncoder().encode(`${seed} ${name}`));
      const signer = softwareSigner({ crypto, secretKey });
      const base = {
        name,
        key: signer.publicKey,
        signer,
        store: memoryBlockStore(),
        records: memoryKeyValueStore(),
        settlement: fakeSettlement({ environment, shelf }),
        options,
        statements: notary ? memoryKeyValueStore() : undefined,
        events: [],
      };
      const node: Node = { ...base, ...(await open(base)) };
      nodes.push(node);
      return node;
    },
    async trio(options = {}) {
      const maker = await world.node('matchmaker', { ...options }, true);
      const trader = { matchmaker: false, witnesses: { keys: maker.market.notaryKeys }, ...options };
      const seller = await world.node('seller', trader);
      const buyer = await world.node('buyer', trader);
      await world.link(seller, buyer, maker);
      return { seller, buyer, maker };
    },
    async crash(node) {
      networks.crash(node.key);
      await node.market.stop();
      await node.trustchain.stop();
    },
    async restart(node) {
      await world.crash(node);
      Object.assign(node, await open(node));
      for (const other of nodes) {
        if (other !== node && other.network.peers !== undefined) {
          try {
            networks.link(node.key, other.key);
          } catch {
            // Cut off or stopped: the test wants it so.
          }
        }
      }
    },
    async link(...linked) {
      for (const [i, a] of linked.entries()) for (const b of linked.slice(i + 1)) networks.link(a.key, b.key);
      await environment.advance(100);
      await environment.advance(100);
    },
    async run(promise, limitMs = 120_000, stepMs = 10) {
      let settled = false;
      const done = (): void => {
        settled = true;
      };
      promise.then(done, done);
      await world.until(() => settled, limitMs, stepMs);
      return promise;
    },
    async until(condition, limitMs = 60_000, stepMs = 10) {
      const limit = environment.now() + limitMs;
      await environment.settle();
      while (!condition()) {
        if (environment.now() >= limit)
          throw new Error(
            `The condition did not hold within ${limitMs} ms (seed ${seed})\n${describeNodes(nodes)}`,
          );
        await environment.advance(stepMs);
      }
    },
    async stop() {
      for (const node of nodes) {
        await node.market.stop();
        await node.trustchain.stop();
        await node.network.stop();
      }
    },
  };
  return world;
}

export const DAY = 86_400_000;

/** The only trade of a node, or the one in `state`. */
export function tradeOf(node: Node, state?: Trade['state']): Trade {
  const found = node.market.trades().find((trade) => state === undefined || trade.state === state);
  if (found === undefined) {
    throw new Error(
      `${node.name} has no ${state ?? ''} trade: ${JSON.stringify(node.market.trades().map((trade) => [trade.state, trade.failure]))}`,
    );
  }
  return found;
}

/** What the nodes' trades and complaints look like, for failure messages. */
export function describeNodes(nodes: readonly Node[]): string {
  return nodes
    .map((node) => {
      const trades = node.market
        .trades()
        .map(
          (trade) =>
            `${trade.role} ${trade.state} ${trade.failure?.code ?? ''} ${trade.failure?.reason ?? ''}`,
        );
      const orders = node.market
        .orders()
        .map(
          (order) => `${order.side} ${order.status} ${order.filled}/${order.quantity} (${order.reserved})`,
        );
      const evidence = node.market.evidence().map((entry) => `${entry.code} ${entry.reason}`);
      return `${node.name}: trades [${trades.slice(0, 5).join('; ')}] orders [${orders.slice(0, 5).join('; ')}] evidence [${evidence.slice(0, 5).join('; ')}]`;
    })
    .join('\n');
}
