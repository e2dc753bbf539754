import { bytesToHex, publicKey, type SealedDelivery, type SettlementTrade } from '@edmp/interface';
import { CID } from 'multiformats/cid';
import {
  asBoolean,
  asBytes,
  asInteger,
  asMap,
  asText,
  decodeCanonical,
  encodeCanonical,
} from '../codec/canonical.ts';
import { isSupportedCid } from '../codec/cid.ts';
import { MAX_SEALED_CHUNKS } from '../dataset/limits.ts';
import { SettlementError } from '../errors.ts';

/** Keys of private records in the key-value store. */
export const recordKey = {
  dataset: (asset: string): string => `settlement/dataset/${asset}`,
  chunk: (asset: string, index: number): string =>
    `settlement/chunk/${asset}/${index.toString().padStart(5, '0')}`,
  oneTime: (recipientKey: Uint8Array): string => `settlement/one-time/${bytesToHex(recipientKey)}`,
  sold: (tradeId: Uint8Array): string => `settlement/sold/${bytesToHex(tradeId)}`,
  bought: (tradeId: Uint8Array): string => `settlement/bought/${bytesToHex(tradeId)}`,
  /** Ends in the buyer, or in buyer and trade. */
  root: (root: CID, buyer: Uint8Array, tradeId: Uint8Array = new Uint8Array(0)): string =>
    `settlement/root/${root}/${bytesToHex(buyer)}/${bytesToHex(tradeId)}`,
  erased: (tradeId: Uint8Array): string => `settlement/erased/${bytesToHex(tradeId)}`,
} as const;

/** What a seller keeps of a trade. */
export interface SoldRecord {
  readonly trade: SettlementTrade;
  /** Content key of this trade, 32 bytes. Written before the first sealed block, so that a repeat seals the same. */
  readonly contentKey: Uint8Array;
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
const fail = (message: string, cause?: unknown): SettlementError =>
  new SettlementError('ERR_SETTLEMENT_FORMAT', `A stored trade record is damaged: ${message}`, { cause });

const TRADE = ['tradeId', 'asset', 'seller', 'buyer', 'recipientKey'] as const;
const DELIVERY = ['settlementRoot', 'manifest', 'chunks', 'bytes'] as const;

const tradeFields = (trade: SettlementTrade): unknown => ({
  tradeId: trade.tradeId,
  asset: trade.asset,
  seller: trade.seller,
  buyer: trade.buyer,
  recipientKey: trade.recipientKey,
});

const deliveryFields = (delivery: SealedDelivery): unknown => ({
  settlementRoot: delivery.settlementRoot,
  manifest: delivery.manifest,
  chunks: delivery.chunks,
  bytes: delivery.bytes,
});

function asTrade(value: unknown): SettlementTrade {
  const map = asMap(value, 'trade', TRADE, fail);
  return {
    tradeId: asBytes(map.tradeId, 'tradeId', 32, 32, fail),
    asset: asText(map.asset, 'asset', 128, fail),
    seller: publicKey(asBytes(map.seller, 'seller', 32, 32, fail)),
    buyer: publicKey(asBytes(map.buyer, 'buyer', 32, 32, fail)),
    recipientKey: asBytes(map.recipientKey, 'recipientKey', 32, 32, fail),
  };
}

function asDelivery(value: unknown): SealedDelivery {
  const map = asMap(value, 'delivery', DELIVERY, fail);
  const manifest = CID.asCID(map.manifest);
  if (manifest === null || !isSupportedCid(manifest)) throw fail('Expected manifest to be a link');
  return {
    settlementRoot: asBytes(map.settlementRoot, 'settlementRoot', 32, 32, fail),
    manifest,
    chunks: asInteger(map.chunks, 'chunks', 1, MAX_SEALED_CHUNKS, fail),
    bytes: asInteger(map.bytes, 'bytes', 1, Number.MAX_SAFE_INTEGER, fail),
  };
}

/** Bytes of a seller's record. */
export function encodeSold(record: SoldRecord): Uint8Array {
  return encodeCanonical({
    v: 1,
    trade: tradeFields(record.trade),
    contentKey: record.contentKey,
    shared: record.shared,
    delivery: record.delivery === null ? null : deliveryFields(record.delivery),
    wrappedKey: record.wrappedKey,
  });
}

/** Decodes {@link encodeSold}. Throws `ERR_SETTLEMENT_FORMAT`. */
export function decodeSold(bytes: Uint8Array): SoldRecord {
  const value = decodeCanonical(bytes, MAX_RECORD_BYTES, fail);
  const map = asMap(
    value,
    'the record',
    ['v', 'trade', 'contentKey', 'shared', 'delivery', 'wrappedKey'],
    fail,
  );
  asInteger(map.v, 'v', 1, 1, fail);
  return {
    trade: asTrade(map.trade),
    contentKey: asBytes(map.contentKey, 'contentKey', 32, 32, fail),
    shared: asBoolean(map.shared, 'shared', fail),
    delivery: map.delivery === null ? null : asDelivery(map.delivery),
    wrappedKey: map.wrappedKey === null ? null : asBytes(map.wrappedKey, 'wrappedKey', 80, 80, fail),
  };
}

/** Bytes of a buyer's record. */
export function encodeBought(record: BoughtRecord): Uint8Array {
  return encodeCanonical({
    v: 1,
    trade: tradeFields(record.trade),
    delivery: deliveryFields(record.delivery),
  });
}

/** Decodes {@link encodeBought}. Throws `ERR_SETTLEMENT_FORMAT`. */
export function decodeBought(bytes: Uint8Array): BoughtRecord {
  const value = decodeCanonical(bytes, MAX_RECORD_BYTES, fail);
  const map = asMap(value, 'the record', ['v', 'trade', 'delivery'], fail);
  asInteger(map.v, 'v', 1, 1, fail);
  return { trade: asTrade(map.trade), delivery: asDelivery(map.delivery) };
}
