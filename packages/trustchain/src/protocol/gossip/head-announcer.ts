import type { Environment, HalfBlock, PublicKey } from '@edmp/interface';
import { bytesKey } from '../../block/identity.ts';
import type { MaybePromise } from '../../maybe-promise.ts';
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
  /** The block that an answer answers, if it is stored. */
  readonly answeredBy: (block: HalfBlock) => MaybePromise<HalfBlock | undefined>;
  readonly publish: (block: HalfBlock, answered: HalfBlock | undefined) => void;
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

  const publishWith = (block: HalfBlock, found: HalfBlock | undefined): void => {
    if (isStopped) return;
    const answered = found === undefined || context.isProven(found.core.key) ? undefined : found;
    if (answered === undefined && block.bytes.length > MAX_HEAD_BYTES) return;
    bounds.relayed(block.id, answered?.id);
    context.publish(block, answered);
  };
  /** A damaged row is reported when the chain is verified: the answer is announced without it. */
  const read = (block: HalfBlock): MaybePromise<HalfBlock | undefined> => {
    try {
      const found = context.answeredBy(block);
      return found instanceof Promise ? found.catch(() => undefined) : found;
    } catch {
      return undefined;
    }
  };
  const publish = (block: HalfBlock): void => {
    if (context.isProven(block.core.key)) return;
    // Before anything is waited for: it is announced once.
    bounds.relayed(block.id);
    const found = block.core.link === null ? undefined : read(block);
    if (found instanceof Promise) void found.then((answered) => publishWith(block, answered));
    else publishWith(block, found);
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
      const isTooLarge = block.core.link === null && block.bytes.length > MAX_HEAD_BYTES;
      if (isStopped || isTooLarge || bounds.wasRelayed(block.id)) return;
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
