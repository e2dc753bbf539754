import type { HalfBlock, IncomingRequest, PublicKey } from '@edmp/interface';
import { isEdmpError } from '@edmp/interface';
import { tokenBuckets } from '@edmp/interface/bounded';
import { hex } from '../codec/fields.ts';
import type { MarketContext } from '../context.ts';
import { MarketError } from '../errors.ts';
import {
  BOOK_PROTOCOL,
  decodeBookFrame,
  decodeBookRequest,
  encodeBookFrame,
  encodeBookRequest,
  SYNC_FRAME_BLOCKS,
} from './messages.ts';

/** Book syncs that one peer may ask for. */
const SYNC_RATE = { burst: 4, perSecond: 0.1 };
/** Frames of a book sync that are read, at most. */
const MAX_SYNC_FRAMES = 2_000;

/** Exchanges known orders with peers that connect. */
export interface BookSync {
  /** Connected peers that said they are matchmakers. */
  matchmakers(): readonly PublicKey[];
  stop(): void;
}

/**
 * Starts serving {@link BOOK_PROTOCOL} and asking those who connect. `consume` takes in a block that has passed
 * TrustChain's checks.
 */
export function bookSync(
  context: MarketContext,
  isMatchmaker: boolean,
  consume: (block: HalfBlock, from: PublicKey) => Promise<unknown>,
): BookSync {
  const { environment, network, registry, trustchain } = context;
  const syncRate = tokenBuckets(SYNC_RATE, environment.now);
  const known = new Map<string, PublicKey>();

  const note = (peer: PublicKey, is: boolean): void => {
    if (is) known.set(hex(peer), peer);
    else known.delete(hex(peer));
  };

  async function* onRequest({ from, body }: IncomingRequest): AsyncIterable<Uint8Array> {
    const request = decodeBookRequest(body);
    if (!syncRate.take(hex(from))) {
      throw new MarketError('ERR_ORDER_LIMIT', 'Too many book syncs; wait and try again', {
        retryable: true,
      });
    }
    note(from, request.matchmaker);
    let blocks: Uint8Array[] = [];
    let sent = false;
    for (const { order } of [...registry.values()]) {
      if (order.side === 'bid' && !request.matchmaker) continue;
      blocks.push(order.block.bytes);
      if (blocks.length === SYNC_FRAME_BLOCKS) {
        yield encodeBookFrame({ matchmaker: isMatchmaker, blocks });
        blocks = [];
        sent = true;
      }
    }
    if (blocks.length > 0 || !sent) yield encodeBookFrame({ matchmaker: isMatchmaker, blocks });
  }

  const syncWith = async (peer: PublicKey): Promise<void> => {
    try {
      let frames = 0;
      const answer = network.request(peer, BOOK_PROTOCOL, encodeBookRequest({ matchmaker: isMatchmaker }), {
        signal: context.signal,
        maxFrameBytes: SYNC_FRAME_BLOCKS * 67 * 1024,
      });
      for await (const bytes of answer) {
        if (++frames > MAX_SYNC_FRAMES) break;
        const frame = decodeBookFrame(bytes);
        note(peer, frame.matchmaker);
        // Received together, their signatures are verified together.
        const received = await Promise.all(frame.blocks.map((block) => trustchain.receive(block)));
        for (const { block, level } of received) if (level !== 'invalid') await consume(block, peer);
      }
    } catch (error) {
      if (!isEdmpError(error)) throw error;
      if (error.code.startsWith('ERR_MARKET_') || error.code.startsWith('ERR_BLOCK_')) {
        context.refuse(peer, error.code, 'a book that breaks the format');
      }
      // Peers without a market, or gone again: nothing to sync.
    }
  };
  const ask = (peer: PublicKey): void => context.background('a book sync', () => syncWith(peer));

  const releases = [
    network.handle(BOOK_PROTOCOL, onRequest, { maxRequestBytes: 1_024, maxConcurrentPerPeer: 2 }),
    network.onPeer(({ type, peer }) => {
      if (type === 'connected') ask(peer);
      else known.delete(hex(peer));
    }),
  ];
  for (const peer of network.peers()) ask(peer);

  return {
    matchmakers: () => [...known.values()],
    stop() {
      for (const release of releases) release();
    },
  };
}
