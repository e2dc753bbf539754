import { seededRandom } from '@edmp/interface';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IdSet } from '../src/matching/id-set.ts';
import { answerRequest, firstParts, nextParts } from '../src/matching/reconcile.ts';
import {
  decodeSyncFrame,
  decodeSyncRequest,
  encodeSyncFrame,
  encodeSyncRequest,
  type RequestPart,
} from '../src/matching/sync-messages.ts';
import { ClosedOrders } from '../src/order/closed-orders.ts';
import { DigestIndex } from '../src/order/digest-index.ts';
import type { OrderTable } from '../src/order/order-table.ts';
import { crypto, SECRET } from './support/orders.ts';

const NOWHERE = new Uint8Array(0);

/** One side's ids with made-up blocks: what reconciling sees of a table. */
function node() {
  let ids = new Uint8Array(64 * 32);
  const index = new DigestIndex(() => ids, SECRET);
  const asks = new IdSet(() => ids, crypto);
  const bids = new IdSet(() => ids, crypto);
  const slots = new Map<string, number>();
  const free: number[] = [];
  let used = 0;
  const blockOf = (id: Uint8Array): Uint8Array => Uint8Array.of(...id, ...new Uint8Array(600));
  const table = {
    sides: new Uint8Array(200_000),
    find: (id: Uint8Array) => index.find(id),
    bytes: (slot: number) => blockOf(ids.subarray(slot * 32, slot * 32 + 32)),
    arena: { lengthOf: () => 632 },
  } as unknown as OrderTable;
  return {
    sets: { asks, bids },
    table,
    closed: new ClosedOrders(),
    slots,
    add(id: Uint8Array) {
      if (index.find(id) !== -1) return false;
      const slot = free.pop() ?? used++;
      if ((slot + 1) * 32 > ids.length) {
        const more = new Uint8Array(ids.length * 2);
        more.set(ids);
        ids = more;
      }
      ids.set(id, slot * 32);
      index.add(slot);
      asks.add(slot);
      slots.set(String(id), slot);
      return true;
    },
    remove(id: Uint8Array) {
      const slot = slots.get(String(id))!;
      asks.remove(slot);
      index.remove(slot);
      slots.delete(String(id));
      free.push(slot);
    },
  };
}
type TestNode = ReturnType<typeof node>;

/** One round of `asker` with `server`: requests, bytes of both directions and blocks. */
function round(asker: TestNode, server: TestNode, seed = 1) {
  const random = seededRandom(seed);
  let queue: RequestPart[] = [...firstParts(asker.sets, [0], random.bytes)];
  const count = { requests: 0, asked: 0, answered: 0, blocks: 0 };
  while (queue.length > 0 && count.requests < 400) {
    const parts = queue.splice(0, 32);
    const request = encodeSyncRequest({ matchmaker: false, parts });
    count.requests++;
    count.asked += request.length;
    for (const frame of answerRequest(decodeSyncRequest(request), {
      matchmaker: true,
      sets: server.sets,
      table: server.table,
      closed: server.closed,
      maxBytes: 2 ** 21,
    })) {
      const bytes = encodeSyncFrame(frame);
      count.answered += bytes.length;
      const read = decodeSyncFrame(bytes);
      count.blocks += read.blocks.length;
      for (const block of read.blocks) asker.add(block.slice(0, 32));
      for (const part of read.parts) queue.push(...nextParts(asker.sets, part));
    }
  }
  queue = [];
  return count;
}

const idOf = (n: number): Uint8Array =>
  crypto.sha256(Uint8Array.of(n & 255, (n >> 8) & 255, (n >> 16) & 255));

describe('sets of ids', () => {
  it('counts, prints, cuts and lists any range as a plain sorted list does', () => {
    const random = seededRandom(21);
    const own = node();
    const model = new Map<string, Uint8Array>();
    for (let step = 0; step < 4_000; step++) {
      const id = idOf(random.below(2_500));
      if (model.has(String(id))) {
        own.remove(id);
        model.delete(String(id));
      } else {
        own.add(id);
        model.set(String(id), id);
      }
      if (step % 200 !== 0) continue;
      const sorted = [...model.values()].sort(Buffer.compare);
      const [from, to] = [random.bytes(random.below(5)), random.bytes(random.below(5))].sort(Buffer.compare);
      const inside = sorted.filter(
        (one) => Buffer.compare(one, from!) >= 0 && (to!.length === 0 || Buffer.compare(one, to!) < 0),
      );
      const set = own.sets.asks;
      expect(set.size).toBe(model.size);
      expect(set.count(from!, to!)).toBe(inside.length);
      const listed: Uint8Array[] = [];
      set.each(from!, to!, (_, one) => listed.push(one) > 0);
      expect(listed).toEqual(inside);
      const other = node();
      for (const one of inside) other.add(one);
      expect(set.print(from!, to!)).toEqual(other.sets.asks.print(NOWHERE, NOWHERE));
      const bounds = [from!, ...set.cuts(from!, to!, 16), to!];
      const parts = bounds.slice(1).map((end, at) => set.count(bounds[at]!, end));
      expect(parts.reduce((sum, part) => sum + part, 0)).toBe(inside.length);
      if (inside.length >= 64) {
        expect(parts).toHaveLength(16);
        expect(Math.max(...parts)).toBeLessThanOrEqual(Math.ceil(inside.length / 16) + 1);
      }
      expect(set.has(id)).toBe(model.has(String(id)));
    }
  });

  it('prints differ when one id differs, in number or in value', () => {
    const one = node();
    const two = node();
    for (let n = 0; n < 1_000; n++) {
      one.add(idOf(n));
      if (n !== 500) two.add(idOf(n));
    }
    const print = (of: TestNode) => of.sets.asks.print(NOWHERE, NOWHERE);
    expect(print(one)).not.toEqual(print(two));
    two.add(idOf(5_000));
    expect(print(one)).not.toEqual(print(two));
    one.remove(idOf(500));
    two.remove(idOf(5_000));
    expect(print(one)).toEqual(print(two));
  });
});

describe('reconciling', () => {
  it('brings any two sets to their union, each asking once, in few requests', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3_000 }),
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: 1, max: 1_000 }),
        (common, onlyOne, onlyTwo, seed) => {
          const one = node();
          const two = node();
          for (let n = 0; n < common; n++) {
            one.add(idOf(n));
            two.add(idOf(n));
          }
          for (let n = 0; n < onlyOne; n++) one.add(idOf(10_000 + n));
          for (let n = 0; n < onlyTwo; n++) two.add(idOf(20_000 + n));
          const first = round(one, two, seed);
          expect(one.slots.size).toBe(common + onlyOne + onlyTwo);
          // What both have travels only where a few lie beside what one lacks.
          expect(first.blocks).toBe(onlyTwo);
          expect(first.requests).toBeLessThan(64);
          round(two, one, seed);
          expect(two.slots.size).toBe(common + onlyOne + onlyTwo);
          const last = round(two, one, seed + 1);
          expect(last).toMatchObject({ requests: 1, blocks: 0 });
        },
      ),
      { numRuns: 25 },
    );
  });

  it('costs one request of less than 200 bytes when nothing differs, for both sides of a matchmaker', () => {
    const own = node();
    for (let n = 0; n < 20_000; n++) own.add(idOf(n));
    const parts = firstParts({ asks: own.sets.asks, bids: own.sets.asks }, [0, 1], seededRandom(1).bytes);
    expect(encodeSyncRequest({ matchmaker: true, parts }).length).toBeLessThanOrEqual(200);
    const count = round(own, own);
    expect(count).toMatchObject({ requests: 1, blocks: 0 });
    expect(count.asked).toBeLessThanOrEqual(200);
    expect(count.answered).toBeLessThanOrEqual(60);
  });

  it('streams everything to a node that has nothing, in bounded answers that are taken up again', () => {
    const full = node();
    for (let n = 0; n < 9_000; n++) full.add(idOf(n));
    const fresh = node();
    const count = round(fresh, full);
    expect(fresh.slots.size).toBe(9_000);
    expect(count.blocks).toBe(9_000);
    expect(count.requests).toBeGreaterThan(2);
    expect(count.requests).toBeLessThan(12);
  });

  it('finds one missing order among many in a few small messages', () => {
    const one = node();
    const two = node();
    for (let n = 0; n < 20_000; n++) {
      one.add(idOf(n));
      if (n !== 12_345) two.add(idOf(n));
    }
    const count = round(two, one);
    expect(two.slots.size).toBe(20_000);
    expect(count.blocks).toBe(1);
    expect(count.requests).toBeLessThanOrEqual(6);
    expect(count.asked + count.answered).toBeLessThan(10_000);
  });

  it('a node that has much asks one that has little only for what is new to it', () => {
    const rich = node();
    const poor = node();
    for (let n = 0; n < 5_000; n++) rich.add(idOf(n));
    for (let n = 4_998; n < 5_003; n++) poor.add(idOf(n));
    const count = round(rich, poor);
    expect(rich.slots.size).toBe(5_003);
    expect(count.asked).toBeLessThan(20_000);
  });

  it('sums that cancel out over the whole range are found by a random cut', () => {
    // Two pairs with the same sum: a + d = b + c, in different halves of the range.
    const id = (high: number, low: number): Uint8Array => {
      const bytes = new Uint8Array(32);
      bytes[0] = high;
      bytes[31] = low;
      return bytes;
    };
    const one = node();
    const two = node();
    for (const made of [id(10, 1), id(200, 4)]) one.add(made);
    for (const made of [id(10, 2), id(200, 3)]) two.add(made);
    const whole = (of: TestNode) => of.sets.asks.print(NOWHERE, NOWHERE);
    expect(whole(one)).toEqual(whole(two));
    let found = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const copy = node();
      for (const made of [id(10, 1), id(200, 4)]) copy.add(made);
      round(copy, two, seed);
      if (copy.slots.size === 4) found++;
    }
    expect(found).toBeGreaterThanOrEqual(6);
  });

  it('tells the cancel of an order that the other side still lists', () => {
    const one = node();
    const two = node();
    for (let n = 0; n < 300; n++) {
      one.add(idOf(n));
      two.add(idOf(n));
    }
    const gone = idOf(7);
    two.remove(gone);
    const cancel = Uint8Array.of(9, 9, 9, ...new Uint8Array(40));
    two.closed.cancelOf = () => cancel;
    const seen: Uint8Array[] = [];
    const add = one.add;
    one.add = (id) => {
      seen.push(id);
      return add(id);
    };
    round(one, two);
    expect(seen).toHaveLength(1);
    expect(seen[0]!.slice(0, 3)).toEqual(Uint8Array.of(9, 9, 9));
  });

  it('bids are for matchmakers', () => {
    const own = node();
    for (let n = 0; n < 10; n++) own.add(idOf(n));
    const parts: RequestPart[] = [{ kind: 'have', range: { side: 1, from: NOWHERE, to: NOWHERE }, ids: [] }];
    const blocks = (matchmaker: boolean): number => {
      let count = 0;
      for (const frame of answerRequest(
        { matchmaker, parts },
        {
          matchmaker: true,
          sets: { asks: own.sets.bids, bids: own.sets.asks },
          table: own.table,
          closed: own.closed,
          maxBytes: 2 ** 20,
        },
      )) {
        count += frame.blocks.length;
      }
      return count;
    };
    expect([blocks(false), blocks(true)]).toEqual([0, 10]);
  });
});
