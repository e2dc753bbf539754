import {
  type AbortOptions,
  type BlockStore,
  type Crypto,
  type Environment,
  equalBytes,
  type HalfBlock,
  type Network,
  type PublicKey,
  type ReceiveResult,
  withDeadline,
} from '@edmp/interface';
import type { FraudRegister } from '../chain/fraud-register.ts';
import type { TrustchainLimits } from '../chain/options.ts';
import { fetchBefore } from './fetch-before.ts';
import {
  FRAUD_TOPIC,
  HEADS_TOPIC,
  MAX_FRAME_BYTES,
  MAX_OFFER_BYTES,
  OFFER_PROTOCOL,
  PUSH_PROTOCOL,
  SYNC_PROTOCOL,
} from './messages.ts';
import { offerHandler } from './offer.ts';
import { type Outbox, outbox } from './outbox.ts';
import { pushBlocks, pushHandler } from './push.ts';
import { quota } from './quota.ts';
import { syncHandler } from './serve-sync.ts';
import { fetchRanges, type SyncContext } from './sync.ts';
import { chainSync } from './sync-chain.ts';
import { MAX_SYNC_REQUEST_BYTES } from './sync-messages.ts';
import { fraudHandler, headsHandler } from './topics.ts';

/** What {@link chainNode} works with. */
export interface ChainNodeContext {
  readonly self: PublicKey;
  readonly network: Network;
  readonly store: BlockStore;
  readonly crypto: Crypto;
  readonly environment: Environment;
  readonly limits: Required<TrustchainLimits>;
  readonly frauds: FraudRegister;
  readonly receive: (block: HalfBlock) => Promise<ReceiveResult>;
  /** First position of an author that is wanted: above what was pruned here. */
  readonly floor: (author: PublicKey) => number;
  /** A peer connected that may know own blocks. */
  readonly askOwn: (peer: PublicKey) => void;
}

/** The networked side of a chain: serves, announces, delivers, fetches. */
export interface ChainNode {
  start(): Promise<void>;
  /** A new own block is on disk: deliver it and announce the head. */
  appended(block: HalfBlock): void;
  publishProof(proof: Uint8Array): void;
  sync(
    peer: PublicKey,
    author: PublicKey,
    options?: AbortOptions & { readonly links?: boolean },
  ): Promise<number>;
  /** Fetches own blocks above the stored head. */
  learnOwn(peer: PublicKey): Promise<void>;
  /** Resolves when nothing that the node began is under way any more. */
  stop(): Promise<void>;
}

/** The {@link ChainNode} over a network. */
export function chainNode(context: ChainNodeContext): ChainNode {
  const { self, network, store, crypto, environment, limits, frauds, receive } = context;
  const delivery: Outbox = outbox({ self, network, store, environment });
  const stopping = new AbortController();
  const undo: (() => void)[] = [];
  const syncing: SyncContext = { network, store, crypto, environment, receive, floor: context.floor };
  const chains = chainSync(syncing);
  /** Syncs that the application asked for. */
  const running = new Set<Promise<number>>();
  const closeGap = fetchBefore({ syncing, environment, limits, stopping: stopping.signal });
  let announced: HalfBlock | undefined;
  let pending: HalfBlock | undefined;
  let cancelAnnounce: (() => void) | undefined;

  const publish = (topic: string, body: Uint8Array): void => {
    // Gossip is best effort: heads are announced again and proofs are offered on connect.
    network.publish(topic, body).catch(() => {});
  };

  const announce = (block: HalfBlock): void => {
    pending = block;
    if (cancelAnnounce !== undefined || stopping.signal.aborted) return;
    const flush = (): void => {
      cancelAnnounce = undefined;
      if (pending === undefined || pending === announced) return;
      announced = pending;
      publish(HEADS_TOPIC, pending.bytes);
      cancelAnnounce = environment.schedule(limits.announceMs, flush);
    };
    flush();
  };

  const bounded = <T>(what: string, task: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    withDeadline(environment, limits.askTimeoutMs, what, task, { signal: stopping.signal });

  const learnOwn = async (peer: PublicKey): Promise<void> => {
    await bounded('Asking a peer for the own head', async (signal) => {
      const from = ((await store.head(self))?.core.seq ?? 0) + 1;
      await fetchRanges(
        syncing,
        peer,
        { author: self, ranges: [[from, Number.MAX_SAFE_INTEGER]], part: 'chain' },
        { signal },
      );
    });
  };

  /** Tells a peer that just connected our head, so that a fork made while apart comes to light. */
  const greet = async (peer: PublicKey): Promise<void> => {
    const head = await store.head(self);
    if (head === undefined) return;
    await bounded('Telling a peer the own head', (signal) => pushBlocks(network, peer, [head], { signal }));
  };

  const onConnected = (peer: PublicKey): void => {
    context.askOwn(peer);
    delivery.connected(peer);
    greet(peer).catch(() => {});
  };

  return {
    async start() {
      const pushQuota = quota(environment, limits.push);
      const gossipQuota = quota(environment, limits.gossip);
      undo.push(
        network.handle(
          PUSH_PROTOCOL,
          pushHandler({
            self,
            crypto,
            quota: pushQuota,
            receive,
            fetchBefore: closeGap,
            stopping: stopping.signal,
          }),
          {
            maxRequestBytes: MAX_FRAME_BYTES,
          },
        ),
        network.handle(OFFER_PROTOCOL, offerHandler(store, pushQuota), { maxRequestBytes: MAX_OFFER_BYTES }),
        network.handle(SYNC_PROTOCOL, syncHandler(store, quota(environment, limits.sync)), {
          maxRequestBytes: MAX_SYNC_REQUEST_BYTES,
          maxConcurrentPerPeer: 8,
        }),
        network.subscribe(HEADS_TOPIC, headsHandler(crypto, gossipQuota, receive)),
        network.subscribe(
          FRAUD_TOPIC,
          fraudHandler(crypto, gossipQuota, frauds, async (blocks) => {
            await Promise.all(blocks.map(receive));
          }),
        ),
        network.onPeer((event) => {
          if (event.type === 'connected') onConnected(event.peer);
        }),
      );
      await delivery.recover();
      for (const peer of network.peers()) onConnected(peer);
    },
    appended(block) {
      const { peer } = block.core;
      if (peer !== null && !equalBytes(peer, self)) delivery.deliver(peer, block);
      announce(block);
    },
    publishProof: (proof) => publish(FRAUD_TOPIC, proof),
    sync(peer, author, { signal, links = false } = {}) {
      const signals = signal === undefined ? [stopping.signal] : [signal, stopping.signal];
      const sync = chains.sync(peer, author, { signal: AbortSignal.any(signals), links });
      running.add(sync);
      const done = () => running.delete(sync);
      sync.then(done, done);
      return sync;
    },
    learnOwn,
    async stop() {
      stopping.abort();
      cancelAnnounce?.();
      for (const stop of undo) stop();
      await Promise.allSettled(running);
      await delivery.stop();
    },
  };
}
