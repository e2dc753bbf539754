import type { AssetId } from '@edmp/interface';
import { type Price, price } from '../asset/price.ts';
import { compareExact, type ExactRatio, exactRatio, priceKey } from '../asset/price-key.ts';
import type { SignedOrder } from '../blocks/order.ts';
import { digestOfAsset, keyOfDigest } from '../codec/order-id.ts';
import { MarketError } from '../errors.ts';
import { BlockArena } from './block-arena.ts';
import { DIGEST_BYTES, DigestIndex, type HashSecret } from './digest-index.ts';

/** Number of an asset's side in {@link OrderTable.sides}. */
export const ASK_SIDE = 0;
/** Number of a bid's side in {@link OrderTable.sides}. */
export const BID_SIDE = 1;

/** Reads the signed bytes of an order that was checked before, for an asset that is known. */
export type DecodeKnown = (bytes: Uint8Array, asset: AssetId) => SignedOrder;

/** Decoded orders kept for who asks again, some 5 kB each: a few pages; more would make every collection longer. */
const CACHED_ORDERS = 256;

/**
 * Open orders as columns: one number or digest a field and order, and the signed bytes in an arena. A decoded half block
 * is five to ten times as large as its bytes, so orders are decoded again when somebody wants to see them.
 *
 * A slot is an order's row from {@link OrderTable.put} to {@link OrderTable.free}. The columns are replaced when they
 * grow: read them through the table each time.
 */
export class OrderTable {
  /** SHA-256 of the block's core, 32 bytes a slot. */
  ids: Uint8Array<ArrayBuffer> = new Uint8Array(16 * DIGEST_BYTES);
  /** Digest of the asset's document, 32 bytes a slot. */
  assets: Uint8Array<ArrayBuffer> = new Uint8Array(16 * DIGEST_BYTES);
  sides: Uint8Array<ArrayBuffer> = new Uint8Array(16);
  /** Number of the trader, given by who keeps the traders. */
  owners: Int32Array<ArrayBuffer> = new Int32Array(16);
  /** Minor units of the price in lowest terms. */
  amounts: BigInt64Array<ArrayBuffer> = new BigInt64Array(16);
  /** Licences that the price is for. */
  lots: Float64Array<ArrayBuffer> = new Float64Array(16);
  /** Double nearest to the price. */
  priceKeys: Float64Array<ArrayBuffer> = new Float64Array(16);
  currencies: Int32Array<ArrayBuffer> = new Int32Array(16);
  quantities: Float64Array<ArrayBuffer> = new Float64Array(16);
  /** Licences that no hold has taken. */
  left: Float64Array<ArrayBuffer> = new Float64Array(16);
  /** Time priority: the block's time, or the arrival when the block is dated later; ms. */
  since: Float64Array<ArrayBuffer> = new Float64Array(16);
  /** Block time, ms. */
  created: Float64Array<ArrayBuffer> = new Float64Array(16);
  /** First moment at which it no longer matches, ms. */
  expires: Float64Array<ArrayBuffer> = new Float64Array(16);

  readonly arena: BlockArena = new BlockArena();
  readonly #index: DigestIndex;
  readonly #decode: DecodeKnown;
  readonly #cache = new Map<number, SignedOrder>();
  readonly #currencyNames = new Map<string, number>();
  readonly #currencyOf: (string | undefined)[] = [];
  readonly #currencyUses: number[] = [];
  readonly #freeCurrencies: number[] = [];
  readonly #freeSlots: number[] = [];
  #used = 0;
  #size = 0;

  constructor(secret: HashSecret, decode: DecodeKnown) {
    this.#index = new DigestIndex(() => this.ids, secret);
    this.#decode = decode;
  }

  /** Orders in the table. */
  get size(): number {
    return this.#size;
  }

  /** The slot of an order, or −1. */
  find(digest: Uint8Array, at = 0): number {
    return this.#index.find(digest, at);
  }

  /** Takes in an order that is not in the table; returns its slot. Throws `ERR_MARKET_FORMAT` for an asset that is no dataset. */
  put(order: SignedOrder, owner: number, since: number): number {
    const asset = digestOfAsset(order.asset);
    if (asset === undefined) {
      throw new MarketError('ERR_MARKET_FORMAT', 'An order is for EW and the CID of a dataset document');
    }
    const slot = this.#freeSlots.pop() ?? this.#used++;
    if (slot >= this.sides.length) this.#grow(slot + 1);
    this.ids.set(order.id.multihash.digest, slot * DIGEST_BYTES);
    this.assets.set(asset, slot * DIGEST_BYTES);
    this.sides[slot] = order.side === 'ask' ? ASK_SIDE : BID_SIDE;
    this.owners[slot] = owner;
    this.amounts[slot] = order.price.amount;
    this.lots[slot] = Number(order.price.per);
    this.priceKeys[slot] = priceKey(order.price.amount, order.price.per);
    this.currencies[slot] = this.#useCurrency(order.price.currency);
    this.quantities[slot] = order.quantity;
    this.left[slot] = order.quantity;
    this.since[slot] = since;
    this.created[slot] = order.created;
    this.expires[slot] = order.expires;
    this.arena.put(slot, order.block.bytes);
    this.#index.add(slot);
    this.#size++;
    return slot;
  }

  /** Gives a slot back. */
  free(slot: number): void {
    this.#index.remove(slot);
    this.arena.free(slot);
    this.#cache.delete(slot);
    this.#leaveCurrency(this.currencies[slot] as number);
    this.#freeSlots.push(slot);
    this.#size--;
  }

  /** Digest of an order's id, as a view. */
  digest(slot: number): Uint8Array {
    return this.ids.subarray(slot * DIGEST_BYTES, (slot + 1) * DIGEST_BYTES);
  }

  /** Text of an order's id. */
  key(slot: number): string {
    return keyOfDigest(this.digest(slot));
  }

  asset(slot: number): AssetId {
    return `EW${keyOfDigest(this.assets.subarray(slot * DIGEST_BYTES, (slot + 1) * DIGEST_BYTES))}`;
  }

  /** Whether two orders are for the same asset. */
  sameAsset(a: number, b: number): boolean {
    const { assets } = this;
    for (let i = 0; i < DIGEST_BYTES; i++) {
      if (assets[a * DIGEST_BYTES + i] !== assets[b * DIGEST_BYTES + i]) return false;
    }
    return true;
  }

  /** Number of a currency in which some order is, or −1. */
  currencyNumber(currency: AssetId): number {
    return this.#currencyNames.get(currency) ?? -1;
  }

  /** Currency by its number. */
  currencyName(number: number): AssetId {
    return this.#currencyOf[number] ?? '';
  }

  price(slot: number): Price {
    return price(
      this.currencyName(this.currencies[slot] as number),
      this.amounts[slot] as bigint,
      BigInt(this.lots[slot] as number),
    );
  }

  /** The exact form of a price where its key alone is not enough. */
  exact(slot: number): ExactRatio {
    if (this.lots[slot] === 1 && (this.priceKeys[slot] as number) < Number.MAX_SAFE_INTEGER) return null;
    return exactRatio({ amount: this.amounts[slot] as bigint, per: BigInt(this.lots[slot] as number) });
  }

  /** Negative, 0 or positive as `a` is cheaper than, equal to or dearer than `b`; both in one currency. */
  comparePrices(a: number, b: number): number {
    const key = this.priceKeys[a] as number;
    const difference = key - (this.priceKeys[b] as number);
    return difference !== 0 ? difference : compareExact(key, this.exact(a), this.exact(b));
  }

  /** Order in time: by {@link OrderTable.since}, then by id, so that every node agrees. */
  compareTimes(a: number, b: number): number {
    return (this.since[a] as number) - (this.since[b] as number) || this.compareIds(a, b);
  }

  compareIds(a: number, b: number): number {
    const { ids } = this;
    for (let i = 0; i < DIGEST_BYTES; i++) {
      const difference = (ids[a * DIGEST_BYTES + i] as number) - (ids[b * DIGEST_BYTES + i] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  /** The signed bytes, as a view that is good until the next change. */
  bytes(slot: number): Uint8Array {
    return this.arena.get(slot);
  }

  /** The order as its block says it. */
  order(slot: number): SignedOrder {
    const known = this.#cache.get(slot);
    if (known !== undefined) return known;
    const order = this.#decode(this.bytes(slot).slice(), this.asset(slot));
    this.remember(slot, order);
    return order;
  }

  /** Keeps an order decoded, for those who ask soon. */
  remember(slot: number, order: SignedOrder): void {
    if (this.#cache.size >= CACHED_ORDERS) {
      for (const oldest of this.#cache.keys()) {
        this.#cache.delete(oldest);
        break;
      }
    }
    this.#cache.set(slot, order);
  }

  #useCurrency(currency: string): number {
    let number = this.#currencyNames.get(currency);
    if (number === undefined) {
      number = this.#freeCurrencies.pop() ?? this.#currencyOf.length;
      this.#currencyNames.set(currency, number);
      this.#currencyOf[number] = currency;
      this.#currencyUses[number] = 0;
    }
    this.#currencyUses[number] = (this.#currencyUses[number] ?? 0) + 1;
    return number;
  }

  #leaveCurrency(number: number): void {
    const uses = (this.#currencyUses[number] ?? 1) - 1;
    this.#currencyUses[number] = uses;
    if (uses > 0) return;
    this.#currencyNames.delete(this.currencyName(number));
    this.#currencyOf[number] = undefined;
    this.#freeCurrencies.push(number);
  }

  #grow(least: number): void {
    const capacity = Math.max(least, this.sides.length * 2);
    this.ids = copied(this.ids, new Uint8Array(capacity * DIGEST_BYTES));
    this.assets = copied(this.assets, new Uint8Array(capacity * DIGEST_BYTES));
    this.sides = copied(this.sides, new Uint8Array(capacity));
    this.owners = copied(this.owners, new Int32Array(capacity));
    const amounts = new BigInt64Array(capacity);
    amounts.set(this.amounts);
    this.amounts = amounts;
    this.lots = copied(this.lots, new Float64Array(capacity));
    this.priceKeys = copied(this.priceKeys, new Float64Array(capacity));
    this.currencies = copied(this.currencies, new Int32Array(capacity));
    this.quantities = copied(this.quantities, new Float64Array(capacity));
    this.left = copied(this.left, new Float64Array(capacity));
    this.since = copied(this.since, new Float64Array(capacity));
    this.created = copied(this.created, new Float64Array(capacity));
    this.expires = copied(this.expires, new Float64Array(capacity));
  }
}

function copied<T extends Uint8Array | Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
