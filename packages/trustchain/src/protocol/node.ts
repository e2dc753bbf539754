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
import type { HistorySource } from '../chain/history-fetch.ts';
import type { TrustchainLimits } from '../chain/options.ts';
import type { SlotOf } from '../fraud/slot.ts';
import type { PositionRange } from '../inspect/gaps.ts';
import { offerHandler } from './delivery/offer.ts';
import { type Outbox, outbox } from './delivery/outbox.ts';
import { pushBlocks, pushHandler } from './delivery/push.ts';
import { gossip } from './gossip/gossip.ts';
import { greetings } from './greetings.ts';
import {
  MAX_FRAME_BYTES,
  MAX_OFFER_BYTES,
  OFFER_PROTOCOL,
  PUSH_PROTOCOL,
  SYNC_PROTOCOL,
} from './messages.ts';
import { type Consult, consultation } from './query/consult.ts';
import { MAX_QUERY_BYTES, QUERY_PROTOCOL } from './query/query-messages.ts';
import { queryHandler } from './query/serve-query.ts';
import { quota } from './quota.ts';
import { fetchBefore } from './sync/fetch-before.ts';
import { syncHandler } from './sync/serve-sync.ts';
import { fetchRanges, type SyncContext } from './sync/sync.ts';
import { chainSync } from './sync/sync-chain.ts';
import { MAX_SYNC_REQUEST_BYTES } from './sync/sync-messages.ts';
import { boundedProgress, syncProgress } from './sync/sync-progress.ts';

/** What {@link chainNode} works with. */
export interface ChainNodeContext {
  readonly self: PublicKey;
  readonly network: Network;
  readonly store: BlockStore;
  readonly crypto: Crypto;
  readonly environment: Environment;
  readonly limits: Required<TrustchainLimits>;
  readonly frauds: FraudRegister;
  readonly slotOf: SlotOf;
  readonly receive: (block: HalfBlock) => Promise<ReceiveResult>;
  /** First position of an author that is wanted: above what was pruned here. */
  readonly floor: (author: PublicKey) => number;
  /** A peer connected that may know this node's blocks. */
  readonly askOwn: (peer: PublicKey) => void;
  /** Tells of every block that was stored and is not invalid. */
  readonly onBlock: (listener: (block: HalfBlock, own: boolean) => void) => () => void;
  /** Told of positions that an author was asked for and left out. */
  readonly onGap: (author: PublicKey, ranges: readonly PositionRange[]) => void;
}

/** The networked side of a chain: serves, announces, delivers, fetches. */
export interface ChainNode extends HistorySource {
  start(): Promise<void>;
  /** A new block of this node is on disk: deliver it, unless the application does so itself (`push: false`), and announce the head. */
  appended(block: HalfBlock, options?: { readonly push?: boolean }): void;
  publishProof(proof: Uint8Array): void;
  /** A rule was registered: proofs that could not be judged may be judged now. */
  rulesChanged(): void;
  sync(
    peer: PublicKey,
    author: PublicKey,
    options?: AbortOptions & { readonly links?: boolean },
  ): Promise<number>;
  /** Asks others about an author, never the author itself. */
  readonly consult: Consult;
  /** Fetches this node's blocks above the stored head. */
  learnOwn(peer: PublicKey): Promise<void>;
  /** Resolves when nothing that the node began is under way any more. */
  stop(): Promise<void>;
}

/** The {@link ChainNode} over a network. */
export function chainNode(context: ChainNodeContext): ChainNode {
  const { self, network, store, crypto, environment, limits, receive } = context;
  const delivery: Outbox = outbox({ self, network, store, environment });
  const stopping = new AbortController();
  const undo: (() => void)[] = [];
  const syncing: SyncContext = { network, store, crypto, environment, receive, floor: context.floor };
  const chains = chainSync(syncing);
  const consult = consultation({ ...context, timeoutMs: limits.askTimeoutMs });
  /** What the application asked for, and is under way. */
  const running = new Set<Promise<unknown>>();
  const run = <T>(signal: AbortSignal | undefined, task: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const signals = signal === undefined ? [stopping.signal] : [signal, stopping.signal];
    const work = task(AbortSignal.any(signals));
    running.add(work);
    const done = () => running.delete(work);
    work.then(done, done);
    return work;
  };
  const closeGap = fetchBefore({
    syncing,
    environment,
    limits,
    stopping: stopping.signal,
    onGap: context.onGap,
  });
  const bounded = <T>(what: string, task: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    withDeadline(environment, limits.askTimeoutMs, what, task, { signal: stopping.signal });

  const greeting = greetings({
    environment,
    cooldownMs: limits.greetCooldownMs,
    retryMs: limits.askTimeoutMs,
    head: () => store.head(self),
    ask: context.askOwn,
    // A fork made while apart comes to light when the peer sees the head.
    tell: (peer, head) =>
      bounded("Telling a peer this node's head", (signal) => pushBlocks(network, peer, [head], { signal })),
  });
  const spreading = gossip({
    ...context,
    onRound() {
      for (const peer of network.peers()) greeting.remind(peer);
    },
  });

  const learnOwn = async (peer: PublicKey): Promise<void> => {
    try {
      await bounded("Asking a peer for this node's head", async (signal) => {
        const from = ((await store.head(self))?.core.seq ?? 0) + 1;
        await fetchRanges(
          syncing,
          peer,
          { author: self, ranges: [[from, Number.MAX_SAFE_INTEGER]], part: 'chain' },
          { signal },
        );
      });
      greeting.answered(peer, true);
    } catch (error) {
      greeting.answered(peer, false);
      throw error;
    }
  };

  const onConnected = (peer: PublicKey): void => {
    greeting.greet(peer);
    delivery.connected(peer);
    spreading.connected(peer);
  };

  return {
    async start() {
      const pushQuota = quota(environment, limits.push);
      const syncQuota = quota(environment, limits.sync);
      undo.push(
        context.onBlock((block, own) => {
          if (!own) delivery.received(block);
        }),
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
        network.handle(SYNC_PROTOCOL, syncHandler(store, syncQuota), {
          maxRequestBytes: MAX_SYNC_REQUEST_BYTES,
          maxConcurrentPerPeer: 8,
        }),
        network.handle(QUERY_PROTOCOL, queryHandler(store, syncQuota), {
          maxRequestBytes: MAX_QUERY_BYTES,
          maxConcurrentPerPeer: 8,
        }),
        network.onPeer((event) => {
          if (event.type === 'connected') onConnected(event.peer);
          else spreading.disconnected();
        }),
      );
      await delivery.recover();
      await spreading.start();
      for (const peer of network.peers()) onConnected(peer);
    },
    appended(block, options) {
      const { peer } = block.core;
      if (peer !== null && !equalBytes(peer, self)) delivery.deliver(peer, block, options);
      spreading.announce(block);
    },
    publishProof: spreading.publishProof,
    rulesChanged: spreading.rulesChanged,
    sync: (peer, author, { signal, links = false } = {}) =>
      run(signal, (either) => chains.sync(peer, author, { signal: either, links })),
    consult: (question, { signal } = {}) => run(signal, (either) => consult(question, { signal: either })),
    learnOwn,
    peersFor(author) {
      // The author has all of it; what it keeps back, others may have.
      const others = network.peers().filter((peer) => !equalBytes(peer, author));
      return others.length === network.peers().length ? others : [author, ...others];
    },
    fetch: (peer, author, ranges, { signal, maxBytes }) =>
      run(signal, async (either) => {
        const progress = boundedProgress(syncProgress(environment, { signal: either }), maxBytes);
        const wanted = { author, ranges, part: 'chain', someStored: true } as const;
        await fetchRanges(syncing, peer, wanted, { signal: either, progress });
      }),
    async stop() {
      stopping.abort();
      for (const stop of undo) stop();
      await spreading.stop();
      await Promise.allSettled(running);
      await delivery.stop();
    },
  };
}
