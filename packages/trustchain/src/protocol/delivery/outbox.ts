import {
  type BlockStore,
  type Environment,
  equalBytes,
  type HalfBlock,
  type Network,
  type PublicKey,
} from '@edmp/interface';
import { bytesKey } from '../../block/identity.ts';
import { forgetOldest } from '../../store/forget-oldest.ts';
import { frames, MAX_FRAME_BLOCKS } from '../messages.ts';
import { offerBlocks } from './offer.ts';
import { pushFrame } from './push.ts';
import { undelivered } from './undelivered.ts';

/** Undelivered blocks kept in memory for one peer; of older ones only the position is kept. */
const MAX_HELD = 1_024;
/** Positions of undelivered blocks kept for one peer; the oldest go first, and peers can still sync them. */
const MAX_POSITIONS = 16_384;
/** Peers that undelivered blocks are kept for. */
const MAX_PEERS = 4_096;
/** Wait before the second try; each further wait is twice as long. */
const RETRY_MS = 1_000;
/** After each try that was refused, frames are half as large, this many times: the peer's quota may be small. */
const MAX_HALVINGS = 4;
/** Longest wait between two tries while the peer is connected. */
const MAX_RETRY_MS = 300_000;

/** What {@link outbox} works with. */
export interface OutboxContext {
  readonly self: PublicKey;
  readonly network: Network;
  readonly store: BlockStore;
  readonly environment: Environment;
  /** Undelivered blocks remembered for one peer. Default 16 384. */
  readonly maxPositions?: number;
}

/**
 * Delivers own blocks to their counterparties: at once when connected, else when the peer connects. A block is delivered
 * when the peer has stored it or refused it for good; everything else is tried again, at growing intervals, for as long
 * as the peer stays connected.
 */
export interface Outbox {
  deliver(peer: PublicKey, block: HalfBlock): void;
  /** The peer connected. */
  connected(peer: PublicKey): void;
  /** Remembers what a restart may have kept from being delivered; peers are asked first whether they store it. */
  recover(): Promise<void>;
  /** Resolves when nothing is being sent any more. */
  stop(): Promise<void>;
}

interface Box {
  readonly peer: PublicKey;
  /** Blocks to send, by position. */
  readonly held: Map<number, HalfBlock>;
  /** Positions of blocks that the peer may store already. */
  readonly unsure: Set<number>;
  /** Positions tried since the last wait. */
  readonly tried: Set<number>;
  tries: number;
  triedAt: number;
  sending: Promise<void> | undefined;
  cancelRetry: (() => void) | undefined;
}

/** Whether the answer of a peer leaves nothing to try: the block is stored, or can never be. */
const isFinal = (code: string | null | undefined): boolean =>
  code === null || (code?.startsWith('ERR_BLOCK_') === true && code !== 'ERR_BLOCK_FUTURE');

/** The {@link Outbox} of one key. */
export function outbox(context: OutboxContext): Outbox {
  const { self, network, store, environment, maxPositions = MAX_POSITIONS } = context;
  const maxHeld = Math.min(MAX_HELD, maxPositions);
  const boxes = new Map<string, Box>();
  const controller = new AbortController();
  const { signal } = controller;

  const boxOf = (peer: PublicKey): Box => {
    const key = bytesKey(peer);
    const known = boxes.get(key);
    if (known !== undefined) return known;
    if (boxes.size >= MAX_PEERS) {
      const [oldest] = boxes.values();
      oldest?.cancelRetry?.();
      forgetOldest(boxes);
    }
    const box: Box = {
      peer,
      held: new Map(),
      unsure: new Set(),
      tried: new Set(),
      tries: 0,
      triedAt: Number.NEGATIVE_INFINITY,
      sending: undefined,
      cancelRetry: undefined,
    };
    boxes.set(key, box);
    return box;
  };
  const isEmpty = (box: Box): boolean => box.held.size === 0 && box.unsure.size === 0;
  const isConnected = (peer: PublicKey): boolean => network.peers().some((other) => equalBytes(other, peer));

  const settle = (box: Box, { core }: HalfBlock): void => {
    box.held.delete(core.seq);
    box.unsure.delete(core.seq);
  };
  const untried = <T>(box: Box, entries: Iterable<T>, seqOf: (entry: T) => number): readonly T[] => {
    const group: T[] = [];
    for (const entry of entries) {
      if (box.tried.has(seqOf(entry))) continue;
      group.push(entry);
      if (group.length >= MAX_FRAME_BLOCKS >> Math.min(box.tries, MAX_HALVINGS)) break;
    }
    for (const entry of group) box.tried.add(seqOf(entry));
    return group;
  };

  /** Sends blocks; `false` when the peer took none of a frame. */
  const push = async (box: Box, blocks: readonly HalfBlock[]): Promise<boolean> => {
    for (const frame of frames(blocks)) {
      const codes = await pushFrame(network, box.peer, frame, { signal });
      const final = frame.filter((_, index) => isFinal(codes[index]));
      for (const block of final) settle(box, block);
      if (final.length === 0) return false;
    }
    return true;
  };

  /** Sends those of a group of positions that the peer does not store. */
  const offer = async (box: Box, positions: readonly number[]): Promise<boolean> => {
    const found = await Promise.all(positions.map((seq) => store.at(self, seq)));
    const blocks = found.flat().slice(0, MAX_FRAME_BLOCKS);
    for (const [index, seq] of positions.entries()) {
      if (found[index]?.length === 0) box.unsure.delete(seq);
    }
    const ids = blocks.map(({ id }) => id);
    const stored = await offerBlocks(network, box.peer, ids, { signal });
    for (const [index, block] of blocks.entries()) if (stored[index] === true) settle(box, block);
    return push(
      box,
      blocks.filter((_, index) => stored[index] !== true),
    );
  };

  /** Tries everything once, or until the peer takes no more. */
  const send = async (box: Box): Promise<void> => {
    let goesOn = true;
    while (goesOn && !signal.aborted) {
      const unsure = untried(box, box.unsure, (seq) => seq);
      const held = unsure.length > 0 ? [] : untried(box, box.held.values(), ({ core }) => core.seq);
      if (unsure.length === 0 && held.length === 0) return;
      goesOn = await (unsure.length > 0 ? offer(box, unsure) : push(box, held));
    }
  };

  const retryAfter = (box: Box, ms: number): void => {
    box.cancelRetry = environment.schedule(ms, () => {
      box.cancelRetry = undefined;
      box.tried.clear();
      // A peer that is away is tried again when it connects.
      if (isConnected(box.peer)) start(box);
    });
  };

  const start = (box: Box): void => {
    if (box.sending !== undefined || signal.aborted) return;
    box.triedAt = environment.now();
    // Deferred by a microtask, so that blocks made together travel together.
    box.sending = Promise.resolve()
      .then(() => send(box))
      // Whatever failed left its blocks in the box.
      .catch(() => {})
      .then(() => {
        box.sending = undefined;
        if (isEmpty(box)) {
          box.cancelRetry?.();
          boxes.delete(bytesKey(box.peer));
        } else if (box.cancelRetry === undefined && isConnected(box.peer) && !signal.aborted) {
          retryAfter(box, Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.min(box.tries, 20)));
          box.tries += 1;
        }
      });
  };

  return {
    deliver(peer, block) {
      const box = boxOf(peer);
      box.held.set(block.core.seq, block);
      if (box.held.size > maxHeld) {
        const [oldest] = box.held.keys();
        forgetOldest(box.held);
        if (oldest !== undefined) box.unsure.add(oldest);
      }
      if (box.unsure.size + box.held.size > maxPositions) forgetOldest(box.unsure);
      if (isConnected(peer)) start(box);
    },
    connected(peer) {
      const box = boxes.get(bytesKey(peer));
      if (box === undefined) return;
      const since = environment.now() - box.triedAt;
      // A peer that comes and goes all the time is not sent the same blocks each time.
      if (since >= 0 && since < RETRY_MS) {
        if (box.cancelRetry === undefined) retryAfter(box, RETRY_MS - since);
        return;
      }
      box.cancelRetry?.();
      box.cancelRetry = undefined;
      box.tries = 0;
      box.tried.clear();
      start(box);
    },
    async recover() {
      for (const { peer, positions } of await undelivered(store, self, maxPositions)) {
        const box = boxOf(peer);
        for (const seq of positions) box.unsure.add(seq);
      }
    },
    async stop() {
      controller.abort();
      const sending = [...boxes.values()].map((box) => {
        box.cancelRetry?.();
        return box.sending;
      });
      boxes.clear();
      await Promise.all(sending);
    },
  };
}
