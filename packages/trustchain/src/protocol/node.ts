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
import { bytesKey } from '../block/identity.ts';
import type { FraudRegister } from '../chain/fraud-register.ts';
import type { TrustchainLimits } from '../chain/options.ts';
import { FRAUD_TOPIC, HEADS_TOPIC, MAX_FRAME_BYTES, PUSH_PROTOCOL, SYNC_PROTOCOL } from './messages.ts';
import { type Outbox, outbox } from './outbox.ts';
import { pushBlocks, pushHandler } from './push.ts';
import { quota } from './quota.ts';
import { missingRanges, type SyncContext, syncChain, syncHandler, syncRange } from './sync.ts';
import { fraudHandler, headsHandler } from './topics.ts';

/** Own blocks addressed to others that are offered again after a restart. */
const OFFERED_AGAIN = 256;
const MAX_COOLDOWNS = 4_096;

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
  stop(): void;
}

/** The {@link ChainNode} over a network. */
export function chainNode(context: ChainNodeContext): ChainNode {
  const { self, network, store, crypto, environment, limits, frauds, receive } = context;
  const delivery: Outbox = outbox(network, environment);
  const stopping = new AbortController();
  const undo: (() => void)[] = [];
  const syncing: SyncContext = { network, store, crypto, receive, floor: context.floor };
  const cooldowns = new Map<string, number>();
  const fetching = new Map<string, Promise<void>>();
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

  /** Fetches the holes below a proposal, the nearest first, within the budget. */
  const closeGaps = async (peer: PublicKey, block: HalfBlock, signal: AbortSignal): Promise<void> => {
    const { key: author, seq } = block.core;
    const ranges = (await missingRanges(store, author, context.floor(author), signal)).filter(
      ([from]) => from < seq,
    );
    let budget = limits.maxFetchedBefore;
    for (const [lowest, highest] of ranges.reverse()) {
      if (budget <= 0) return;
      const to = Math.min(highest, seq - 1);
      const from = Math.max(lowest, to - budget + 1);
      budget -= to - from + 1;
      await syncRange(syncing, peer, { author, from, to, part: 'chain' }, { signal });
    }
  };

  /** Closes the gap before a proposal, asking once; a peer that leaves it open is not asked again for a while. */
  const fetchBefore = async (peer: PublicKey, block: HalfBlock): Promise<void> => {
    const { key, seq } = block.core;
    const isWhole = async (): Promise<boolean> => (await store.count(key)) >= seq - context.floor(key);
    if (await isWhole()) return;
    const asked = bytesKey(peer) + bytesKey(key);
    if ((cooldowns.get(asked) ?? 0) > environment.now()) return;
    const running = fetching.get(asked);
    if (running !== undefined) return running;
    const work = (async () => {
      try {
        await bounded('Fetching the blocks before a proposal', (signal) => closeGaps(peer, block, signal));
      } catch {
        // The proposal is judged without them: its level says what is missing.
      }
      if (await isWhole()) return;
      if (cooldowns.size >= MAX_COOLDOWNS) cooldowns.clear();
      cooldowns.set(asked, environment.now() + limits.fetchCooldownMs);
    })();
    fetching.set(asked, work);
    try {
      await work;
    } finally {
      fetching.delete(asked);
    }
  };

  const learnOwn = async (peer: PublicKey): Promise<void> => {
    await bounded('Asking a peer for the own head', async (signal) => {
      const from = ((await store.head(self))?.core.seq ?? 0) + 1;
      await syncRange(
        syncing,
        peer,
        { author: self, from, to: Number.MAX_SAFE_INTEGER, part: 'chain' },
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
        network.handle(PUSH_PROTOCOL, pushHandler({ self, crypto, quota: pushQuota, receive, fetchBefore }), {
          maxRequestBytes: MAX_FRAME_BYTES,
        }),
        network.handle(SYNC_PROTOCOL, syncHandler(store, quota(environment, limits.sync)), {
          maxRequestBytes: 1_024,
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
      const head = await store.head(self);
      if (head !== undefined) {
        const from = Math.max(1, head.core.seq - OFFERED_AGAIN + 1);
        for (const block of await store.range(self, from, head.core.seq, OFFERED_AGAIN)) {
          const { peer } = block.core;
          if (peer !== null && !equalBytes(peer, self)) delivery.deliver(peer, block);
        }
      }
      for (const peer of network.peers()) onConnected(peer);
    },
    appended(block) {
      const { peer } = block.core;
      if (peer !== null && !equalBytes(peer, self)) delivery.deliver(peer, block);
      announce(block);
    },
    publishProof: (proof) => publish(FRAUD_TOPIC, proof),
    sync: (peer, author, options) => syncChain(syncing, peer, author, options),
    learnOwn,
    stop() {
      stopping.abort();
      cancelAnnounce?.();
      delivery.stop();
      for (const stop of undo) stop();
    },
  };
}
