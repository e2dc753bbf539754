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
import { decodeHalfBlock } from '../block/codec.ts';
import { bytesKey } from '../block/identity.ts';
import { ChainError } from '../chain/errors.ts';
import {
  decodeBlocks,
  decodePushAnswer,
  encodeBlocks,
  encodePushAnswer,
  frames,
  PUSH_PROTOCOL,
} from './messages.ts';
import type { Quota } from './quota.ts';

/** What one wrongly signed or undecodable block costs its sender, in blocks. */
const FAULT_PRICE = 50;

/** Sends blocks and waits until the peer has stored them. Throws `ERR_CHAIN_PUSH` (`details.refused`: id → code), `ERR_NETWORK_*`. */
export async function pushBlocks(
  network: Network,
  peer: PublicKey,
  blocks: readonly HalfBlock[],
  options: AbortOptions = {},
): Promise<void> {
  const refused: Record<string, string> = {};
  for (const group of frames(blocks)) {
    const answer = await singleFrame(network.request(peer, PUSH_PROTOCOL, encodeBlocks(group), options));
    for (const [index, code] of decodePushAnswer(answer, group.length).entries()) {
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
  /** Fetches the blocks missing before a proposal to us from the peer that sent it; bounded, never throws. */
  readonly fetchBefore: (peer: PublicKey, block: HalfBlock) => Promise<void>;
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

  return async ({ from, body }) => {
    const parts = decodeBlocks(body);
    if (!quota.take(from, parts.length)) {
      throw new ChainError(
        'ERR_CHAIN_BUSY',
        'This peer pushes more blocks than its quota allows; try later',
        {
          retryable: true,
        },
      );
    }
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
    for (const block of blocks) {
      const { key, seq, link, peer } = block.core;
      const isForUs = link === null && peer !== null && equalBytes(peer, self);
      // What comes in the same frame need not be fetched.
      if (isForUs && !places.has(bytesKey(key) + (seq - 1))) await context.fetchBefore(from, block);
    }
    const codes = await Promise.all(
      decoded.map((item) => (typeof item === 'string' ? Promise.resolve(item) : take(from, item))),
    );
    return encodePushAnswer(codes);
  };
}
