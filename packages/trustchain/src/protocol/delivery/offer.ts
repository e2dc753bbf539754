import {
  type AbortOptions,
  type BlockId,
  type BlockStore,
  isEdmpError,
  type Network,
  type PublicKey,
  type RequestHandler,
  singleFrame,
} from '@edmp/interface';
import { ChainError } from '../../chain/errors.ts';
import {
  decodeOffer,
  decodeOfferAnswer,
  encodeOffer,
  encodeOfferAnswer,
  OFFER_PROTOCOL,
} from '../messages.ts';
import type { Quota } from '../quota.ts';

/** Ids that one token of the push quota pays for. */
const IDS_PER_TOKEN = 16;

/**
 * Asks which of at most 256 blocks a peer stores, so that only the others are sent. A peer that does not speak the
 * protocol counts as storing none. Throws `ERR_CHAIN_PROTOCOL`, `ERR_NETWORK_*`.
 */
export async function offerBlocks(
  network: Network,
  peer: PublicKey,
  ids: readonly BlockId[],
  options: AbortOptions = {},
): Promise<readonly boolean[]> {
  try {
    const answer = await singleFrame(network.request(peer, OFFER_PROTOCOL, encodeOffer(ids), options));
    return decodeOfferAnswer(answer, ids.length);
  } catch (error) {
    if (isEdmpError(error, 'ERR_NETWORK_PROTOCOL')) return ids.map(() => false);
    throw error;
  }
}

/** Serves {@link OFFER_PROTOCOL}. */
export function offerHandler(store: BlockStore, quota: Quota): RequestHandler {
  return async ({ from, body }) => {
    // The price is known from the size, so that nothing is decoded for a peer that cannot pay it.
    if (!quota.take(from, 1 + Math.ceil(body.length / (36 * IDS_PER_TOKEN)))) {
      throw new ChainError(
        'ERR_CHAIN_BUSY',
        'This peer offers more blocks than its quota allows; try later',
        {
          retryable: true,
        },
      );
    }
    return encodeOfferAnswer(await Promise.all(decodeOffer(body).map((id) => store.has(id))));
  };
}
