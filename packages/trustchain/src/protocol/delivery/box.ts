import type { BlockId, HalfBlock, PublicKey } from '@edmp/interface';
import { blockKey, bytesKey } from '../../block/identity.ts';
import { forgetOldest } from '../../store/forget-oldest.ts';
import { MAX_FRAME_BLOCKS } from '../messages.ts';

/** Undelivered blocks kept in memory for one peer; of older ones only the position is kept. */
const MAX_HELD = 1_024;
/** Peers that undelivered blocks are kept for. */
const MAX_PEERS = 4_096;
/** After each try that was refused, frames are half as large, this many times: the peer's quota may be small. */
const MAX_HALVINGS = 4;

/** A block that the application carries to its peer in a message of its own. */
export interface CarriedBlock {
  readonly seq: number;
  /** When it was made, ms. */
  readonly since: number;
}

/** What one peer has not been shown to have. */
export interface Box {
  readonly peer: PublicKey;
  /** Blocks to send, by position. */
  readonly held: Map<number, HalfBlock>;
  /** Positions of blocks that the peer may store already. */
  readonly unsure: Set<number>;
  /** Blocks that travel in the application's messages, by id, oldest first. */
  readonly carried: Map<string, CarriedBlock>;
  /** Positions tried since the last wait. */
  readonly tried: Set<number>;
  tries: number;
  triedAt: number;
  sending: Promise<void> | undefined;
  cancelRetry: (() => void) | undefined;
  /** Calls off the look at what is carried. */
  cancelLook: (() => void) | undefined;
}

/** An empty {@link Box}. */
export function emptyBox(peer: PublicKey): Box {
  return {
    peer,
    held: new Map(),
    unsure: new Set(),
    carried: new Map(),
    tried: new Set(),
    tries: 0,
    triedAt: Number.NEGATIVE_INFINITY,
    sending: undefined,
    cancelRetry: undefined,
    cancelLook: undefined,
  };
}

/** Whether there is nothing to send. */
export const hasNothingToSend = (box: Box): boolean => box.held.size === 0 && box.unsure.size === 0;

/** The peer has this block, or will never take it. */
export function settle(box: Box, { core }: Pick<HalfBlock, 'core'>): void {
  box.held.delete(core.seq);
  box.unsure.delete(core.seq);
}

/** Adds a block to send. At most `maxPositions` are remembered; peers can still sync the oldest. */
export function hold(box: Box, block: HalfBlock, maxPositions: number): void {
  box.held.set(block.core.seq, block);
  if (box.held.size > Math.min(MAX_HELD, maxPositions)) {
    const [oldest] = box.held.keys();
    forgetOldest(box.held);
    if (oldest !== undefined) box.unsure.add(oldest);
  }
  if (box.unsure.size + box.held.size > maxPositions) forgetOldest(box.unsure);
}

/** Adds a block that the application carries. */
export function carry(box: Box, block: HalfBlock, since: number, maxPositions: number): void {
  box.carried.set(blockKey(block.id), { seq: block.core.seq, since });
  if (box.carried.size > maxPositions) forgetOldest(box.carried);
}

/** From now on the peer is asked for what it was to be carried up to `until`, ms. */
export function doubtCarried(box: Box, until: number, maxPositions: number): void {
  for (const [key, { seq, since }] of box.carried) {
    if (since > until) return;
    box.carried.delete(key);
    box.unsure.add(seq);
    if (box.unsure.size + box.held.size > maxPositions) forgetOldest(box.unsure);
  }
}

/** The next blocks or positions to try, noted as tried. */
export function takeUntried<T>(box: Box, entries: Iterable<T>, seqOf: (entry: T) => number): readonly T[] {
  const group: T[] = [];
  for (const entry of entries) {
    if (box.tried.has(seqOf(entry))) continue;
    group.push(entry);
    if (group.length >= MAX_FRAME_BLOCKS >> Math.min(box.tries, MAX_HALVINGS)) break;
  }
  for (const entry of group) box.tried.add(seqOf(entry));
  return group;
}

/** {@link Box}es by peer. */
export interface BoxTable {
  /** The box of a peer, made when there is none. */
  of(peer: PublicKey): Box;
  find(peer: PublicKey): Box | undefined;
  /** Removes a box in which nothing is left. */
  drop(box: Box): void;
  /** The peer shows that it has the block `id`, by answering it. */
  shown(peer: PublicKey, id: BlockId): void;
  /** Calls off everything that waits, and forgets all boxes. Returns what is being sent. */
  clear(): readonly (Promise<void> | undefined)[];
}

/** A {@link BoxTable} without boxes. */
export function boxTable(): BoxTable {
  const boxes = new Map<string, Box>();
  const callOff = (box: Box | undefined): void => {
    box?.cancelRetry?.();
    box?.cancelLook?.();
  };
  const drop = (box: Box): void => {
    if (!hasNothingToSend(box) || box.carried.size > 0 || box.sending !== undefined) return;
    callOff(box);
    boxes.delete(bytesKey(box.peer));
  };
  return {
    of(peer) {
      const key = bytesKey(peer);
      const known = boxes.get(key);
      if (known !== undefined) return known;
      if (boxes.size >= MAX_PEERS) {
        const [oldest] = boxes.values();
        callOff(oldest);
        forgetOldest(boxes);
      }
      const box = emptyBox(peer);
      boxes.set(key, box);
      return box;
    },
    find: (peer) => boxes.get(bytesKey(peer)),
    drop,
    shown(peer, id) {
      const box = boxes.get(bytesKey(peer));
      if (box?.carried.delete(blockKey(id)) === true) drop(box);
    },
    clear() {
      const sending = [...boxes.values()].map((box) => {
        callOff(box);
        return box.sending;
      });
      boxes.clear();
      return sending;
    },
  };
}
