import type { AssetId } from '@edmp/interface';
import { MAX_BLOCK_BYTES } from '@edmp/trustchain/block';
import {
  boundedBytesOf,
  bytesOf,
  decodeBounded,
  encodeFields,
  integerOf,
  mapOf,
  oneOf,
  textOf,
} from '../codec/fields.ts';
import { MAX_CHUNK_BYTES } from '../dataset/limits.ts';
import { MAX_SPOT_CHECK } from './spot-check.ts';
import { SPOT_KEY_BYTES, SPOT_SEAL_BYTES } from './spot-check-seal.ts';

/** From a buyer to a seller: `commit` before the bid is signed, `open` after it. */
export const SPOT_CHECK_PROTOCOL = '/edmp/spot-check/1';
/** Largest request, bytes: a bid, the key that is answered to, and their frame. */
export const MAX_SPOT_REQUEST_BYTES: number = MAX_BLOCK_BYTES + SPOT_KEY_BYTES + 512;
/** Largest answer, bytes: the chunks with their paths. */
export const MAX_SPOT_REPLY_BYTES: number =
  MAX_SPOT_CHECK * (MAX_CHUNK_BYTES + 1_024) + SPOT_SEAL_BYTES + 512;

/** Why a seller opens nothing. */
export const SPOT_REFUSALS = {
  unknown: 'the seller does not have this data',
  refused: 'the seller’s owner does not let a part be shown',
  small: 'so few chunks make up the data that showing one would give much of it away',
  spent: 'as many chunks as may ever be shown were shown already',
  share: 'one buyer may look at fewer chunks of this data than that',
  reserved:
    'as many chunks as strangers may see were shown; the rest is for buyers who paid this seller before',
  again: 'this buyer has looked at this data already',
  bid: 'the bid is not one of this buyer for this data',
  key: 'the key that the answer should be sealed to is none',
  busy: 'the seller is asked too often; try again later',
} as const;
/** One of {@link SPOT_REFUSALS}. */
export type SpotRefusal = keyof typeof SPOT_REFUSALS;

/** A request of {@link SPOT_CHECK_PROTOCOL}. */
export type SpotRequest =
  | { readonly kind: 'commit'; readonly asset: AssetId; readonly samples: number }
  | {
      readonly kind: 'open';
      readonly asset: AssetId;
      /** Signed block of the bid. */
      readonly bid: Uint8Array;
      readonly samples: number;
      /** X-Wing key that the chunks are sealed to, made for this one answer. */
      readonly recipient: Uint8Array;
    };

/** An answer of {@link SPOT_CHECK_PROTOCOL}. */
export type SpotReply =
  /** SHA-256 of the nonce that the seller will draw with. */
  | { readonly kind: 'committed'; readonly commitment: Uint8Array }
  /** `sealed`: what `encodeSpotCheck` gives, as `sealSpotAnswer` seals it. */
  | { readonly kind: 'opened'; readonly nonce: Uint8Array; readonly sealed: Uint8Array }
  | { readonly kind: 'no'; readonly reason: SpotRefusal };

/** Canonical dag-cbor of a request. */
export function encodeSpotRequest(request: SpotRequest): Uint8Array {
  return encodeFields({ v: 1, ...request });
}

/** Decodes a request strictly. Throws `ERR_SETTLEMENT_FORMAT`. */
export function decodeSpotRequest(bytes: Uint8Array): SpotRequest {
  const value = decodeBounded(bytes, MAX_SPOT_REQUEST_BYTES, 'spot check');
  const kind = (value as { readonly kind?: unknown } | null)?.kind;
  const where = 'spot check';
  const map = mapOf(
    value,
    kind === 'open'
      ? ['v', 'kind', 'asset', 'samples', 'bid', 'recipient']
      : ['v', 'kind', 'asset', 'samples'],
    where,
  );
  integerOf(map.v, 1, 1, `${where}.v`);
  oneOf(map.kind, ['commit', 'open'], `${where}.kind`);
  const asset = textOf(map.asset, 128, `${where}.asset`);
  const samples = integerOf(map.samples, 1, MAX_SPOT_CHECK, `${where}.samples`);
  return kind === 'open'
    ? {
        kind,
        asset,
        samples,
        bid: boundedBytesOf(map.bid, MAX_BLOCK_BYTES, `${where}.bid`, 1),
        recipient: bytesOf(map.recipient, SPOT_KEY_BYTES, `${where}.recipient`),
      }
    : { kind: 'commit', asset, samples };
}

/** Canonical dag-cbor of an answer. */
export function encodeSpotReply(reply: SpotReply): Uint8Array {
  return encodeFields({ v: 1, ...reply });
}

/** Decodes an answer strictly. Throws `ERR_SETTLEMENT_FORMAT`. */
export function decodeSpotReply(bytes: Uint8Array): SpotReply {
  const where = 'answer to a spot check';
  const value = decodeBounded(bytes, MAX_SPOT_REPLY_BYTES, where);
  const kind = (value as { readonly kind?: unknown } | null)?.kind;
  if (kind === 'committed') {
    const map = mapOf(value, ['v', 'kind', 'commitment'], where);
    integerOf(map.v, 1, 1, `${where}.v`);
    return { kind, commitment: bytesOf(map.commitment, 32, `${where}.commitment`) };
  }
  if (kind === 'opened') {
    const map = mapOf(value, ['v', 'kind', 'nonce', 'sealed'], where);
    integerOf(map.v, 1, 1, `${where}.v`);
    return {
      kind,
      nonce: bytesOf(map.nonce, 32, `${where}.nonce`),
      sealed: boundedBytesOf(map.sealed, MAX_SPOT_REPLY_BYTES, `${where}.sealed`, SPOT_SEAL_BYTES),
    };
  }
  const map = mapOf(value, ['v', 'kind', 'reason'], where);
  integerOf(map.v, 1, 1, `${where}.v`);
  oneOf(map.kind, ['no'], `${where}.kind`);
  return {
    kind: 'no',
    reason: oneOf(map.reason, Object.keys(SPOT_REFUSALS) as SpotRefusal[], `${where}.reason`),
  };
}
