import type { BlockId, Crypto, HalfBlock, PublicKey } from '@edmp/interface';
import { equalBytes } from '@edmp/interface';
import { releaseOf, unlockKey } from '../blocks/release.ts';
import { RELEASE_TYPE } from '../blocks/types.ts';
import { isMarketError, MarketError } from '../errors.ts';
import type { ShownRelease, Trade } from './trade.ts';

/**
 * Checks that a block is the release of a trade's hold, by its seller, and that `opener` opens it.
 * Throws `ERR_TRADE_TERMS`, and what decoding and unlocking throw.
 */
export function shownReleaseOf(
  trade: Pick<Trade, 'encoded' | 'hold'>,
  block: HalfBlock,
  opener: Uint8Array,
  crypto: Pick<Crypto, 'sha256' | 'chacha20Poly1305Open'>,
): ShownRelease {
  const { hold } = trade;
  const { seller, buyer } = trade.encoded.terms;
  if (hold === null)
    throw new MarketError('ERR_TRADE_STATE', 'A release came before the hold that it answers');
  const { key, peer, type, link } = block.core;
  if (type !== RELEASE_TYPE || link !== null || !equalBytes(key, seller)) {
    throw new MarketError('ERR_TRADE_TERMS', 'Expected the release proposal of the trade’s seller');
  }
  if (peer === null || !equalBytes(peer, buyer)) {
    throw new MarketError('ERR_TRADE_TERMS', 'Expected a release that is addressed to the buyer');
  }
  const tx = releaseOf(block);
  if (!sameId(tx.hold, hold.id)) {
    throw new MarketError(
      'ERR_TRADE_TERMS',
      `Expected the release of hold ${hold.key}, got that of ${tx.hold}`,
    );
  }
  const wrapped = unlockKey(tx, opener, crypto);
  if (wrapped === undefined) {
    throw new MarketError('ERR_TRADE_TERMS', 'The opener does not open the release that it came with');
  }
  return { block, tx, opener, wrapped };
}

/** Text of the hold that a release by `author` names; undefined when the block is no such release. */
export function holdOfRelease(block: HalfBlock, author: PublicKey): string | undefined {
  if (!equalBytes(block.core.key, author)) return undefined;
  try {
    return releaseOf(block).hold.toString();
  } catch (error) {
    if (isMarketError(error)) return undefined;
    throw error;
  }
}

function sameId(a: BlockId, b: BlockId): boolean {
  return equalBytes(a.bytes, b.bytes);
}
