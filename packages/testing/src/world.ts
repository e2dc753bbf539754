/**
 * A world to run plug-ins in: one clock that moves only when told to, one seed for all that is random, and simulated
 * networks between any number of peers. Needs neither vitest nor fast-check, and runs in browsers.
 *
 * @packageDocumentation
 */
import {
  type Crypto,
  InvalidArgumentError,
  type Network,
  type PublicKey,
  type SeededRandom,
  type Signer,
  seededRandom,
  softwareSigner,
  type VirtualEnvironment,
  virtualEnvironment,
} from '@edmp/interface';
import { type Latency, type SimulatedNetworks, simulatedNetworks } from '@edmp/trustchain/simulated';

/** Peers that one world holds at most: each keeps links and queues in memory. */
export const MAX_WORLD_PEERS = 10_000;

/** Options of {@link createWorld}. */
export interface WorldOptions {
  /** Makes the keys of peers. On a virtual clock one that answers on the thread, such as `nodeCrypto({ threads: false })`. */
  readonly crypto: Crypto;
  /** Equal seeds and equal calls give equal runs. Default 1. */
  readonly seed?: number;
  /** First value of the clock, ms since the epoch. Default 2026-01-01T00:00:00Z. */
  readonly start?: number;
  /** Time of one hop. Default: that of `simulatedNetworks`. */
  readonly latency?: Latency;
}

/** Somebody in a world: a key that signs, and a network that runs under it. */
export interface WorldPeer {
  readonly self: PublicKey;
  readonly signer: Signer;
  /** Started, and linked with every peer that was there before. */
  readonly network: Network;
}

/** One clock, one seed, and the peers on them. */
export interface World {
  readonly environment: VirtualEnvironment;
  readonly random: SeededRandom;
  /** Cuts, partitions, crashes, loss and tampering. */
  readonly networks: SimulatedNetworks;
  /**
   * Adds a peer and links it with those that run.
   * Throws `ERR_INVALID_ARGUMENT` beyond {@link MAX_WORLD_PEERS}.
   */
  peer(): Promise<WorldPeer>;
  /** Stops every network; the clock stays. Idempotent. */
  stop(): Promise<void>;
}

/** A world without peers. See {@link World}. Its own mistakes are `ERR_INVALID_ARGUMENT`. */
export function createWorld(options: WorldOptions): World {
  const { crypto, seed = 1, start, latency } = options;
  const random = seededRandom(seed);
  const keys = random.fork('keys');
  const environment = virtualEnvironment({ seed, ...(start === undefined ? {} : { start }) });
  const networks = simulatedNetworks({ environment, seed, ...(latency === undefined ? {} : { latency }) });
  const peers: WorldPeer[] = [];
  return {
    environment,
    random,
    networks,
    async peer() {
      if (peers.length >= MAX_WORLD_PEERS) {
        throw new InvalidArgumentError(`A world holds at most ${MAX_WORLD_PEERS} peers`);
      }
      const signer = softwareSigner({ crypto, secretKey: keys.bytes(32) });
      const network = networks.create({ self: signer.publicKey });
      const peer = { self: signer.publicKey, signer, network };
      await network.start();
      for (const other of peers) {
        if (other.network.addresses().length > 0) networks.link(other.self, peer.self);
      }
      peers.push(peer);
      return peer;
    },
    async stop() {
      for (const { network } of peers) await network.stop();
    },
  };
}
