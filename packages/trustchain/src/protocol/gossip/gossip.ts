import {
  type BlockStore,
  type Crypto,
  type Environment,
  equalBytes,
  type HalfBlock,
  type Network,
  type PublicKey,
  type ReceiveResult,
} from '@edmp/interface';
import { bytesKey } from '../../block/identity.ts';
import type { FraudRegister } from '../../chain/fraud-register.ts';
import type { TrustchainLimits } from '../../chain/options.ts';
import { decodeFraudProof } from '../../fraud/proof.ts';
import type { SlotOf } from '../../fraud/slot.ts';
import { readsOf } from '../../store/at-once.ts';
import { forgetOldest } from '../../store/forget-oldest.ts';
import { FRAUD_TOPIC, HEADS_TOPIC } from '../messages.ts';
import { quota } from '../quota.ts';
import { activityLog } from './activity.ts';
import { encodeAnnouncement } from './announcement.ts';
import { headAnnouncer } from './head-announcer.ts';
import { headBounds } from './head-bounds.ts';
import { reconciler } from './reconcile.ts';
import { EPOCH_BYTES, MAX_REQUEST_BYTES, RECONCILE_PROTOCOL } from './reconcile-messages.ts';
import { reconcileHandler } from './reconcile-server.ts';
import { fraudHandler, headsHandler } from './topics.ts';

/** Connected peers that are compared with in one round; the next round goes on with others. */
const PEERS_A_ROUND = 8;
/** Last arrivals whose authors count as recently active after a restart. */
const RECENT_ARRIVALS = 512;
/** Authors whose proofs are looked up in one turn at the start. */
const AUTHORS_A_TURN = 256;
const MAX_COMPARED = 4_096;

/**
 * Answers of others that reconciling brought, with what they answer, and that are announced here again: after a partition
 * they pass on at once what would need a round for each hop. A newcomer tells some of what all others know, and no more.
 */
const RETOLD = { burst: 16, perSecond: 1 } as const;

/** What {@link gossip} works with. */
export interface GossipContext {
  readonly self: PublicKey;
  readonly network: Network;
  readonly store: BlockStore;
  readonly crypto: Crypto;
  readonly environment: Environment;
  readonly limits: Required<TrustchainLimits>;
  readonly frauds: FraudRegister;
  readonly slotOf: SlotOf;
  readonly receive: (block: HalfBlock) => Promise<ReceiveResult>;
  /** Tells of every block that was stored and is not invalid. */
  readonly onBlock: (listener: (block: HalfBlock, own: boolean) => void) => () => void;
  /** Called once a round, while peers are connected. */
  readonly onRound: () => void;
}

/** Spreads heads and fraud proofs: by topics at once, and by comparing with peers what topics did not bring. */
export interface Gossip {
  start(): Promise<void>;
  connected(peer: PublicKey): void;
  /** A peer is gone: without any there is nothing to wake up for. */
  disconnected(): void;
  /** Announces a new head of this node. */
  announce(block: HalfBlock): void;
  publishProof(proof: Uint8Array): void;
  /** A rule was registered: proofs that could not be judged may be judged now. */
  rulesChanged(): void;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/** The {@link Gossip} of a node. */
export function gossip(context: GossipContext): Gossip {
  const { self, network, store, crypto, environment, limits, frauds, receive } = context;
  const stopping = new AbortController();
  const undo: (() => void)[] = [];
  const log = activityLog();
  const epoch = environment.randomBytes(EPOCH_BYTES);
  const bounds = headBounds(environment, limits);
  const faults = quota(environment, limits.gossip);
  /** When a peer was last compared with because it connected. */
  const compared = new Map<string, number>();
  let cancelRound: (() => void) | undefined;
  let cancelLoading: (() => void) | undefined;
  let turn = 0;

  const publish = (topic: string, body: Uint8Array): void => {
    // Best effort: what does not arrive is found by reconciling.
    network.publish(topic, body).catch(() => {});
  };
  const announcer = headAnnouncer({
    environment,
    announceMs: limits.announceMs,
    bounds,
    isProven: (author) => frauds.peek(author) === true,
    answeredBy: ({ core: { link } }) => (link === null ? undefined : readsOf(store).get(link)),
    publish: (block, answered) => publish(HEADS_TOPIC, encodeAnnouncement(block, answered)),
  });
  const retold = quota(environment, RETOLD);
  const reconciling = reconciler({
    environment,
    network,
    store,
    crypto,
    frauds,
    slotOf: context.slotOf,
    bounds,
    faults,
    receive,
    onAnswered: (answer) => {
      if (retold.take(self, 1)) announcer.announce(answer);
    },
    signal: stopping.signal,
  });

  const round = (): void => {
    cancelRound = undefined;
    const peers = network.peers();
    for (let n = 0; n < Math.min(PEERS_A_ROUND, peers.length); n++) {
      const peer = peers[turn++ % peers.length];
      if (peer !== undefined) reconciling.enqueue(peer);
    }
    if (peers.length === 0) return;
    context.onRound();
    scheduleRound();
  };
  const scheduleRound = (): void => {
    if (cancelRound !== undefined || stopping.signal.aborted) return;
    const [jitter = 0] = environment.randomBytes(1);
    // From half to one and a half times the interval, so that neighbours do not ask in step.
    cancelRound = environment.schedule(limits.reconcileMs * (0.5 + jitter / 256), round);
  };

  /** Offers what was known before the start, a part at a time. */
  const offerKnownProofs = (after?: PublicKey): void => {
    const load = async (): Promise<void> => {
      const from = after === undefined ? {} : { after };
      const authors = await store.authors({ ...from, limit: AUTHORS_A_TURN });
      for (const author of authors) {
        for (const bytes of await store.proofs(author))
          log.noteProof(author, decodeFraudProof(bytes, crypto).id);
      }
      const last = authors.at(-1);
      if (authors.length === AUTHORS_A_TURN && last !== undefined && !stopping.signal.aborted) {
        cancelLoading = environment.schedule(1, () => offerKnownProofs(last));
      }
    };
    // A store that fails here fails everywhere; proofs are still served by name.
    load().catch(() => {});
  };
  const offerRecentHeads = async (): Promise<void> => {
    for (const { block } of await store.newest(RECENT_ARRIVALS)) {
      if (!(await frauds.has(block.core.key))) log.noteBlock(block, isForUs(block));
    }
  };
  const isForUs = ({ core }: HalfBlock): boolean =>
    core.peer !== null && equalBytes(core.peer, self) && !equalBytes(core.key, self);

  return {
    async start() {
      undo.push(
        context.onBlock((block, own) => {
          const addressed = isForUs(block);
          log.noteBlock(block, addressed);
          // A cheat may show a branch to this node alone: others hear of it from here.
          if (addressed && !own) announcer.announce(block);
        }),
        network.subscribe(
          HEADS_TOPIC,
          headsHandler({ crypto, store, frauds, quota: faults, bounds, receive }),
        ),
        network.subscribe(
          FRAUD_TOPIC,
          fraudHandler({
            crypto,
            frauds,
            slotOf: context.slotOf,
            quota: quota(environment, limits.proofs),
            learned: async (blocks) => {
              await Promise.all(blocks.map(receive));
            },
          }),
        ),
        network.handle(
          RECONCILE_PROTOCOL,
          reconcileHandler({ store, crypto, log, epoch, quota: quota(environment, limits.reconcile) }),
          { maxRequestBytes: MAX_REQUEST_BYTES, maxConcurrentPerPeer: 4 },
        ),
      );
      await offerRecentHeads();
      offerKnownProofs();
    },
    connected(peer) {
      scheduleRound();
      const key = bytesKey(peer);
      const passed = environment.now() - (compared.get(key) ?? Number.NEGATIVE_INFINITY);
      if (passed >= 0 && passed < limits.greetCooldownMs) return;
      compared.delete(key);
      compared.set(key, environment.now());
      if (compared.size > MAX_COMPARED) forgetOldest(compared);
      reconciling.enqueue(peer);
    },
    disconnected() {
      if (network.peers().length > 0) return;
      cancelRound?.();
      cancelRound = undefined;
    },
    announce: announcer.announce,
    publishProof(bytes) {
      const { author, id } = decodeFraudProof(bytes, crypto);
      log.noteProof(author, id);
      publish(FRAUD_TOPIC, bytes);
    },
    rulesChanged: reconciling.reread,
    async stop() {
      stopping.abort();
      cancelRound?.();
      cancelLoading?.();
      announcer.stop();
      for (const stop of undo) stop();
      await reconciling.idle();
    },
  };
}
