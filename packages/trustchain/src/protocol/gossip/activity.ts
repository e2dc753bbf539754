import type { BlockId, HalfBlock, PublicKey } from '@edmp/interface';
import { blockDigest, bytesKey } from '../../block/identity.ts';
import { forgetOldest } from '../../store/forget-oldest.ts';

/** Recently active authors whose newest block is offered to peers. */
export const MAX_RECENT_HEADS = 2_048;
/** Proofs that are offered to peers; they are stored for ever, and beyond this many the oldest are offered no more. */
export const MAX_OFFERED_PROOFS = 65_536;

/** A proof by name. */
export interface ProofName {
  readonly author: PublicKey;
  /** SHA-256 digest of the proof's id. */
  readonly digest: Uint8Array;
}

/** A block by name and place. */
export interface HeadName extends ProofName {
  readonly seq: number;
}

/** How far a peer has read: numbers of changes. */
export interface ActivityCursor {
  readonly proofs: number;
  readonly heads: number;
}

/** What changed after a cursor. */
export interface ActivityPage {
  readonly proofs: readonly ProofName[];
  readonly heads: readonly HeadName[];
  readonly next: ActivityCursor;
  readonly isLast: boolean;
}

/** What this node can tell others: proofs known, and the newest blocks of recently active authors, in order of change. */
export interface ActivityLog {
  noteProof(author: PublicKey, id: BlockId): void;
  /** `addressed`: the block is for this node, which may be the only one that was shown it. */
  noteBlock(block: HalfBlock, addressed: boolean): void;
  after(cursor: ActivityCursor, limit: number): ActivityPage;
}

interface Change extends HeadName {
  readonly number: number;
}

/** An {@link ActivityLog} that knows nothing. */
export function activityLog(): ActivityLog {
  /** The newest block by author, in order of change. */
  const heads = new Map<string, Change>();
  /** The newest block for this node by author, in order of change. */
  const addressedHeads = new Map<string, Change>();
  const known = new Set<string>();
  let proofs: ProofName[] = [];
  let droppedProofs = 0;
  let changes = 0;

  const noteHead = (list: Map<string, Change>, key: string, block: HalfBlock): void => {
    const { key: author, seq } = block.core;
    const present = list.get(key);
    if (present !== undefined && present.seq > seq) return;
    list.delete(key);
    list.set(key, { author, seq, digest: blockDigest(block.id).slice(), number: ++changes });
    if (list.size > MAX_RECENT_HEADS) forgetOldest(list);
  };

  return {
    noteProof(author, id) {
      const key = bytesKey(author);
      // What a proven cheat says is of no interest any more.
      heads.delete(key);
      addressedHeads.delete(key);
      // Copied: an id may be a view of a whole frame.
      const digest = blockDigest(id).slice();
      if (known.has(bytesKey(digest))) return;
      known.add(bytesKey(digest));
      proofs.push({ author, digest });
      if (proofs.length < 2 * MAX_OFFERED_PROOFS) return;
      for (const { digest } of proofs.slice(0, MAX_OFFERED_PROOFS)) known.delete(bytesKey(digest));
      proofs = proofs.slice(MAX_OFFERED_PROOFS);
      droppedProofs += MAX_OFFERED_PROOFS;
    },
    noteBlock(block, addressed) {
      const key = bytesKey(block.core.key);
      noteHead(heads, key, block);
      if (addressed) noteHead(addressedHeads, key, block);
    },
    after(cursor, limit) {
      const start = Math.max(0, cursor.proofs - droppedProofs);
      const page = proofs.slice(start, start + limit);
      const room = limit - page.length;
      const found =
        cursor.heads < changes
          ? [...heads.values(), ...addressedHeads.values()]
              .filter(({ number }) => number > cursor.heads)
              .sort((a, b) => a.number - b.number)
              .slice(0, room)
          : [];
      return {
        proofs: page,
        heads: found,
        next: {
          proofs: droppedProofs + start + page.length,
          heads: found.length < room ? changes : (found.at(-1)?.number ?? cursor.heads),
        },
        isLast: found.length < room,
      };
    },
  };
}
