import type { Environment, HalfBlock, PublicKey } from '@edmp/interface';
import { bytesKey } from '../../block/identity.ts';
import { type HeadBounds, MAX_HEAD_BYTES } from './head-bounds.ts';

/** Authors whose heads are announced at once; further ones are left to their other witnesses and to reconciling. */
const MAX_AUTHORS = 4_096;

/** What {@link headAnnouncer} works with. */
export interface HeadAnnouncerContext {
  readonly environment: Environment;
  /** Shortest time between two announcements of one author's heads, ms. */
  readonly announceMs: number;
  readonly bounds: HeadBounds;
  /** Whether an author is known to have cheated. */
  readonly isProven: (author: PublicKey) => boolean;
  readonly publish: (block: HalfBlock) => void;
}

/**
 * Announces heads: this node's, and those of others that came to this node alone. Of each author the first at once, then the
 * newest once an interval.
 */
export interface HeadAnnouncer {
  announce(block: HalfBlock): void;
  stop(): void;
}

interface Turn {
  pending: HalfBlock | undefined;
  cancel: () => void;
}

/** A {@link HeadAnnouncer} with nothing to announce. */
export function headAnnouncer(context: HeadAnnouncerContext): HeadAnnouncer {
  const { environment, announceMs, bounds } = context;
  const turns = new Map<string, Turn>();
  let isStopped = false;

  const publish = (block: HalfBlock): void => {
    if (context.isProven(block.core.key)) return;
    bounds.relayed(block.id);
    context.publish(block);
  };
  const open = (author: string, block: HalfBlock): void => {
    const close = (): void => {
      turns.delete(author);
      if (turn.pending !== undefined) open(author, turn.pending);
    };
    const turn: Turn = { pending: undefined, cancel: environment.schedule(announceMs, close) };
    turns.set(author, turn);
    publish(block);
  };

  return {
    announce(block) {
      if (isStopped || block.bytes.length > MAX_HEAD_BYTES || bounds.wasRelayed(block.id)) return;
      const author = bytesKey(block.core.key);
      const turn = turns.get(author);
      if (turn === undefined) {
        if (turns.size < MAX_AUTHORS) open(author, block);
        return;
      }
      const { pending } = turn;

      if (pending === undefined || pending.core.seq <= block.core.seq) turn.pending = block;
    },
    stop() {
      isStopped = true;
      for (const turn of turns.values()) turn.cancel();
      turns.clear();
    },
  };
}
