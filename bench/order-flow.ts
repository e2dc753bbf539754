import { seededRandom } from '../packages/interface/src/index.ts';

/** Orders of one run. */
export const ORDERS = 1_000_000;

/** Random limit orders as columns, the same for every candidate. */
export interface OrderFlow {
  readonly side: Uint8Array;
  readonly amount: Int32Array;
  readonly quantity: Int32Array;
}

/** {@link ORDERS} orders at random over `levels` prices, half of them asks. */
export function randomOrders(levels: number): OrderFlow {
  const random = seededRandom(7);
  const side = new Uint8Array(ORDERS);
  const amount = new Int32Array(ORDERS);
  const quantity = new Int32Array(ORDERS);
  for (let i = 0; i < ORDERS; i++) {
    side[i] = random.below(2);
    amount[i] = 1 + random.below(levels);
    quantity[i] = 1 + random.below(100);
  }
  return { side, amount, quantity };
}

/** {@link ORDERS} orders that never meet: bids on the lower half of 2·`levels` prices, asks on the upper. */
export function restingOrders(levels: number): OrderFlow {
  const { amount, quantity } = randomOrders(levels);
  const side = Uint8Array.from({ length: ORDERS }, (_, i) => i & 1);
  for (let i = 0; i < ORDERS; i++) if (side[i] === 0) amount[i] = (amount[i] as number) + levels;
  return { side, amount, quantity };
}

/**
 * The floor: what price–time matching costs at least. Prices are whole numbers below a bound that is known beforehand
 * and index an array of FIFO lists directly; no cancels, owners, expiry, lots, exact ratios or reuse of memory.
 * Returns the number of fills.
 */
export function floorBook(flow: OrderFlow, highest: number): number {
  const { side, amount, quantity } = flow;
  const heads = [new Int32Array(highest + 2).fill(-1), new Int32Array(highest + 2).fill(-1)] as const;
  const tails = [new Int32Array(highest + 2), new Int32Array(highest + 2)] as const;
  const next = new Int32Array(ORDERS);
  const left = new Int32Array(ORDERS);
  let bestAsk = highest + 1;
  let bestBid = 0;
  let fills = 0;
  for (let i = 0; i < ORDERS; i++) {
    const price = amount[i] as number;
    let wanted = quantity[i] as number;
    if (side[i] === 1) {
      const head = heads[0];
      while (wanted > 0 && bestAsk <= price) {
        let maker = head[bestAsk] as number;
        while (maker !== -1 && wanted > 0) {
          const resting = left[maker] as number;
          fills++;
          if (resting > wanted) {
            left[maker] = resting - wanted;
            wanted = 0;
          } else {
            wanted -= resting;
            maker = next[maker] as number;
          }
        }
        head[bestAsk] = maker;
        if (maker === -1) while (bestAsk <= highest && head[bestAsk] === -1) bestAsk++;
      }
      if (wanted > 0 && price > bestBid) bestBid = price;
    } else {
      const head = heads[1];
      while (wanted > 0 && bestBid >= price) {
        let maker = head[bestBid] as number;
        while (maker !== -1 && wanted > 0) {
          const resting = left[maker] as number;
          fills++;
          if (resting > wanted) {
            left[maker] = resting - wanted;
            wanted = 0;
          } else {
            wanted -= resting;
            maker = next[maker] as number;
          }
        }
        head[bestBid] = maker;
        if (maker === -1) while (bestBid > 0 && head[bestBid] === -1) bestBid--;
      }
      if (wanted > 0 && price < bestAsk) bestAsk = price;
    }
    if (wanted === 0) continue;
    const own = side[i] as 0 | 1;
    left[i] = wanted;
    next[i] = -1;
    if (heads[own][price] === -1) heads[own][price] = i;
    else next[tails[own][price] as number] = i;
    tails[own][price] = i;
  }
  return fills;
}
