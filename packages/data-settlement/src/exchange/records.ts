import { bytesToHex, type SealedDelivery, type SettlementTrade } from '@edmp/interface';
import { MAX_CHUNKS } from '@edmp/interface/dataset';
import { CID } from 'multiformats/cid';
import { isSupportedCid } from '../codec/cid.ts';
import {
  booleanOf,
  boundedBytesOf,
  bytesOf,
  decodeBounded,
  encodeFields,
  integerOf,
  keyOf,
  mapOf,
  textOf,
} from '../codec/fields.ts';
import { SettlementError } from '../errors.ts';

/** Keys of private records in the key-value store. */
export const recordKey = {
  dataset: (asset: string): string => `settlement/dataset/${asset}`,
  chunks: (asset: string): string => `settlement/chunk/${asset}/`,
  chunk: (asset: string, index: number): string =>
    `settlement/chunk/${asset}/${index.toString().padStart(5, '0')}`,
  /** Ends in the SHA-256 of the public key, which is too long for a name. */
  oneTime: (keyDigest: Uint8Array): string => `settlement/one-time/${bytesToHex(keyDigest)}`,
  sold: (tradeId: Uint8Array): string => `settlement/sold/${bytesToHex(tradeId)}`,
  bought: (tradeId: Uint8Array): string => `settlement/bought/${bytesToHex(tradeId)}`,
  /** Ends in the buyer, or in buyer and trade. */
  root: (root: CID, buyer: Uint8Array, tradeId: Uint8Array = new Uint8Array(0)): string =>
    `settlement/root/${root}/${bytesToHex(buyer)}/${bytesToHex(tradeId)}`,
  /** Seller: the nonce of a negotiation, by dataset and buyer. */
  spotCommit: (asset: string, buyer: Uint8Array): string =>
    `settlement/spot-commit/${asset}/${bytesToHex(buyer)}`,
  spotCommits: (asset: string): string => `settlement/spot-commit/${asset}/`,
  /** Seller: the chunks that were ever shown of a dataset. */
  spotShown: (asset: string): string => `settlement/spot-shown/${asset}`,
  /** Seller: deals that a buyer paid for; the whole key ends in the trade. */
  paidBy: (buyer: Uint8Array, tradeId: Uint8Array = new Uint8Array(0)): string =>
    `settlement/paid-by/${bytesToHex(buyer)}/${bytesToHex(tradeId)}`,
  /** Buyer: a spot check that waits for its bid, by dataset. */
  spotWanted: (asset: string): string => `settlement/spot-wanted/${asset}`,
  /** Says that the chunks under `openedChunks` are all of the bought data. */
  opened: (tradeId: Uint8Array): string => `settlement/opened/${bytesToHex(tradeId)}`,
  openedChunks: (tradeId: Uint8Array): string => `settlement/opened-chunk/${bytesToHex(tradeId)}/`,
  openedChunk: (tradeId: Uint8Array, index: number): string =>
    `settlement/opened-chunk/${bytesToHex(tradeId)}/${index.toString().padStart(5, '0')}`,
  erased: (tradeId: Uint8Array): string => `settlement/erased/${bytesToHex(tradeId)}`,
} as const;

/** What a seller keeps of a trade. */
export interface SoldRecord {
  readonly trade: SettlementTrade;
  /**
   * Content key of this trade, 32 bytes. Written before the first sealed block, so that a repeat seals the same; null
   * once the trade is over and it was destroyed.
   */
  readonly contentKey: Uint8Array | null;
  /** Whether the dataset is sealed once for all buyers, so that other trades have the same content key. */
  readonly shared: boolean;
  /** null until every block is stored. */
  readonly delivery: SealedDelivery | null;
  /** null until released; kept because a second, different release would prove equivocation. */
  readonly wrappedKey: Uint8Array | null;
}

/** What a buyer keeps of a trade. */
export interface BoughtRecord {
  readonly trade: SettlementTrade;
  readonly delivery: SealedDelivery;
}

const MAX_RECORD_BYTES = 4096;
/** Longest one-time key and wrapped key: those of X-Wing have 1 216 and 1 168 bytes. */
const MAX_KEY_BYTES = 1_216;
const fail = (message: string): SettlementError =>
  new SettlementError('ERR_SETTLEMENT_FORMAT', `A stored trade record is damaged: ${message}`);

const TRADE = ['tradeId', 'asset', 'seller', 'buyer', 'suite', 'recipientKey'] as const;
const DELIVERY = ['settlementRoot', 'manifest', 'chunks', 'bytes'] as const;

const tradeFields = (trade: SettlementTrade): unknown => ({
  tradeId: trade.tradeId,
  asset: trade.asset,
  seller: trade.seller,
  buyer: trade.buyer,
  suite: trade.suite,
  recipientKey: trade.recipientKey,
});

const deliveryFields = (delivery: SealedDelivery): unknown => ({
  settlementRoot: delivery.settlementRoot,
  manifest: delivery.manifest,
  chunks: delivery.chunks,
  bytes: delivery.bytes,
});

function asTrade(value: unknown): SettlementTrade {
  const map = mapOf(value, TRADE, 'stored trade.trade');
  return {
    tradeId: bytesOf(map.tradeId, 32, 'stored trade.tradeId'),
    asset: textOf(map.asset, 128, 'stored trade.asset'),
    seller: keyOf(map.seller, 'stored trade.seller'),
    buyer: keyOf(map.buyer, 'stored trade.buyer'),
    suite: textOf(map.suite, 32, 'stored trade.suite'),
    recipientKey: boundedBytesOf(map.recipientKey, MAX_KEY_BYTES, 'stored trade.recipientKey', 1),
  };
}

function asDelivery(value: unknown): SealedDelivery {
  const map = mapOf(value, DELIVERY, 'stored trade.delivery');
  const manifest = CID.asCID(map.manifest);
  if (manifest === null || !isSupportedCid(manifest)) throw fail('Expected manifest to be a link');
  return {
    settlementRoot: bytesOf(map.settlementRoot, 32, 'stored trade.settlementRoot'),
    manifest,
    chunks: integerOf(map.chunks, 1, MAX_CHUNKS, 'stored trade.chunks'),
    bytes: integerOf(map.bytes, 1, Number.MAX_SAFE_INTEGER, 'stored trade.bytes'),
  };
}

/** Bytes of a seller's record. */
export function encodeSold(record: SoldRecord): Uint8Array {
  return encodeFields({
    v: 2,
    trade: tradeFields(record.trade),
    contentKey: record.contentKey,
    shared: record.shared,
    delivery: record.delivery === null ? null : deliveryFields(record.delivery),
    wrappedKey: record.wrappedKey,
  });
}

/** Decodes {@link encodeSold}. Throws `ERR_SETTLEMENT_FORMAT`. */
export function decodeSold(bytes: Uint8Array): SoldRecord {
  const value = decodeBounded(bytes, MAX_RECORD_BYTES, 'stored trade');
  const map = mapOf(value, ['v', 'trade', 'contentKey', 'shared', 'delivery', 'wrappedKey'], 'stored trade');
  integerOf(map.v, 2, 2, 'stored trade.v');
  return {
    trade: asTrade(map.trade),
    contentKey: map.contentKey === null ? null : bytesOf(map.contentKey, 32, 'stored trade.contentKey'),
    shared: booleanOf(map.shared, 'stored trade.shared'),
    delivery: map.delivery === null ? null : asDelivery(map.delivery),
    wrappedKey:
      map.wrappedKey === null
        ? null
        : boundedBytesOf(map.wrappedKey, MAX_KEY_BYTES, 'stored trade.wrappedKey', 1),
  };
}

/** Bytes of a buyer's record. */
export function encodeBought(record: BoughtRecord): Uint8Array {
  return encodeFields({
    v: 2,
    trade: tradeFields(record.trade),
    delivery: deliveryFields(record.delivery),
  });
}

/** Decodes {@link encodeBought}. Throws `ERR_SETTLEMENT_FORMAT`. */
export function decodeBought(bytes: Uint8Array): BoughtRecord {
  const value = decodeBounded(bytes, MAX_RECORD_BYTES, 'stored trade');
  const map = mapOf(value, ['v', 'trade', 'delivery'], 'stored trade');
  integerOf(map.v, 2, 2, 'stored trade.v');
  return { trade: asTrade(map.trade), delivery: asDelivery(map.delivery) };
}
