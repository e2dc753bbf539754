import { isEdmpError, memoryKeyValueStore, publicKey } from '@edmp/interface';
import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { create } from 'multiformats/hashes/digest';
import { afterEach, describe, expect, it } from 'vitest';
import {
  DECLINE_REASONS,
  decodeTradeReply,
  decodeTradeRequest,
  encodeTradeReply,
  encodeTradeRequest,
  MAX_DECLINE_TEXT,
  MAX_RECIPIENT_KEY_BYTES,
  MAX_TRADE_REQUEST_BYTES,
  type TradeReply,
  type TradeRequest,
} from '../src/trade/messages.ts';
import { TRADE_PREFIX, TradeRecords } from '../src/trade/records.ts';
import { TradeTally } from '../src/trade/tally.ts';
import { assetOf, crypto, documentOf } from './support/documents.ts';
import { MINUTE, stateOf, TradingWorld } from './support/trading/world.ts';

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
const exactly = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const key = exactly(32).map((raw) => publicKey(raw));
const cid = exactly(32).map((digest) => CID.createV1(0x71, create(0x12, digest)));
const requests: fc.Arbitrary<TradeRequest> = fc.oneof(
  fc.record({
    kind: fc.constant('propose' as const),
    terms: bytes(2_048),
    recipientKey: bytes(MAX_RECIPIENT_KEY_BYTES),
    bid: bytes(500),
  }),
  fc.record({ kind: fc.constant('hold' as const), hold: bytes(500), certificate: fc.option(bytes(1_024)) }),
  fc.record({ kind: fc.constant('release' as const), release: bytes(500), opener: exactly(32) }),
);
const replies: fc.Arbitrary<TradeReply> = fc.oneof(
  fc.record({
    kind: fc.constant('accept' as const),
    proposal: bytes(500),
    manifest: cid,
    chunks: fc.integer({ min: 1, max: 1_000_000 }),
    bytes: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  }),
  fc.record({ kind: fc.constant('released' as const), release: bytes(500), opener: exactly(32) }),
  fc.constant({ kind: 'wait' as const }),
  fc.constant({ kind: 'ok' as const }),
  fc.record({
    kind: fc.constant('decline' as const),
    reason: fc.constantFrom(...DECLINE_REASONS),
    message: fc.string({ maxLength: 100, unit: fc.constantFrom(...'abc, 1é') }),
    retryMs: fc.option(fc.integer({ min: 0, max: 86_400_000 })),
    offer: fc.option(
      fc.record({ quantity: fc.integer({ min: 1, max: 9 }), witnesses: fc.array(key, { maxLength: 4 }) }),
    ),
  }),
);

/** Runs a decoder on what a stranger may send: it reads it or throws a typed error. */
function expectTyped(decode: (input: Uint8Array) => unknown, input: Uint8Array): void {
  try {
    decode(input);
  } catch (error) {
    if (!isEdmpError(error)) throw error;
    expect(error.code).toBe('ERR_MARKET_FORMAT');
  }
}

const damage = (whole: Uint8Array, at: number, value: number): Uint8Array => {
  const copy = whole.slice();
  copy[at % Math.max(1, copy.length)] = value;
  return copy;
};

describe('messages of trades', () => {
  it('come back as they were sent', () => {
    fc.assert(
      fc.property(requests, (one) => {
        expect(decodeTradeRequest(encodeTradeRequest(one))).toEqual(one);
      }),
    );
    fc.assert(
      fc.property(replies, (one) => {
        expect(decodeTradeReply(encodeTradeReply(one))).toEqual(one);
      }),
    );
  });

  it('are refused with a typed error whatever the bytes are', () => {
    fc.assert(
      fc.property(bytes(300), (input) => {
        expectTyped(decodeTradeRequest, input);
        expectTyped(decodeTradeReply, input);
      }),
      { numRuns: 5_000 },
    );
    fc.assert(
      fc.property(requests, fc.nat(), fc.integer({ min: 0, max: 255 }), (one, at, value) =>
        expectTyped(decodeTradeRequest, damage(encodeTradeRequest(one), at, value)),
      ),
      { numRuns: 5_000 },
    );
    fc.assert(
      fc.property(replies, fc.nat(), fc.integer({ min: 0, max: 255 }), (one, at, value) =>
        expectTyped(decodeTradeReply, damage(encodeTradeReply(one), at, value)),
      ),
      { numRuns: 5_000 },
    );
  });

  it('keep to their bounds', () => {
    const code = (act: () => unknown): unknown => {
      try {
        return act();
      } catch (error) {
        return isEdmpError(error) ? error.code : error;
      }
    };
    const decline = {
      kind: 'decline',
      reason: 'risk',
      message: 'x'.repeat(MAX_DECLINE_TEXT),
      retryMs: null,
      offer: null,
    } as const;
    expect(code(() => decodeTradeReply(encodeTradeReply(decline)))).toEqual(decline);
    for (const message of [`${decline.message}x`, 'clear \u001b[2J', 'turn \u202e', 'two\nlines']) {
      expect(code(() => decodeTradeReply(encodeTradeReply({ ...decline, message })))).toBe(
        'ERR_MARKET_FORMAT',
      );
    }
    const fat = {
      kind: 'release',
      release: new Uint8Array(MAX_TRADE_REQUEST_BYTES),
      opener: new Uint8Array(32),
    } as const;
    expect(code(() => decodeTradeRequest(encodeTradeRequest(fat)))).toBe('ERR_MARKET_FORMAT');
  });
});

describe('records of trades', () => {
  let world: TradingWorld;
  afterEach(async () => {
    await world.stop();
  });

  async function traded(seed: number): Promise<TradingWorld['traders']> {
    world = new TradingWorld(seed);
    await world.witness('witness');
    const seller = await world.trader('seller');
    const buyer = await world.trader('buyer');
    world.linkAll();
    await world.environment.advance(200);
    const document = documentOf('June');
    await world.sell(seller, document);
    await world.buy(buyer, assetOf(document));
    await world.until(() => stateOf(buyer) === 'completed' && stateOf(seller) === 'completed', MINUTE);
    return world.traders;
  }

  it('bring back what was written', async () => {
    for (const trader of await traded(31)) {
      const { trades, damaged } = await new TradeRecords(trader.kv, crypto).load();
      expect(damaged).toEqual([]);
      const [live] = trader.trading.engine.all();
      const [restored] = trades;
      if (live === undefined || restored === undefined) throw new Error('no trade');
      expect(restored.state).toBe('completed');
      expect(restored.encoded.bytes).toEqual(live.encoded.bytes);
      expect(restored.steps).toEqual(live.steps);
      expect(restored.hold?.key).toBe(live.hold?.key);
      expect(restored.offer?.delivery).toEqual(live.offer?.delivery);
      expect(restored.acks).toEqual(live.acks);
      expect(restored.draft).toEqual(live.draft);
      if (trader.name === 'buyer') expect(restored.release?.wrapped).toEqual(live.release?.wrapped);
      const one = await new TradeRecords(trader.kv, crypto).find(live.encoded.id);
      expect(one?.encoded.id).toBe(live.encoded.id);
    }
  });

  it('write parts once and a small row each time', async () => {
    const writes: (readonly string[])[] = [];
    const [, buyer] = await traded(32);
    const [trade] = buyer?.trading.engine.all() ?? [];
    if (trade === undefined) throw new Error('no trade');
    const store = memoryKeyValueStore();
    const records = new TradeRecords(
      {
        ...store,
        setMany: async (changes) => {
          writes.push(changes.map(([name]) => name.split('/').at(-1) ?? ''));
          await store.setMany(changes);
        },
      },
      crypto,
    );
    await records.save(trade);
    await records.save(trade);
    expect(writes).toEqual([['base', 'offer', 'hold', 'release', 'state'], ['state']]);
    expect((await store.get(`${TRADE_PREFIX}${trade.encoded.id}/state`))?.length).toBeLessThan(1_500);
    await records.remove(trade.encoded.id);
    expect(await store.entries(TRADE_PREFIX)).toEqual([]);
  });

  it('that are damaged are told one by one, and never stop a start', async () => {
    const [, buyer] = await traded(33);
    const entries = (await buyer?.kv.entries(TRADE_PREFIX)) ?? [];
    expect(entries.length).toBeGreaterThan(4);
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: entries.length - 1 }),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        fc.boolean(),
        async (which, at, value, cut) => {
          const store = memoryKeyValueStore();
          for (const [i, [name, whole]] of entries.entries()) {
            const bad = cut ? whole.slice(0, at % whole.length) : damage(whole, at, value);
            await store.set(name, i === which ? bad : whole);
          }
          const { trades, damaged } = await new TradeRecords(store, crypto).load();
          expect(trades.length + damaged.length).toBe(1);
          for (const { error } of damaged) expect(isEdmpError(error), String(error)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('what trades take of orders', () => {
  it('equals a naive count', () => {
    const orders = ['a', 'b'];
    const trades = ['1', '2', '3'];
    const steps = fc.array(
      fc.record({
        act: fc.constantFrom('take' as const, 'settle' as const, 'giveBack' as const),
        trade: fc.constantFrom(...trades),
        order: fc.constantFrom(...orders),
      }),
    );
    fc.assert(
      fc.property(steps, (list) => {
        const tally = new TradeTally();
        const open = new Map<string, number>();
        const settled = new Map<string, number>();
        for (const { act, trade, order } of list) {
          const name = `${order} ${trade}`;
          const quantity = Number(trade);
          if (act === 'take') {
            tally.take(order, trade, quantity);
            open.set(name, quantity);
          } else if (act === 'settle') {
            tally.settle(order, trade, quantity);
            open.delete(name);
            settled.set(order, (settled.get(order) ?? 0) + quantity);
          } else {
            tally.giveBack(order, trade);
            open.delete(name);
          }
          for (const one of orders) {
            let pending = 0;
            for (const [at, amount] of open) if (at.startsWith(`${one} `)) pending += amount;
            expect(tally.pending(one)).toBe(pending);
            expect(tally.settled(one)).toBe(settled.get(one) ?? 0);
            expect(tally.taken(one)).toBe(pending + (settled.get(one) ?? 0));
          }
        }
      }),
    );
  });
});
