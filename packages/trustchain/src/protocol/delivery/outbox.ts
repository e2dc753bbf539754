import {
  type BlockStore,
  type Environment,
  equalBytes,
  type HalfBlock,
  type Network,
  type PublicKey,
} from '@edmp/interface';
import { frames, MAX_FRAME_BLOCKS } from '../messages.ts';
import {
  type Box,
  boxTable,
  carry,
  doubtCarried,
  hasNothingToSend,
  hold,
  settle,
  takeUntried,
} from './box.ts';
import { offerBlocks } from './offer.ts';
import { pushFrame } from './push.ts';
import { undelivered } from './undelivered.ts';

/** Positions of undelivered blocks kept for one peer; the oldest go first, and peers can still sync them. */
const MAX_POSITIONS = 16_384;
/** Wait before the second try; each further wait is twice as long. */
const RETRY_MS = 1_000;
/** Longest wait between two tries while the peer is connected. */
const MAX_RETRY_MS = 300_000;
/** How long an application's own message may take to carry a block before the peer is asked whether it came. */
const CARRIED_MS = 60_000;

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
 * Delivers this node's blocks to their counterparties: at once when connected, else when the peer connects. A block is delivered
 * when the peer has stored it or refused it for good; everything else is tried again, at growing intervals, for as long
 * as the peer stays connected. A block that the application carries in a message of its own is not sent; unless the
 * peer has answered it, it is asked a minute later, or when it connects again, whether it stores it.
 */
export interface Outbox {
  deliver(peer: PublicKey, block: HalfBlock, options?: { readonly push?: boolean }): void;
  /** A block of somebody else was stored; what it answers has arrived there. */
  received(block: HalfBlock): void;
  /** The peer connected. */
  connected(peer: PublicKey): void;
  /** Remembers what a restart may have kept from being delivered; peers are asked first whether they store it. */
  recover(): Promise<void>;
  /** Resolves when nothing is being sent any more. */
  stop(): Promise<void>;
}

/** Whether the answer of a peer leaves nothing to try: the block is stored, or can never be. */
const isFinal = (code: string | null | undefined): boolean =>
  code === null || (code?.startsWith('ERR_BLOCK_') === true && code !== 'ERR_BLOCK_FUTURE');

/** The {@link Outbox} of one key. */
export function outbox(context: OutboxContext): Outbox {
  const { self, network, store, environment, maxPositions = MAX_POSITIONS } = context;
  const boxes = boxTable();
  const controller = new AbortController();
  const { signal } = controller;
  const isConnected = (peer: PublicKey): boolean => network.peers().some((other) => equalBytes(other, peer));

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
      const unsure = takeUntried(box, box.unsure, (seq) => seq);
      const held = unsure.length > 0 ? [] : takeUntried(box, box.held.values(), ({ core }) => core.seq);
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
        if (hasNothingToSend(box)) {
          box.cancelRetry?.();
          box.cancelRetry = undefined;
          boxes.drop(box);
        } else if (box.cancelRetry === undefined && isConnected(box.peer) && !signal.aborted) {
          retryAfter(box, Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.min(box.tries, 20)));
          box.tries += 1;
        }
      });
  };

  /** Asks for what is carried once it should have come. */
  const lookAfter = (box: Box, ms: number): void => {
    box.cancelLook = environment.schedule(ms, () => {
      box.cancelLook = undefined;
      const now = environment.now();
      doubtCarried(box, now - CARRIED_MS, maxPositions);
      const [next] = box.carried.values();
      // A clock that is set back makes nobody wait longer than that.
      if (next !== undefined) lookAfter(box, Math.min(CARRIED_MS, next.since + CARRIED_MS - now));
      if (!hasNothingToSend(box) && isConnected(box.peer)) start(box);
    });
  };

  return {
    deliver(peer, block, options = {}) {
      const box = boxes.of(peer);
      if (options.push === false) {
        carry(box, block, environment.now(), maxPositions);
        if (box.cancelLook === undefined && !signal.aborted) lookAfter(box, CARRIED_MS);
        return;
      }
      hold(box, block, maxPositions);
      if (isConnected(peer)) start(box);
    },
    received({ core }) {
      if (core.link !== null) boxes.shown(core.key, core.link);
    },
    connected(peer) {
      const box = boxes.find(peer);
      if (box === undefined) return;
      // What was on its way when the peer went may be lost.
      doubtCarried(box, Number.POSITIVE_INFINITY, maxPositions);
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
        const box = boxes.of(peer);
        for (const seq of positions) box.unsure.add(seq);
      }
    },
    async stop() {
      controller.abort();
      await Promise.all(boxes.clear());
    },
  };
}
