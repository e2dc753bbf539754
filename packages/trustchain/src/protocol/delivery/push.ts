import {
  type AbortOptions,
  type Crypto,
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type Network,
  type PublicKey,
  type ReceiveResult,
  type RequestHandler,
  singleFrame,
} from '@edmp/interface';
import { decodeHalfBlock } from '../../block/codec.ts';
import { bytesKey } from '../../block/identity.ts';
import { ChainError } from '../../chain/errors.ts';
import {
  decodeBlocks,
  decodePushAnswer,
  encodeBlocks,
  encodePushAnswer,
  frames,
  PUSH_PROTOCOL,
} from '../messages.ts';
import { blocksPrice, bytesPrice } from '../prices.ts';
import type { Quota } from '../quota.ts';

/** What one wrongly signed or undecodable block costs its sender, in blocks. */
const FAULT_PRICE = 50;

/** Sends one frame of blocks. Returns what is wrong with each, null = stored. Throws `ERR_CHAIN_PROTOCOL`, `ERR_NETWORK_*`. */
export async function pushFrame(
  network: Network,
  peer: PublicKey,
  blocks: readonly HalfBlock[],
  options: AbortOptions = {},
): Promise<readonly (string | null)[]> {
  const answer = await singleFrame(network.request(peer, PUSH_PROTOCOL, encodeBlocks(blocks), options));
  return decodePushAnswer(answer, blocks.length);
}

/** Sends blocks and waits until the peer has stored them. Throws `ERR_CHAIN_PUSH` (`details.refused`: id → code), `ERR_NETWORK_*`. */
export async function pushBlocks(
  network: Network,
  peer: PublicKey,
  blocks: readonly HalfBlock[],
  options: AbortOptions = {},
): Promise<void> {
  const refused: Record<string, string> = {};
  for (const group of frames(blocks)) {
    for (const [index, code] of (await pushFrame(network, peer, group, options)).entries()) {
      const block = group[index];
      if (code !== null && block !== undefined) refused[block.id.toString()] = code;
    }
  }
  const codes = Object.values(refused);
  if (codes.length > 0) {
    throw new ChainError('ERR_CHAIN_PUSH', `The peer did not store ${codes.length} blocks: ${codes[0]}`, {
      details: { refused },
    });
  }
}

/** What {@link pushHandler} works with. */
export interface PushContext {
  readonly self: PublicKey;
  readonly crypto: Crypto;
  readonly quota: Quota;
  readonly receive: (block: HalfBlock) => Promise<ReceiveResult>;
  /** Fetches the blocks missing before proposals to us from the peer that sent them; bounded, never throws. */
  readonly fetchBefore: (peer: PublicKey, proposals: readonly HalfBlock[]) => Promise<void>;
  /** Fires when the node stops: nothing is taken in after that. */
  readonly stopping: AbortSignal;
}

const codeOf = (error: unknown): string => {
  if (isEdmpError(error)) return error.code;
  throw error;
};

/** Serves {@link PUSH_PROTOCOL}. */
export function pushHandler(context: PushContext): RequestHandler {
  const { self, crypto, quota, receive } = context;

  const take = async (peer: PublicKey, block: HalfBlock): Promise<string | null> => {
    try {
      const { added, issues } = await receive(block);
      const ahead = !added && issues.find((found) => found.code === 'ERR_BLOCK_FUTURE');
      return ahead ? ahead.code : null;
    } catch (error) {
      const code = codeOf(error);
      if (code.startsWith('ERR_BLOCK_')) quota.charge(peer, FAULT_PRICE);
      return code;
    }
  };

  const busy = (): ChainError =>
    new ChainError('ERR_CHAIN_BUSY', 'This peer pushes more than its quota allows; try later', {
      retryable: true,
    });

  return async ({ from, body }) => {
    // Its bytes are paid for before anything is decoded, and then what many small blocks cost more.
    const paid = bytesPrice(body.length);
    if (!quota.take(from, paid)) throw busy();
    const parts = decodeBlocks(body);
    const price = blocksPrice(parts.map((bytes) => ({ bytes })));
    if (price > paid && !quota.take(from, price - paid)) throw busy();
    const decoded: (HalfBlock | string)[] = parts.map((bytes) => {
      try {
        return decodeHalfBlock(bytes, crypto);
      } catch (error) {
        quota.charge(from, FAULT_PRICE);
        return codeOf(error);
      }
    });
    const blocks = decoded.filter((item) => typeof item !== 'string');
    const places = new Set(blocks.map(({ core }) => bytesKey(core.key) + core.seq));
    const proposals = blocks.filter(({ core: { key, seq, link, peer } }) => {
      const isForUs = link === null && peer !== null && equalBytes(peer, self);
      // What comes in the same frame need not be fetched.
      return isForUs && !places.has(bytesKey(key) + (seq - 1));
    });
    if (proposals.length > 0) await context.fetchBefore(from, proposals);
    if (context.stopping.aborted) throw new ChainError('ERR_CHAIN_STOPPED', 'The chain was stopped');
    const codes = await Promise.all(
      decoded.map((item) => (typeof item === 'string' ? Promise.resolve(item) : take(from, item))),
    );
    return encodePushAnswer(codes);
  };
}
