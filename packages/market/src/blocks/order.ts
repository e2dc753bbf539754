import type {
  AssetId,
  BlockId,
  Crypto,
  DatasetDocument,
  HalfBlock,
  PublicKey,
  PublicKeyHex,
  TxValue,
} from '@edmp/interface';
import { equalBytes, publicKeyToHex } from '@edmp/interface';
import { isIssuedCurrency } from '../asset/currency.ts';
import { datasetDocumentOf, documentToTx, isAssetId, MAX_DOCUMENT_BYTES } from '../asset/document.ts';
import { comparePrices, costOf, MAX_QUANTITY, type Price, wholeLots } from '../asset/price.ts';
import {
  blockIdOf,
  boundedBytesOf,
  encodeCanonical,
  integerOf,
  keyOf,
  listOf,
  mapOf,
  textOf,
} from '../codec/fields.ts';
import { keyOfDigest } from '../codec/order-id.ts';
import { MarketError } from '../errors.ts';
import { priceOf, priceToTx } from './price.ts';

/** Most witnesses that an ask may name. */
export const MAX_ASK_WITNESSES = 4;

/** Longest life of an ask: 366 days, ms. */
export const MAX_ASK_LIFETIME_MS: number = 366 * 86_400_000;
/** Longest life of a bid: one day, ms (DESIGN §4.2). */
export const MAX_BID_LIFETIME_MS = 86_400_000;

/** Which side of the market an order is on: an ask sells a data asset for money, a bid buys it. */
export type OrderSide = 'ask' | 'bid';

/** Block type of asks. */
export const ASK_TYPE = 'market/ask';
/** Block type of bids. */
export const BID_TYPE = 'market/bid';
/** Block type of cancels. */
export const CANCEL_TYPE = 'market/cancel';

/** An order as its signed block says it: complete, verifiable offline, the trader is the block's key. */
export interface SignedOrder {
  readonly id: BlockId;
  /** Text of `id`. */
  readonly key: string;
  readonly side: OrderSide;
  readonly owner: PublicKey;
  readonly ownerHex: PublicKeyHex;
  readonly asset: AssetId;
  readonly price: Price;
  readonly quantity: number;
  /** Block time, ms. */
  readonly created: number;
  /** First moment at which it no longer matches, ms. */
  readonly expires: number;
  /** What an ask sells; undefined in bids. */
  readonly document: DatasetDocument | undefined;
  /**
   * Witnesses that an ask accepts, in a test currency; empty = trades without witnesses, or, in issued money, the
   * currency's notaries. Empty in bids.
   */
  readonly witnesses: readonly PublicKey[];
  readonly block: HalfBlock;
}

/**
 * Transaction of an ask.
 *
 * @param ask - What is sold, its price, how many licences (`supply`), the first moment at which the order no longer
 *   matches (`expires`, ms since the epoch), and the witnesses that the seller accepts.
 */
export function askToTx(ask: {
  readonly document: DatasetDocument;
  readonly price: Price;
  readonly supply: number;
  readonly expires: number;
  /** Default none. */
  readonly witnesses?: readonly PublicKey[];
}): TxValue {
  return {
    v: 1,
    document: documentToTx(ask.document),
    price: priceToTx(ask.price),
    supply: ask.supply,
    expires: ask.expires,
    witnesses: [...(ask.witnesses ?? [])],
  };
}

/**
 * Transaction of a bid.
 *
 * @param bid - The dataset's asset id, the price offered, how many licences (`quantity`), and the first moment at
 *   which the order no longer matches (`expires`, ms since the epoch).
 */
export function bidToTx(bid: {
  readonly asset: AssetId;
  readonly price: Price;
  readonly quantity: number;
  readonly expires: number;
}): TxValue {
  return {
    v: 1,
    asset: bid.asset,
    price: priceToTx(bid.price),
    quantity: bid.quantity,
    expires: bid.expires,
  };
}

/** Transaction of a cancel. */
export function cancelToTx(order: BlockId): TxValue {
  return { v: 1, order };
}

function expectSource(block: HalfBlock, where: string): void {
  if (block.core.peer !== null || block.core.link !== null) {
    throw new MarketError('ERR_MARKET_FORMAT', `${where}: expected a source block without peer and link`);
  }
}

function expiryOf(value: unknown, block: HalfBlock, maxLifetime: number, where: string): number {
  const expires = integerOf(value, 1, Number.MAX_SAFE_INTEGER, `${where}.expires`);
  const life = expires - block.core.time;
  if (life < 1 || life > maxLifetime) {
    throw new MarketError(
      'ERR_ORDER_LIFETIME',
      `${where}: expected a life of 1 to ${maxLifetime} ms after the block's time, got ${life}`,
    );
  }
  return expires;
}

function quantityOf(value: unknown, unit: Price, where: string): number {
  const quantity = integerOf(value, 1, MAX_QUANTITY, where);
  if (wholeLots(unit, quantity) < 1) {
    throw new MarketError(
      'ERR_ORDER_AMOUNT',
      `${where}: expected at least one lot of ${unit.per}, got ${quantity}`,
    );
  }
  return quantity;
}

function witnessesOf(value: unknown, unit: Price, seller: PublicKey): readonly PublicKey[] {
  const witnesses = listOf(value, MAX_ASK_WITNESSES, 'ask.witnesses').map((key) =>
    keyOf(key, 'ask.witnesses'),
  );
  if (witnesses.length > 0 && isIssuedCurrency(unit.currency)) {
    throw new MarketError(
      'ERR_MARKET_FORMAT',
      'ask.witnesses: expected none, because the notaries of an issued currency are its witnesses',
    );
  }
  for (const [at, key] of witnesses.entries()) {
    if (equalBytes(key, seller)) {
      throw new MarketError('ERR_MARKET_FORMAT', 'ask.witnesses: expected others than the seller itself');
    }
    if (witnesses.slice(0, at).some((earlier) => equalBytes(earlier, key))) {
      throw new MarketError('ERR_MARKET_FORMAT', 'ask.witnesses: expected different keys, one comes twice');
    }
  }
  return witnesses;
}

/** Decoded orders by their immutable block: rules, registry and ledger all read the same one. */
const decodedOrders = new WeakMap<HalfBlock, SignedOrder>();

/** Reads an ask's or bid's block. Throws `ERR_MARKET_FORMAT`, `ERR_ORDER_AMOUNT` or `ERR_ORDER_LIFETIME`. */
export function decodeOrder(block: HalfBlock, crypto: Pick<Crypto, 'sha256'>): SignedOrder {
  let order = decodedOrders.get(block);
  if (order === undefined) {
    order = readOrder(block, (document) => assetOf(document, crypto));
    decodedOrders.set(block, order);
  }
  return order;
}

/** Reads the block of an order that was decoded before, when its asset id was worked out. Throws as {@link decodeOrder} does. */
export function decodeKnownOrder(block: HalfBlock, asset: AssetId): SignedOrder {
  return readOrder(block, () => asset);
}

/** Asset id of a document that was read from `value`: canonical bytes have one form, so those of the value are the document's. */
function assetOf(value: unknown, crypto: Pick<Crypto, 'sha256'>): AssetId {
  const bytes = boundedBytesOf(encodeCanonical(value), MAX_DOCUMENT_BYTES, 'ask.document');
  return `EW${keyOfDigest(crypto.sha256(bytes))}`;
}

function readOrder(block: HalfBlock, assetIdOf: (document: unknown) => AssetId): SignedOrder {
  const { core } = block;
  const common = {
    id: block.id,
    key: block.id.toString(),
    owner: core.key,
    ownerHex: publicKeyToHex(core.key),
    created: core.time,
    block,
  };
  if (core.type === ASK_TYPE) {
    expectSource(block, 'ask');
    const fields = mapOf(core.tx, ['v', 'document', 'price', 'supply', 'expires', 'witnesses'], 'ask');
    integerOf(fields.v, 1, 1, 'ask.v');
    const document = datasetDocumentOf(fields.document);
    const unit = priceOf(fields.price, 'ask.price');
    return {
      ...common,
      side: 'ask',
      asset: assetIdOf(fields.document),
      price: unit,
      quantity: quantityOf(fields.supply, unit, 'ask.supply'),
      expires: expiryOf(fields.expires, block, MAX_ASK_LIFETIME_MS, 'ask'),
      document,
      witnesses: witnessesOf(fields.witnesses, unit, core.key),
    };
  }
  if (core.type === BID_TYPE) {
    expectSource(block, 'bid');
    const fields = mapOf(core.tx, ['v', 'asset', 'price', 'quantity', 'expires'], 'bid');
    integerOf(fields.v, 1, 1, 'bid.v');
    const asset: string = textOf(fields.asset, 128, 'bid.asset');
    if (!isAssetId(asset)) {
      throw new MarketError(
        'ERR_MARKET_FORMAT',
        `bid.asset: expected EW and the CID of a dataset document, got ${asset.slice(0, 80)}`,
      );
    }
    const unit = priceOf(fields.price, 'bid.price');
    const quantity = quantityOf(fields.quantity, unit, 'bid.quantity');
    costOf(unit, wholeLots(unit, quantity));
    return {
      ...common,
      side: 'bid',
      asset,
      price: unit,
      quantity,
      expires: expiryOf(fields.expires, block, MAX_BID_LIFETIME_MS, 'bid'),
      document: undefined,
      witnesses: [],
    };
  }
  throw new MarketError('ERR_MARKET_FORMAT', `Expected an ask or a bid, got a block of type ${core.type}`);
}

/** The order that a cancel's block names; only the order's own key can cancel it. Throws `ERR_MARKET_FORMAT`. */
export function decodeCancel(block: HalfBlock): BlockId {
  if (block.core.type !== CANCEL_TYPE) {
    throw new MarketError('ERR_MARKET_FORMAT', `Expected a cancel, got a block of type ${block.core.type}`);
  }
  expectSource(block, 'cancel');
  const fields = mapOf(block.core.tx, ['v', 'order'], 'cancel');
  integerOf(fields.v, 1, 1, 'cancel.v');
  return blockIdOf(fields.order, 'cancel.order');
}

/** Whether an ask and a bid can trade: same asset and currency, different traders, bid at or above ask. */
export function ordersCross(ask: SignedOrder, bid: SignedOrder): boolean {
  return (
    ask.side === 'ask' &&
    bid.side === 'bid' &&
    ask.asset === bid.asset &&
    ask.price.currency === bid.price.currency &&
    ask.ownerHex !== bid.ownerHex &&
    comparePrices(bid.price, ask.price) >= 0
  );
}

/** The price at which two crossing orders trade: always the ask's, so that nobody gains by dating an order (DESIGN §4.2). */
export function executionPrice(ask: SignedOrder, _bid: SignedOrder): Price {
  return ask.price;
}
