import type { Crypto, IncomingRequest, Trustchain } from '@edmp/interface';
import { equalBytes } from '@edmp/interface';
import { tokenBuckets } from '@edmp/interface/bounded';
import { hex } from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import { decodeReleaseTx, RELEASE_TYPE, referenceToTx, WITNESS_TYPE } from './blocks.ts';

/** Receipts that one peer may ask for. */
const RATE = { burst: 200, perSecond: 20 };
/** Receipts given lately, so that a repeated question gets the same block. */
const MEMORY = 2_000;

/** Serves `/edmp/market/witness/1`: signs a receipt for a key release that a seller shows in time (DESIGN §4.3). */
export function witnessService(options: {
  readonly trustchain: Trustchain;
  readonly crypto: Pick<Crypto, 'sha256'>;
  readonly now: () => number;
}): (request: IncomingRequest) => Promise<Uint8Array> {
  const { trustchain, now } = options;
  const rate = tokenBuckets(RATE, now);
  const given = new Map<string, Promise<Uint8Array>>();
  const attest = async (bytes: Uint8Array, from: Uint8Array): Promise<Uint8Array> => {
    const { block, level } = await trustchain.receive(bytes);
    const { type, key, link, tx } = block.core;
    if (level === 'invalid' || type !== RELEASE_TYPE || link !== null || !equalBytes(key, from)) {
      throw new MarketError('ERR_MARKET_FORMAT', 'Expected a valid release proposal by the peer that asks');
    }
    const { trade } = decodeReleaseTx(tx);
    const name = block.id.toString();
    const known = given.get(name);
    if (known !== undefined) return known;
    const receipt = trustchain
      .source({ type: WITNESS_TYPE, tx: referenceToTx({ trade, block: block.id }) })
      .then((signed) => signed.bytes);
    if (given.size >= MEMORY) {
      for (const oldest of given.keys()) {
        given.delete(oldest);
        break;
      }
    }
    given.set(name, receipt);
    return receipt;
  };
  return async ({ from, body }) => {
    if (!rate.take(hex(from))) {
      throw new MarketError('ERR_ORDER_LIMIT', 'Too many receipts asked for; wait and try again', {
        retryable: true,
      });
    }
    return attest(body, from);
  };
}
