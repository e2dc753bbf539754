import { type Price, price } from '../asset/price.ts';
import type { BookLevel, OrderSide } from '../market.ts';
import { levelTree } from './level-tree.ts';
import { compareExact, type ExactRatio, exactRatio, priceKey } from './price-key.ts';

/** Index of the asks' side. */
export const ASK = 0;
/** Index of the bids' side. */
export const BID = 1;
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

/**
 * Price–time order book of one asset in one currency (DESIGN §4.2).
 *
 * Prices are exact ratios, quantities whole licences; the resting order's price executes, in whole lots of it; orders
 * of one owner never trade with each other and do not hide what rests behind them. Insert, match and cancel cost
 * O(log levels); prices that share their nearest double are told apart exactly, one after the other.
 */
export interface OrderBook {
  readonly fills: BookFills;
  /** Matches an order at `amount` minor units per licence and rests what is left. Returns its handle, or {@link NO_ORDER} when nothing is left. */
  place(side: typeof ASK | typeof BID, amount: number, quantity: number, owner: number): OrderHandle;
  /** Matches without resting. Returns the quantity left. */
  match(side: OrderSide, unit: Price, quantity: number, owner: number, options?: MatchOptions): number;
  /** Rests an order without matching it. */
  rest(side: OrderSide, unit: Price, quantity: number, owner: number, options?: RestOptions): OrderHandle;
  /** Takes a resting order out. `false` when the handle is not in use. */
  cancel(handle: OrderHandle): boolean;
  /** Lowers the quantity of a resting order, removing it at 0. Returns what is left. */
  reduce(handle: OrderHandle, quantity: number): number;
  /** Quantity of a resting order, 0 for a handle that is not in use. */
  quantity(handle: OrderHandle): number;
  /** Resting orders of a side. */
  size(side: OrderSide): number;
  /** Price levels of a side. */
  levelCount(side: OrderSide): number;
  /** The best `limit` levels of a side, best first; prices in `currency`. */
  levels(side: OrderSide, currency: string, limit: number): readonly BookLevel[];
  /** Handles in matching order of a side: best price first, then time. */
  handles(side: OrderSide): readonly OrderHandle[];
}

const NO_LEVEL = -1;
const sideIndex = (side: OrderSide): typeof ASK | typeof BID => (side === 'ask' ? ASK : BID);

/** An empty book with room for `capacity` orders before it grows (default 1 024). */
export function orderBook(options: { readonly capacity?: number } = {}): OrderBook {
  let orderCapacity = Math.max(4, options.capacity ?? 1024);
  let quantities = new Float64Array(orderCapacity);
  let owners = new Int32Array(orderCapacity);
  let expiries = new Float64Array(orderCapacity);
  let priorities = new Float64Array(orderCapacity);
  let nextOrder = new Int32Array(orderCapacity);
  let previousOrder = new Int32Array(orderCapacity);
  /** Level of an order; NO_LEVEL marks a free slot. */
  let levelOf = new Int32Array(orderCapacity).fill(NO_LEVEL);
  let ordersUsed = 0;
  let freeOrder: number = NO_ORDER;

  let levelCapacity = 8;
  let levelKey = new Float64Array(levelCapacity);
  let levelLot = new Float64Array(levelCapacity);
  const levelExact: ExactRatio[] = [];
  let levelHead = new Int32Array(levelCapacity);
  let levelTail = new Int32Array(levelCapacity);
  let levelUp = new Int32Array(levelCapacity);
  let levelDown = new Int32Array(levelCapacity);
  let levelSide = new Uint8Array(levelCapacity);
  let levelsUsed = 0;
  let freeLevel = NO_LEVEL;

  const trees = [levelTree(), levelTree()] as const;
  /** Best level of each side: lowest ask, highest bid. */
  const best: [number, number] = [NO_LEVEL, NO_LEVEL];
  const sizes: [number, number] = [0, 0];
  const depths: [number, number] = [0, 0];
  let clock = 0;

  let fillCapacity = 8;
  let fillMaker = new Int32Array(fillCapacity);
  let fillQuantity = new Float64Array(fillCapacity);
  let fillCount = 0;

  const growOrders = (): void => {
    orderCapacity *= 2;
    const grown = <T extends Int32Array | Float64Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    quantities = grown(quantities, new Float64Array(orderCapacity));
    owners = grown(owners, new Int32Array(orderCapacity));
    expiries = grown(expiries, new Float64Array(orderCapacity));
    priorities = grown(priorities, new Float64Array(orderCapacity));
    nextOrder = grown(nextOrder, new Int32Array(orderCapacity));
    previousOrder = grown(previousOrder, new Int32Array(orderCapacity));
    levelOf = grown(levelOf, new Int32Array(orderCapacity).fill(NO_LEVEL));
  };

  const growLevels = (): void => {
    levelCapacity *= 2;
    const grown = <T extends Int32Array | Float64Array | Uint8Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    levelKey = grown(levelKey, new Float64Array(levelCapacity));
    levelLot = grown(levelLot, new Float64Array(levelCapacity));
    levelHead = grown(levelHead, new Int32Array(levelCapacity));
    levelTail = grown(levelTail, new Int32Array(levelCapacity));
    levelUp = grown(levelUp, new Int32Array(levelCapacity));
    levelDown = grown(levelDown, new Int32Array(levelCapacity));
    levelSide = grown(levelSide, new Uint8Array(levelCapacity));
  };

  /** Links a new level between `down` (next cheaper) and `up` (next dearer). */
  const newLevel = (
    side: typeof ASK | typeof BID,
    key: number,
    lot: number,
    exact: ExactRatio,
    down: number,
    up: number,
  ): number => {
    let level = freeLevel;
    if (level !== NO_LEVEL) {
      freeLevel = levelUp[level] as number;
    } else {
      if (levelsUsed === levelCapacity) growLevels();
      level = levelsUsed++;
    }
    levelKey[level] = key;
    levelLot[level] = lot;
    levelExact[level] = exact;
    levelHead[level] = NO_ORDER;
    levelTail[level] = NO_ORDER;
    levelSide[level] = side;
    levelDown[level] = down;
    levelUp[level] = up;
    if (down !== NO_LEVEL) levelUp[down] = level;
    if (up !== NO_LEVEL) levelDown[up] = level;
    if (side === ASK ? down === NO_LEVEL : up === NO_LEVEL) best[side] = level;
    depths[side]++;
    return level;
  };

  /** The level of a price, created when new. */
  const levelAt = (side: typeof ASK | typeof BID, key: number, lot: number, exact: ExactRatio): number => {
    const tree = trees[side];
    tree.locate(key);
    const head = tree.value;
    if (head === NO_LEVEL) {
      let down = NO_LEVEL;
      let up = tree.above;
      if (up !== NO_LEVEL) {
        down = levelDown[up] as number;
      } else if (tree.below !== NO_LEVEL) {
        // The tree knows the cheapest of the levels that share a key; the neighbour is the dearest of them.
        down = tree.below;
        up = levelUp[down] as number;
        while (up !== NO_LEVEL && levelKey[up] === levelKey[down]) {
          down = up;
          up = levelUp[down] as number;
        }
      }
      const level = newLevel(side, key, lot, exact, down, up);
      tree.insert(key, level);
      return level;
    }
    let at = head;
    for (;;) {
      const order = compareExact(key, exact, levelExact[at] ?? null);
      if (order === 0) return at;
      if (order < 0) {
        const level = newLevel(side, key, lot, exact, levelDown[at] as number, at);
        if (at === head) tree.replace(level);
        return level;
      }
      const up = levelUp[at] as number;
      if (up === NO_LEVEL || levelKey[up] !== key) return newLevel(side, key, lot, exact, at, up);
      at = up;
    }
  };

  const dropLevel = (level: number): void => {
    const side = levelSide[level] as typeof ASK | typeof BID;
    const down = levelDown[level] as number;
    const up = levelUp[level] as number;
    const key = levelKey[level] as number;
    if (down !== NO_LEVEL) levelUp[down] = up;
    if (up !== NO_LEVEL) levelDown[up] = down;
    if (best[side] === level) best[side] = side === ASK ? up : down;
    const sharesBelow = down !== NO_LEVEL && levelKey[down] === key;
    if (!sharesBelow) {
      if (up !== NO_LEVEL && levelKey[up] === key) {
        trees[side].locate(key);
        trees[side].replace(up);
      } else {
        trees[side].remove(key);
      }
    }
    levelExact[level] = null;
    levelUp[level] = freeLevel;
    freeLevel = level;
    depths[side]--;
  };

  const unlink = (handle: OrderHandle): void => {
    const level = levelOf[handle] as number;
    const next = nextOrder[handle] as number;
    const previous = previousOrder[handle] as number;
    if (previous === NO_ORDER) levelHead[level] = next;
    else nextOrder[previous] = next;
    if (next === NO_ORDER) levelTail[level] = previous;
    else previousOrder[next] = previous;
    sizes[levelSide[level] as typeof ASK | typeof BID]--;
    levelOf[handle] = NO_LEVEL;
    quantities[handle] = 0;
    nextOrder[handle] = freeOrder;
    freeOrder = handle;
    if (levelHead[level] === NO_ORDER) dropLevel(level);
  };

  const restAt = (
    level: number,
    quantity: number,
    owner: number,
    expires: number,
    priority: number,
  ): OrderHandle => {
    let handle = freeOrder;
    if (handle !== NO_ORDER) {
      freeOrder = nextOrder[handle] as number;
    } else {
      if (ordersUsed === orderCapacity) growOrders();
      handle = ordersUsed++;
    }
    quantities[handle] = quantity;
    owners[handle] = owner;
    expiries[handle] = expires;
    priorities[handle] = priority;
    levelOf[handle] = level;
    sizes[levelSide[level] as typeof ASK | typeof BID]++;
    let previous = levelTail[level] as number;
    let next: number = NO_ORDER;
    if (previous !== NO_ORDER && (priorities[previous] as number) > priority) {
      // Only orders that come back are older than the tail, and they belong near the head.
      next = levelHead[level] as number;
      while ((priorities[next] as number) <= priority) next = nextOrder[next] as number;
      previous = previousOrder[next] as number;
    }
    nextOrder[handle] = next;
    previousOrder[handle] = previous;
    if (previous === NO_ORDER) levelHead[level] = handle;
    else nextOrder[previous] = handle;
    if (next === NO_ORDER) levelTail[level] = handle;
    else previousOrder[next] = handle;
    return handle;
  };

  const recordFill = (maker: OrderHandle, quantity: number): void => {
    if (fillCount === fillCapacity) {
      fillCapacity *= 2;
      const makers = new Int32Array(fillCapacity);
      makers.set(fillMaker);
      fillMaker = makers;
      const amounts = new Float64Array(fillCapacity);
      amounts.set(fillQuantity);
      fillQuantity = amounts;
    }
    fillMaker[fillCount] = maker;
    fillQuantity[fillCount++] = quantity;
  };

  const take = (
    side: typeof ASK | typeof BID,
    key: number,
    exact: ExactRatio,
    wanted: number,
    owner: number,
    now: number,
    accept: ((maker: OrderHandle) => boolean) | undefined,
  ): number => {
    let quantity = wanted;
    const opposite = side === ASK ? BID : ASK;
    let level = best[opposite];
    while (level !== NO_LEVEL && quantity > 0) {
      const restingKey = levelKey[level] as number;
      if (side === BID ? restingKey > key : restingKey < key) break;
      if (restingKey === key) {
        const order = compareExact(key, levelExact[level] ?? null, exact);
        if (side === BID ? order > 0 : order < 0) break;
      }
      const following = (opposite === ASK ? levelUp[level] : levelDown[level]) as number;
      const lot = levelLot[level] as number;
      let maker = levelHead[level] as number;
      while (maker !== NO_ORDER && quantity > 0) {
        const next = nextOrder[maker] as number;
        if ((expiries[maker] as number) <= now) {
          unlink(maker);
        } else if (owners[maker] !== owner && (accept === undefined || accept(maker))) {
          const resting = quantities[maker] as number;
          let fill = Math.min(resting, quantity);
          if (lot !== 1) fill -= fill % lot;
          if (fill > 0) {
            recordFill(maker, fill);
            quantity -= fill;
            if (fill === resting) unlink(maker);
            else quantities[maker] = resting - fill;
          }
        }
        maker = next;
      }
      level = following;
    }
    return quantity;
  };

  const inUse = (handle: OrderHandle): boolean =>
    handle >= 0 && handle < ordersUsed && levelOf[handle] !== NO_LEVEL;

  function* walk(side: typeof ASK | typeof BID): Generator<number> {
    for (let level = best[side]; level !== NO_LEVEL; ) {
      const following = (side === ASK ? levelUp[level] : levelDown[level]) as number;
      yield level;
      level = following;
    }
  }

  return {
    fills: {
      get count() {
        return fillCount;
      },
      maker: (index) => fillMaker[index] as number,
      quantity: (index) => fillQuantity[index] as number,
    },
    place(side, amount, quantity, owner) {
      fillCount = 0;
      const left = take(side, amount, null, quantity, owner, Number.NEGATIVE_INFINITY, undefined);
      if (left === 0) return NO_ORDER;
      return restAt(levelAt(side, amount, 1, null), left, owner, Number.POSITIVE_INFINITY, ++clock);
    },
    match(side, unit, quantity, owner, matchOptions = {}) {
      fillCount = 0;
      return take(
        sideIndex(side),
        priceKey(unit.amount, unit.per),
        exactRatio(unit),
        quantity,
        owner,
        matchOptions.now ?? Number.NEGATIVE_INFINITY,
        matchOptions.accept,
      );
    },
    rest(side, unit, quantity, owner, restOptions = {}) {
      const level = levelAt(
        sideIndex(side),
        priceKey(unit.amount, unit.per),
        Number(unit.per),
        exactRatio(unit),
      );
      const priority = restOptions.priority ?? clock + 1;
      clock = Math.max(clock, priority);
      return restAt(level, quantity, owner, restOptions.expires ?? Number.POSITIVE_INFINITY, priority);
    },
    cancel(handle) {
      if (!inUse(handle)) return false;
      unlink(handle);
      return true;
    },
    reduce(handle, quantity) {
      if (!inUse(handle)) return 0;
      const left = (quantities[handle] as number) - quantity;
      if (left <= 0) {
        unlink(handle);
        return 0;
      }
      quantities[handle] = left;
      return left;
    },
    quantity: (handle) => (inUse(handle) ? (quantities[handle] as number) : 0),
    size: (side) => sizes[sideIndex(side)],
    levelCount: (side) => depths[sideIndex(side)],
    levels(side, currency, limit) {
      const out: BookLevel[] = [];
      for (const level of walk(sideIndex(side))) {
        if (out.length >= limit) break;
        const exact = levelExact[level] ?? null;
        let orders = 0;
        let total = 0n;
        for (let at = levelHead[level] as number; at !== NO_ORDER; at = nextOrder[at] as number) {
          orders++;
          total += BigInt(quantities[at] as number);
        }
        const unit =
          exact === null
            ? price(currency, levelKey[level] as number)
            : price(currency, exact.amount, exact.per);
        out.push({ price: unit, orders, quantity: total });
      }
      return out;
    },
    handles(side) {
      const out: OrderHandle[] = [];
      for (const level of walk(sideIndex(side))) {
        for (let at = levelHead[level] as number; at !== NO_ORDER; at = nextOrder[at] as number) out.push(at);
      }
      return out;
    },
  };
}
