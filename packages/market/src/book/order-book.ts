import { type Price, price } from '../asset/price.ts';
import { compareExact, type ExactRatio, exactRatio, priceKey } from '../asset/price-key.ts';
import type { OrderSide } from '../blocks/order.ts';
import { PriceLadder } from './price-ladder.ts';
import { PriceTree } from './price-tree.ts';
import { ASK, BID, NONE, type SideIndex, type SideLevels } from './side-levels.ts';
import type { BookLevel } from './view.ts';

export { ASK, BID } from './side-levels.ts';
/** Handle of an order in a book: valid until the order is filled, cancelled or expired, then reused. */
export type OrderHandle = number;
/** No order. */
export const NO_ORDER: OrderHandle = -1;

/** Fills of the latest match, in order; read them before the next call. */
export interface BookFills {
  readonly count: number;
  readonly maker: (index: number) => OrderHandle;
  readonly quantity: (index: number) => number;
}

/** Conditions of one match. */
export interface MatchOptions {
  /** Orders that expire at or before this moment are removed instead of matched, ms. Default: none are. */
  readonly now?: number;
  /** Which resting orders may be taken; skipped ones keep their place. */
  readonly accept?: (maker: OrderHandle) => boolean;
}

/** Where and how an order rests. */
export interface RestOptions {
  /** First moment at which it no longer matches, ms. Default: never. */
  readonly expires?: number;
  /** Time priority inside its level: lower goes first. Default: after everything so far. */
  readonly priority?: number;
}

/** Numbers of an order in the whole-number column: next and previous order plus one, level and side, owner. */
const INTS = 4;
const NEXT = 0;
const PREVIOUS = 1;
/** Twice the level, plus the side; {@link NONE} marks a free handle. */
const LEVEL = 2;
const OWNER = 3;
/** Numbers of an order in the other column: quantity, expiry, time priority. */
const NUMBERS = 3;
const QUANTITY = 0;
const EXPIRES = 1;
const PRIORITY = 2;

const sideOf = (side: OrderSide): SideIndex => (side === 'ask' ? ASK : BID);

/**
 * Price–time order book of one asset in one currency (DESIGN §4.2).
 *
 * Prices are exact ratios, quantities whole licences; the resting order's price executes, in whole lots of it; orders
 * of one owner never trade with each other and do not hide what rests behind them. Insert, match and cancel take
 * constant time while prices are whole numbers close together for their number, and O(log levels) otherwise.
 *
 * All numbers of an order lie side by side in two arrays, so that touching an order is two lines of cache.
 */
export class OrderBook {
  #ints: Int32Array<ArrayBuffer>;
  #numbers: Float64Array<ArrayBuffer>;
  #used = 0;
  /** First free handle plus one; they are linked by {@link NEXT}. */
  #free = 0;
  #asks: SideLevels = new PriceLadder(ASK);
  #bids: SideLevels = new PriceLadder(BID);
  /** Levels of a side as a tree from which on a ladder is tried. */
  readonly #nextLadder: [number, number] = [64, 64];
  readonly #sizes: [number, number] = [0, 0];
  #clock = 0;
  #fillMakers = new Int32Array(8);
  #fillQuantities = new Float64Array(8);
  #fillCount = 0;

  /** An empty book with room for `capacity` orders before it grows. */
  constructor(capacity: number) {
    const orders = Math.max(4, capacity);
    this.#ints = new Int32Array(orders * INTS);
    this.#numbers = new Float64Array(orders * NUMBERS);
  }

  /** Fills of the latest match, in order; read them before the next call. */
  readonly fills: BookFills = new Fills(
    () => this.#fillCount,
    (index) => this.#fillMakers[index] as number,
    (index) => this.#fillQuantities[index] as number,
  );

  /** Matches an order at `amount` minor units per licence and rests what is left. Returns its handle, or {@link NO_ORDER} when nothing is left. */
  place(side: SideIndex, amount: number, quantity: number, owner: number): OrderHandle {
    this.#fillCount = 0;
    const left = this.#take(side, amount, null, quantity, owner, Number.NEGATIVE_INFINITY, undefined);
    if (left === 0) return NO_ORDER;
    const level = this.#levelFor(side, amount, 1, null);
    return this.#restAt(side, level, left, owner, Number.POSITIVE_INFINITY, ++this.#clock);
  }

  /** Matches without resting. Returns the quantity left. */
  match(side: OrderSide, unit: Price, quantity: number, owner: number, options: MatchOptions = {}): number {
    this.#fillCount = 0;
    return this.#take(
      sideOf(side),
      priceKey(unit.amount, unit.per),
      exactRatio(unit),
      quantity,
      owner,
      options.now ?? Number.NEGATIVE_INFINITY,
      options.accept,
    );
  }

  /** Rests an order without matching it. */
  rest(
    side: OrderSide,
    unit: Price,
    quantity: number,
    owner: number,
    options: RestOptions = {},
  ): OrderHandle {
    const index = sideOf(side);
    const level = this.#levelFor(index, priceKey(unit.amount, unit.per), Number(unit.per), exactRatio(unit));
    const priority = options.priority ?? this.#clock + 1;
    this.#clock = Math.max(this.#clock, priority);
    return this.#restAt(index, level, quantity, owner, options.expires ?? Number.POSITIVE_INFINITY, priority);
  }

  /** Takes a resting order out. `false` when the handle is not in use. */
  cancel(handle: OrderHandle): boolean {
    if (!this.#isInUse(handle)) return false;
    this.#unlink(handle);
    return true;
  }

  /** Lowers the quantity of a resting order, removing it at 0. Returns what is left. */
  reduce(handle: OrderHandle, quantity: number): number {
    return this.setQuantity(handle, this.quantity(handle) - quantity);
  }

  /** Sets the quantity of a resting order, which keeps its place, or removes it at 0. Returns what is left. */
  setQuantity(handle: OrderHandle, quantity: number): number {
    if (!this.#isInUse(handle)) return 0;
    if (quantity <= 0) {
      this.#unlink(handle);
      return 0;
    }
    this.#numbers[handle * NUMBERS + QUANTITY] = quantity;
    return quantity;
  }

  /** Quantity of a resting order, 0 for a handle that is not in use. */
  quantity(handle: OrderHandle): number {
    return this.#isInUse(handle) ? (this.#numbers[handle * NUMBERS + QUANTITY] as number) : 0;
  }

  /** Resting orders of a side. */
  size(side: OrderSide): number {
    return this.#sizes[sideOf(side)];
  }

  /** Price levels of a side. */
  levelCount(side: OrderSide): number {
    return this.#levels(sideOf(side)).count;
  }

  /** The best `limit` levels of a side, best first; prices in `currency`. */
  levels(side: OrderSide, currency: string, limit: number): readonly BookLevel[] {
    const out: BookLevel[] = [];
    const levels = this.#levels(sideOf(side));
    for (let level = levels.best; level !== NONE && out.length < limit; level = levels.worse(level)) {
      const exact = levels.exact(level);
      let orders = 0;
      let total = 0n;
      for (let at = this.#head(levels, level); at !== NO_ORDER; at = this.#next(at)) {
        orders++;
        total += BigInt(this.#numbers[at * NUMBERS + QUANTITY] as number);
      }
      const unit =
        exact === null ? price(currency, levels.key(level)) : price(currency, exact.amount, exact.per);
      out.push({ price: unit, orders, quantity: total });
    }
    return out;
  }

  /** Handles in matching order of a side: best price first, then time. `visit` ends the walk with `false`. */
  each(side: OrderSide, visit: (handle: OrderHandle) => boolean): void {
    const levels = this.#levels(sideOf(side));
    for (let level = levels.best; level !== NONE; level = levels.worse(level)) {
      for (let at = this.#head(levels, level); at !== NO_ORDER; at = this.#next(at)) if (!visit(at)) return;
    }
  }

  /** All handles of a side in matching order. */
  handles(side: OrderSide): readonly OrderHandle[] {
    const out: OrderHandle[] = [];
    this.each(side, (handle) => {
      out.push(handle);
      return true;
    });
    return out;
  }

  #levels(side: SideIndex): SideLevels {
    return side === ASK ? this.#asks : this.#bids;
  }

  #head(levels: SideLevels, level: number): OrderHandle {
    return (levels.heads[level] as number) - 1;
  }

  #next(handle: OrderHandle): OrderHandle {
    return (this.#ints[handle * INTS + NEXT] as number) - 1;
  }

  #isInUse(handle: OrderHandle): boolean {
    return handle >= 0 && handle < this.#used && this.#ints[handle * INTS + LEVEL] !== NONE;
  }

  #take(
    side: SideIndex,
    key: number,
    exact: ExactRatio,
    wanted: number,
    owner: number,
    now: number,
    accept: ((maker: OrderHandle) => boolean) | undefined,
  ): number {
    let quantity = wanted;
    const levels = side === BID ? this.#asks : this.#bids;
    const ints = this.#ints;
    const numbers = this.#numbers;
    for (let level = levels.best; level !== NONE && quantity > 0; level = levels.worse(level)) {
      const restingKey = levels.key(level);
      if (side === BID ? restingKey > key : restingKey < key) break;
      const lot = levels.lot(level);
      if (restingKey === key) {
        const order = compareExact(key, levels.exact(level), exact);
        if (side === BID ? order > 0 : order < 0) break;
      }
      let maker = (levels.heads[level] as number) - 1;
      while (maker !== NO_ORDER && quantity > 0) {
        const next = (ints[maker * INTS + NEXT] as number) - 1;
        if ((numbers[maker * NUMBERS + EXPIRES] as number) <= now) {
          this.#unlink(maker);
        } else if (ints[maker * INTS + OWNER] !== owner && (accept === undefined || accept(maker))) {
          const resting = numbers[maker * NUMBERS + QUANTITY] as number;
          let fill = Math.min(resting, quantity);
          if (lot !== 1) fill -= fill % lot;
          if (fill > 0) {
            this.#recordFill(maker, fill);
            quantity -= fill;
            if (fill === resting) this.#unlink(maker);
            else numbers[maker * NUMBERS + QUANTITY] = resting - fill;
          }
        }
        maker = next;
      }
    }
    return quantity;
  }

  #unlink(handle: OrderHandle): void {
    const ints = this.#ints;
    const at = handle * INTS;
    const place = ints[at + LEVEL] as number;
    const side = (place & 1) as SideIndex;
    const level = place >> 1;
    const levels = side === ASK ? this.#asks : this.#bids;
    const next = ints[at + NEXT] as number;
    const previous = ints[at + PREVIOUS] as number;
    if (next === 0) levels.tails[level] = previous;
    else ints[(next - 1) * INTS + PREVIOUS] = previous;
    if (previous === 0) {
      levels.heads[level] = next;
      if (next === 0) levels.drop(level);
    } else {
      ints[(previous - 1) * INTS + NEXT] = next;
    }
    this.#sizes[side]--;
    ints[at + LEVEL] = NONE;
    ints[at + NEXT] = this.#free;
    this.#free = handle + 1;
  }

  #restAt(
    side: SideIndex,
    level: number,
    quantity: number,
    owner: number,
    expires: number,
    priority: number,
  ): OrderHandle {
    let handle = this.#free - 1;
    if (handle !== NO_ORDER) {
      this.#free = this.#ints[handle * INTS + NEXT] as number;
    } else {
      handle = this.#used++;
      if (handle * INTS >= this.#ints.length) this.#grow();
    }
    const levels = side === ASK ? this.#asks : this.#bids;
    const ints = this.#ints;
    const numbers = this.#numbers;
    numbers[handle * NUMBERS + QUANTITY] = quantity;
    numbers[handle * NUMBERS + EXPIRES] = expires;
    numbers[handle * NUMBERS + PRIORITY] = priority;
    let previous = levels.tails[level] as number;
    let next = 0;
    // Only orders that come back, or come late, are older than the tail.
    while (previous !== 0 && (numbers[(previous - 1) * NUMBERS + PRIORITY] as number) > priority) {
      next = previous;
      previous = ints[(previous - 1) * INTS + PREVIOUS] as number;
    }
    const at = handle * INTS;
    ints[at + NEXT] = next;
    ints[at + PREVIOUS] = previous;
    ints[at + LEVEL] = level * 2 + side;
    ints[at + OWNER] = owner;
    if (previous === 0) levels.heads[level] = handle + 1;
    else ints[(previous - 1) * INTS + NEXT] = handle + 1;
    if (next === 0) levels.tails[level] = handle + 1;
    else ints[(next - 1) * INTS + PREVIOUS] = handle + 1;
    this.#sizes[side]++;
    return handle;
  }

  #levelFor(side: SideIndex, key: number, lot: number, exact: ExactRatio): number {
    const levels = this.#levels(side);
    let level = levels.at(key, lot, exact);
    if (level !== NONE && (levels instanceof PriceLadder || levels.count < this.#nextLadder[side]))
      return level;
    const isTree = level !== NONE;
    const ladder = lot === 1 && exact === null ? this.#asLadder(side, key) : undefined;
    // Changing the form takes time for every order, so the next change waits until there are twice as many levels.
    if (isTree || ladder === undefined) this.#nextLadder[side] = Math.max(64, 2 * levels.count);
    if (isTree && ladder === undefined) return level;
    const other = ladder ?? this.#asTree(side);
    if (side === ASK) this.#asks = other;
    else this.#bids = other;
    level = other.at(key, lot, exact);
    return level;
  }

  #asLadder(side: SideIndex, key: number): SideLevels | undefined {
    const levels = this.#levels(side);
    const moves: (readonly [number, number])[] = [];
    const ladder = PriceLadder.of(levels, side, key, (from, to) => moves.push([from, to]));
    if (ladder === undefined) return undefined;
    for (const [from, to] of moves) this.#renumber(this.#head(levels, from), side, to);
    return ladder;
  }

  /** The same levels as a tree, which takes any price. */
  #asTree(side: SideIndex): SideLevels {
    const levels = this.#levels(side);
    const tree = new PriceTree(side);
    for (let level = levels.best; level !== NONE; level = levels.worse(level)) {
      const to = tree.at(levels.key(level), levels.lot(level), levels.exact(level));
      tree.heads[to] = levels.heads[level] as number;
      tree.tails[to] = levels.tails[level] as number;
      this.#renumber(this.#head(levels, level), side, to);
    }
    return tree;
  }

  #renumber(head: OrderHandle, side: SideIndex, level: number): void {
    for (let at = head; at !== NO_ORDER; at = this.#next(at))
      this.#ints[at * INTS + LEVEL] = level * 2 + side;
  }

  #recordFill(maker: OrderHandle, quantity: number): void {
    if (this.#fillCount === this.#fillMakers.length) {
      const makers = new Int32Array(this.#fillCount * 2);
      makers.set(this.#fillMakers);
      this.#fillMakers = makers;
      const quantities = new Float64Array(this.#fillCount * 2);
      quantities.set(this.#fillQuantities);
      this.#fillQuantities = quantities;
    }
    this.#fillMakers[this.#fillCount] = maker;
    this.#fillQuantities[this.#fillCount++] = quantity;
  }

  #grow(): void {
    const ints = new Int32Array(this.#ints.length * 2);
    ints.set(this.#ints);
    this.#ints = ints;
    const numbers = new Float64Array(this.#numbers.length * 2);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
  }
}

class Fills implements BookFills {
  readonly #count: () => number;
  readonly maker: (index: number) => OrderHandle;
  readonly quantity: (index: number) => number;

  constructor(count: () => number, maker: (index: number) => number, quantity: (index: number) => number) {
    this.#count = count;
    this.maker = maker;
    this.quantity = quantity;
  }

  get count(): number {
    return this.#count();
  }
}

/**
 * An empty book with room for a number of orders before it grows.
 *
 * @param options - `capacity` is how many orders there is room for at first, default 1 024.
 */
export function orderBook(options: { readonly capacity?: number } = {}): OrderBook {
  return new OrderBook(options.capacity ?? 1_024);
}
