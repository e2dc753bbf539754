import {
  type BlockStore,
  type Environment,
  isEdmpError,
  type PublicKey,
  withDeadline,
} from '@edmp/interface';
import { bytesKey } from '../block/identity.ts';
import { chainExtent } from '../inspect/gaps.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import { ChainError } from './errors.ts';
import type { FraudRegister } from './fraud-register.ts';

/** Turns of asking one peer for own blocks: more than any chain takes whose blocks arrive at all. */
const MAX_TURNS = 10_000;
/** Looks at the own chain while blocks of it come in from outside. */
const MAX_LOOKS = 16;

/**
 * Longest that a signature waits for peers that tell of this node's chain, ms: each turn of asking is bounded, but a peer
 * that brings one block a turn may take as many as there are.
 */
const LONGEST_WAIT_MS = 30_000;

/** What {@link ownHeadGuard} works with. */
export interface OwnHeadContext {
  readonly self: PublicKey;
  readonly store: BlockStore;
  readonly frauds: FraudRegister;
  readonly environment: Environment;
  /** Peers that must have told what they know of the own chain before the first signature. */
  readonly confirmations: number;
  /** Asks a peer for own blocks above the stored head and stores them; bounded in time, so it may stop half way. */
  readonly learn: (peer: PublicKey) => Promise<void>;
}

/**
 * Keeps a node whose store went back in time (a restored backup) from signing a position twice: it learns its own
 * head from peers, and does not sign while peers know own blocks that the store lacks (DESIGN §3.2).
 */
export interface OwnHeadGuard {
  /**
   * Throws `ERR_CHAIN_FRAUD`, `ERR_CHAIN_REGRESSED`, `ERR_CHAIN_UNCONFIRMED` while signing is not safe. Waits 30 s at most
   * for peers that are being asked.
   */
  ready(): MaybePromise<void>;
  /** Asks a peer that just connected. */
  ask(peer: PublicKey): void;
  /** A block of this node came from outside. */
  suspect(): void;
  /** This node's chain was fetched from a peer up to where that peer knows it. */
  synced(): void;
}

/** The {@link OwnHeadGuard} of one key. */
export function ownHeadGuard(context: OwnHeadContext): OwnHeadGuard {
  const { self, store, frauds } = context;
  const asking = new Set<Promise<void>>();
  /** Peers that have told all they know of the own chain. */
  const confirmed = new Set<string>();
  /** Peers that stopped half way through telling. */
  const unfinished = new Set<string>();
  /** This node's blocks that came from outside. */
  let learned = 0;
  let suspicious = true;

  /** Asks on as long as every turn brings own blocks: a long chain over a slow line takes several. */
  const learnAll = async (peer: PublicKey): Promise<void> => {
    const key = bytesKey(peer);
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      const before = learned;
      try {
        await context.learn(peer);
        confirmed.add(key);
        unfinished.delete(key);
        return;
      } catch {
        // A peer that does not answer confirms nothing; one that told something knows more.
        if (learned === before) return;
        unfinished.add(key);
      }
    }
  };

  const expectWhole = async (): Promise<void> => {
    for (let look = 0; look < MAX_LOOKS; look++) {
      const before = learned;
      const { top, gaps } = await chainExtent(store, self);
      // Own blocks that came in while the store was read may have left other holes.
      if (learned !== before) continue;
      if (gaps.length === 0) {
        suspicious = false;
        return;
      }
      throw new ChainError(
        'ERR_CHAIN_REGRESSED',
        `Own blocks up to position ${top} are known, but the stored chain has holes: sync the own key from a peer`,
        { details: { head: top } },
      );
    }
    throw new ChainError(
      'ERR_CHAIN_REGRESSED',
      'Blocks of this node keep coming in from outside; try again',
      {
        retryable: true,
      },
    );
  };

  const expectKnown = (): void => {
    if (unfinished.size > 0) {
      throw new ChainError(
        'ERR_CHAIN_REGRESSED',
        "A peer knows this node's blocks that could not all be fetched: connect to it again, or sync this node's key",
        { retryable: true },
      );
    }
    if (confirmed.size < context.confirmations) {
      throw new ChainError(
        'ERR_CHAIN_UNCONFIRMED',
        `${confirmed.size} of ${context.confirmations} peers have told what they know of this node's chain; connect to more`,
        { retryable: true, details: { confirmed: confirmed.size } },
      );
    }
  };
  const expectHonest = (isBurnt: boolean): void => {
    if (!isBurnt) return;
    throw new ChainError(
      'ERR_CHAIN_FRAUD',
      'The key of this node has signed two different blocks at one position: it is burnt',
    );
  };
  const isAsking = (): boolean => (confirmed.size === 0 || unfinished.size > 0) && asking.size > 0;

  const allTold = async (): Promise<void> => {
    const told = Promise.all(asking);
    try {
      await withDeadline(
        context.environment,
        LONGEST_WAIT_MS,
        "Asking peers for this node's blocks",
        () => told,
      );
    } catch (error) {
      if (!isEdmpError(error, 'ERR_TIMEOUT')) throw error;
      throw new ChainError(
        'ERR_CHAIN_REGRESSED',
        "Peers are still bringing this node's blocks, which its store lacks; try again",
        { retryable: true, cause: error },
      );
    }
  };

  const settled = async (): Promise<void> => {
    if (isAsking()) await allTold();
    expectKnown();
    expectHonest(await frauds.has(self));
    if (suspicious) await expectWhole();
  };

  return {
    ready() {
      const isBurnt = frauds.peek(self);
      if (isBurnt === undefined || suspicious || isAsking()) return settled();
      expectKnown();
      expectHonest(isBurnt);
    },
    ask(peer) {
      const asked = learnAll(peer);
      asking.add(asked);
      void asked.then(() => asking.delete(asked));
    },
    suspect() {
      suspicious = true;
      learned += 1;
    },
    synced() {
      unfinished.clear();
    },
  };
}
