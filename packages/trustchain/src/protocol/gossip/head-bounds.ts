import type { BlockId, Environment, PublicKey } from '@edmp/interface';
import { blockKey } from '../../block/identity.ts';
import { MAX_BLOCK_BYTES } from '../../block/limits.ts';
import type { TrustchainLimits } from '../../chain/options.ts';
import { forgetOldest } from '../../store/forget-oldest.ts';
import { quota } from '../quota.ts';

/**
 * Largest block that is announced alone, signed form, bytes; an answer may be larger. Larger ones reach their counterparty by push, and others when
 * they reconcile or sync: what every node relays and stores unasked stays small.
 */
export const MAX_HEAD_BYTES = 8_192;
/** Heads of one author that are relayed at once; after that two an announce interval: the author's and a witness's. */
export const HEADS_BURST = 16;
const HEADS_PER_INTERVAL = 2;
/** Bytes of one author that are stored unasked at once, and a second after that. An answer of full size fits, with what it answers. */
const AUTHOR_BYTES = { burst: 2 * MAX_BLOCK_BYTES, perSecond: 2_048 } as const;
/** Heads remembered as relayed. */
const MAX_RELAYED = 16_384;

/** Bounds of the heads that are taken in unasked: by author, who signs them, and in bytes also by who delivers them. */
export interface HeadBounds {
  /**
   * Whether the author may have another head relayed now. Old ones, below a block that is known, have room of their own:
   * whoever spreads an author's past again must not keep its next head back.
   */
  hasRoom(author: PublicKey, isOld: boolean): boolean;
  /** Whether that many more bytes of the author, delivered by `from`, may be stored now. */
  hasBytes(author: PublicKey, from: PublicKey, bytes: number, isOld?: boolean): boolean;
  /** A genuine head of the author was taken in. Not before its signature is verified: nobody can spend another's room. */
  took(author: PublicKey, isOld: boolean): void;
  /** Genuine bytes of the author were stored. */
  stored(author: PublicKey, from: PublicKey, bytes: number, isOld?: boolean): void;
  /** Whether this head was relayed or announced here lately; alone, or with the block that it answers. */
  wasRelayed(id: BlockId, answered?: BlockId): boolean;
  relayed(id: BlockId, answered?: BlockId): void;
}

/** Apart with what it answers and without: whoever relays an answer alone must not keep back what it answers. */
const nameOf = (id: BlockId, answered: BlockId | undefined): string =>
  answered === undefined ? blockKey(id) : blockKey(id) + blockKey(answered);

/** {@link HeadBounds} on the clock of `environment`. */
export function headBounds(environment: Environment, limits: Required<TrustchainLimits>): HeadBounds {
  const perSecond = (HEADS_PER_INTERVAL * 1_000) / Math.max(1, limits.announceMs);
  const newHeads = quota(environment, { burst: HEADS_BURST, perSecond });
  const oldHeads = quota(environment, { burst: HEADS_BURST, perSecond });
  const newBytes = quota(environment, AUTHOR_BYTES);
  const oldBytes = quota(environment, AUTHOR_BYTES);
  const bytesFrom = quota(environment, limits.headBytes);
  const known = new Set<string>();
  return {
    hasRoom: (author, isOld) => (isOld ? oldHeads : newHeads).has(author, 1),
    hasBytes: (author, from, bytes, isOld = false) =>
      (isOld ? oldBytes : newBytes).has(author, bytes) && bytesFrom.has(from, bytes),
    took: (author, isOld) => (isOld ? oldHeads : newHeads).charge(author, 1),
    stored(author, from, bytes, isOld = false) {
      (isOld ? oldBytes : newBytes).charge(author, bytes);
      bytesFrom.charge(from, bytes);
    },
    wasRelayed: (id, answered) => known.has(nameOf(id, answered)),
    relayed(id, answered) {
      known.add(nameOf(id, answered));
      if (known.size > MAX_RELAYED) forgetOldest(known);
    },
  };
}
