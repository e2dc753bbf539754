import type { BlockStore, PublicKey } from '@edmp/interface';
import { ChainError } from './errors.ts';
import type { FraudRegister } from './fraud-register.ts';

/** What {@link ownHeadGuard} works with. */
export interface OwnHeadContext {
  readonly self: PublicKey;
  readonly store: BlockStore;
  readonly frauds: FraudRegister;
  /** Peers that must have told what they know of the own chain before the first signature. */
  readonly confirmations: number;
  /** Asks a peer for own blocks above the stored head and stores them; bounded in time. */
  readonly learn: (peer: PublicKey) => Promise<void>;
}

/**
 * Keeps a node whose store went back in time (a restored backup) from signing a position twice: it learns its own
 * head from peers, and does not sign while peers know own blocks that the store lacks (DESIGN §3.2).
 */
export interface OwnHeadGuard {
  /** Throws `ERR_CHAIN_FRAUD`, `ERR_CHAIN_REGRESSED`, `ERR_CHAIN_UNCONFIRMED` while signing is not safe. */
  ready(): Promise<void>;
  /** Asks a peer that just connected. */
  ask(peer: PublicKey): void;
  /** An own block came from outside. */
  suspect(): void;
}

/** The {@link OwnHeadGuard} of one key. */
export function ownHeadGuard(context: OwnHeadContext): OwnHeadGuard {
  const { self, store, frauds } = context;
  const asking = new Set<Promise<void>>();
  let confirmed = 0;
  let suspicious = true;

  const expectWhole = async (): Promise<void> => {
    const head = await store.head(self);
    if ((await store.count(self)) === (head?.core.seq ?? 0)) {
      suspicious = false;
      return;
    }
    throw new ChainError(
      'ERR_CHAIN_REGRESSED',
      `Own blocks up to position ${head?.core.seq} are known, but the stored chain has holes: sync the own key from a peer`,
      { details: { head: head?.core.seq } },
    );
  };

  return {
    async ready() {
      if (confirmed === 0 && asking.size > 0) await Promise.all(asking);
      if (confirmed < context.confirmations) {
        throw new ChainError(
          'ERR_CHAIN_UNCONFIRMED',
          `${confirmed} of ${context.confirmations} peers have told what they know of the own chain; connect to more`,
          { retryable: true, details: { confirmed } },
        );
      }
      if (await frauds.has(self)) {
        throw new ChainError(
          'ERR_CHAIN_FRAUD',
          'The own key has signed two different blocks at one position: it is burnt',
        );
      }
      if (suspicious) await expectWhole();
    },
    ask(peer) {
      const asked = context.learn(peer).then(
        () => {
          confirmed += 1;
        },
        // A peer that does not answer confirms nothing.
        () => {},
      );
      asking.add(asked);
      void asked.then(() => asking.delete(asked));
    },
    suspect() {
      suspicious = true;
    },
  };
}
