import {
  type Environment,
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type Network,
  type PublicKey,
} from '@edmp/interface';
import { blockKey, bytesKey } from '../block/identity.ts';
import { forgetOldest } from '../store/forget-oldest.ts';
import { MAX_FRAME_BLOCKS } from './messages.ts';
import { pushBlocks } from './push.ts';

/** Undelivered blocks kept for one peer; the oldest go first, and peers can still sync them. */
const MAX_PER_PEER = 1_024;
/** Peers that undelivered blocks are kept for. */
const MAX_PEERS = 4_096;
const RETRY_MS = 1_000;
const MAX_RETRIES = 5;

/** Delivers own blocks to their counterparties: at once when connected, else when the peer connects. */
export interface Outbox {
  deliver(peer: PublicKey, block: HalfBlock): void;
  /** The peer connected. */
  connected(peer: PublicKey): void;
  stop(): void;
}

interface Box {
  readonly peer: PublicKey;
  readonly blocks: Map<string, HalfBlock>;
  sending: Promise<void> | undefined;
  cancelRetry: (() => void) | undefined;
}

/** The {@link Outbox} over a network. */
export function outbox(network: Network, environment: Environment): Outbox {
  const boxes = new Map<string, Box>();
  const controller = new AbortController();

  const boxOf = (peer: PublicKey): Box => {
    const key = bytesKey(peer);
    const known = boxes.get(key);
    if (known !== undefined) return known;
    if (boxes.size >= MAX_PEERS) {
      forgetOldest(boxes);
    }
    const box: Box = { peer, blocks: new Map(), sending: undefined, cancelRetry: undefined };
    boxes.set(key, box);
    return box;
  };

  const isConnected = (peer: PublicKey): boolean => network.peers().some((other) => equalBytes(other, peer));

  /** `false` when the peer could not be reached. */
  const send = async (box: Box, attempt: number): Promise<boolean> => {
    while (box.blocks.size > 0 && !controller.signal.aborted) {
      const group = [...box.blocks.entries()].slice(0, MAX_FRAME_BLOCKS);
      try {
        await pushBlocks(
          network,
          box.peer,
          group.map(([, block]) => block),
          { signal: controller.signal },
        );
      } catch (error) {
        // Refused blocks were delivered; everything else is tried again.
        if (!isEdmpError(error, 'ERR_CHAIN_PUSH')) {
          if (attempt < MAX_RETRIES && isConnected(box.peer) && !controller.signal.aborted) {
            box.cancelRetry = environment.schedule(RETRY_MS << attempt, () => start(box, attempt + 1));
          }
          return false;
        }
      }
      for (const [key] of group) box.blocks.delete(key);
    }
    return true;
  };

  const start = (box: Box, attempt: number): void => {
    if (box.sending !== undefined || controller.signal.aborted) return;
    box.cancelRetry?.();
    box.cancelRetry = undefined;
    // Deferred by a microtask, so that blocks made together travel together.
    box.sending = Promise.resolve()
      .then(() => send(box, attempt))
      .then((delivered) => {
        box.sending = undefined;
        if (box.blocks.size === 0) boxes.delete(bytesKey(box.peer));
        else if (delivered) start(box, 0);
      });
  };

  return {
    deliver(peer, block) {
      const box = boxOf(peer);
      box.blocks.set(blockKey(block.id), block);
      if (box.blocks.size > MAX_PER_PEER) {
        forgetOldest(box.blocks);
      }
      if (box.cancelRetry === undefined && isConnected(peer)) start(box, 0);
    },
    connected(peer) {
      const box = boxes.get(bytesKey(peer));
      if (box !== undefined) start(box, 0);
    },
    stop() {
      controller.abort();
      for (const box of boxes.values()) box.cancelRetry?.();
      boxes.clear();
    },
  };
}
