import {
  type BlockStore,
  type Crypto,
  type Network,
  type Signer,
  type Trustchain,
  type TrustchainEvent,
  type TypeRule,
  type VirtualEnvironment,
  virtualEnvironment,
} from '@edmp/interface';
import { createTrustchain, memoryBlockStore, type TrustchainLimits } from '@edmp/trustchain';
import { pruning } from '@edmp/trustchain/pruning';
import { constantLatency, type SimulatedNetworks, simulatedNetworks } from '@edmp/trustchain/simulated';
import { crypto, signerOf } from './blocks.ts';

/** One node of a simulated town. */
export interface Inhabitant {
  readonly signer: Signer;
  readonly network: Network;
  readonly store: BlockStore;
  readonly chain: Trustchain;
  readonly events: TrustchainEvent[];
}

/** Options of {@link town}. */
export interface TownOptions {
  readonly size: number;
  readonly rules?: Readonly<Record<string, TypeRule>>;
  readonly limits?: TrustchainLimits;
  readonly confirmations?: number;
  /** Link everybody with everybody. Default true. */
  readonly linked?: boolean;
  readonly store?: (index: number) => BlockStore;
  readonly crypto?: Crypto;
  /** Told of every signature made. */
  readonly onSign?: () => void;
}

/** Nodes on one virtual clock, in a network of 5 ms latency. */
export interface Town {
  readonly environment: VirtualEnvironment;
  readonly networks: SimulatedNetworks;
  readonly nodes: readonly Inhabitant[];
  /** Counts of requests by protocol. */
  readonly requests: Map<string, number>;
  at(index: number): Inhabitant;
  /** Runs a promise on the virtual clock. */
  run<T>(promise: Promise<T>): Promise<T>;
  /** Lets `ms` pass. */
  pass(ms?: number): Promise<void>;
  stop(): Promise<void>;
}

/** How the nodes of every town of a test file see their stores; tests themselves see them as they are. */
export const townStores: { seenBy?: (store: BlockStore, environment: VirtualEnvironment) => BlockStore } = {};

/** Builds a {@link Town}. */
export async function town(options: TownOptions): Promise<Town> {
  const environment = virtualEnvironment();
  const requests = new Map<string, number>();
  const networks = simulatedNetworks({
    environment,
    latency: constantLatency(5),
    onEvent(event) {
      if (event.type === 'request' && event.name !== undefined) {
        requests.set(event.name, (requests.get(event.name) ?? 0) + 1);
      }
    },
  });
  const nodes: Inhabitant[] = [];
  for (let index = 0; index < options.size; index++) {
    const key = signerOf(index + 1);
    const signer: Signer = {
      publicKey: key.publicKey,
      sign(message) {
        options.onSign?.();
        return key.sign(message);
      },
    };
    const network = networks.create({ self: signer.publicKey });
    const store = options.store?.(index) ?? memoryBlockStore();
    await environment.run(network.start());
    const opening = createTrustchain({
      signer,
      crypto: options.crypto ?? crypto,
      store: townStores.seenBy?.(store, environment) ?? store,
      network,
      environment,
      pruning: pruning(),
      ...(options.rules === undefined ? {} : { rules: options.rules }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      ...(options.confirmations === undefined ? {} : { confirmations: options.confirmations }),
    });
    const opened = await (townStores.seenBy === undefined ? opening : environment.run(opening));
    // Tests ask these two without a thought of the clock.
    const chain: Trustchain =
      townStores.seenBy === undefined
        ? opened
        : {
            ...opened,
            pair: (id) => environment.run(opened.pair(id)),
            isFraudulent: (author) => environment.run(opened.isFraudulent(author)),
          };
    const events: TrustchainEvent[] = [];
    chain.on((event) => events.push(event));
    nodes.push({ signer, network, store, chain, events });
  }
  if (options.linked !== false) {
    for (const [index, one] of nodes.entries()) {
      for (const other of nodes.slice(index + 1)) networks.link(one.signer.publicKey, other.signer.publicKey);
    }
  }
  await environment.advance(100);
  return {
    environment,
    networks,
    nodes,
    requests,
    at(index) {
      const node = nodes[index];
      if (node === undefined) throw new Error(`no node ${index}`);
      return node;
    },
    run: (promise) => environment.run(promise),
    pass: (ms = 1_000) => environment.advance(ms),
    async stop() {
      for (const { chain, network } of nodes) {
        await environment.run(chain.stop());
        await environment.run(network.stop());
      }
    },
  };
}
