import {
  type HalfBlock,
  isEdmpError,
  type Network,
  type PublicKeyHex,
  type VirtualEnvironment,
  virtualEnvironment,
} from '@edmp/interface';
import { decodeHalfBlock, verifySignature } from '@edmp/trustchain/block';
import { constantLatency, type SimulatedNetworks, simulatedNetworks } from '@edmp/trustchain/simulated';
import type { SignedOrder } from '../../src/blocks/order.ts';
import { type OrderExchange, orderExchange } from '../../src/matching/exchange.ts';
import type { ExchangeEvent } from '../../src/matching/exchange-events.ts';
import type { OrderLimits } from '../../src/order/limits.ts';
import { crypto, type TestTrader, trader } from './orders.ts';

/** A node that has nothing but an exchange. */
export interface ExchangeNode extends TestTrader {
  readonly exchange: OrderExchange;
  readonly network: Network;
  readonly events: ExchangeEvent[];
  /** Blocks whose signatures were verified. */
  verified(): number;
  /** Signs, adds and publishes an ask or bid. */
  place(order: SignedOrder): Promise<SignedOrder>;
  /** Keys of all open orders. */
  open(): readonly string[];
  stop(): Promise<void>;
}

export interface ExchangeWorld {
  readonly environment: VirtualEnvironment;
  readonly networks: SimulatedNetworks;
  node(
    name: string,
    options?: {
      matchmaker?: boolean;
      limits?: Partial<OrderLimits>;
      funded?: (owner: PublicKeyHex) => boolean;
    },
  ): Promise<ExchangeNode>;
  link(...nodes: readonly ExchangeNode[]): Promise<void>;
  stop(): Promise<void>;
}

/** Verifies blocks as a chain would, without keeping them. */
export function receiver(count: (blocks: number) => void) {
  return async (blocks: readonly Uint8Array[]): Promise<readonly (HalfBlock | undefined)[]> =>
    blocks.map((bytes) => {
      try {
        const block = decodeHalfBlock(bytes, crypto);
        count(1);
        return verifySignature(block, crypto) ? block : undefined;
      } catch (error) {
        if (!isEdmpError(error)) throw error;
        return undefined;
      }
    });
}

export async function exchangeWorld(seed = 1): Promise<ExchangeWorld> {
  const environment = virtualEnvironment({ seed });
  const networks = simulatedNetworks({ environment, seed, latency: constantLatency(5) });
  const nodes: ExchangeNode[] = [];
  return {
    environment,
    networks,
    async node(name, options = {}) {
      const who = trader(`${seed} ${name}`);
      const network = networks.create({ self: who.key });
      await network.start();
      const stopped = new AbortController();
      let verified = 0;
      const exchange = orderExchange({
        network,
        environment,
        crypto,
        self: who.key,
        receive: receiver((blocks) => {
          verified += blocks;
        }),
        matchmaker: options.matchmaker ?? false,
        ...(options.limits === undefined ? {} : { limits: options.limits }),
        ...(options.funded === undefined ? {} : { funded: options.funded }),
        onListenerError: () => undefined,
        signal: stopped.signal,
      });
      const events: ExchangeEvent[] = [];
      exchange.on((event) => events.push(event));
      const node: ExchangeNode = {
        ...who,
        exchange,
        network,
        events,
        verified: () => verified,
        async place(order) {
          exchange.addOwn(order);
          await exchange.publish(order.block);
          return order;
        },
        open: () => [...exchange.openOrders()].map((order) => order.key).sort(),
        async stop() {
          stopped.abort();
          exchange.stop();
          await network.stop();
        },
      };
      nodes.push(node);
      return node;
    },
    async link(...linked) {
      for (const [i, a] of linked.entries()) {
        for (const b of linked.slice(i + 1)) networks.link(a.key, b.key);
      }
      await environment.advance(500);
    },
    async stop() {
      for (const node of nodes) await node.stop();
    },
  };
}
