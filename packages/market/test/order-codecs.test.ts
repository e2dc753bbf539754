import { isEdmpError, seededRandom, type TxValue } from '@edmp/interface';
import { decodeHalfBlock } from '@edmp/trustchain/block';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { price } from '../src/asset/price.ts';
import { ASK_TYPE, askToTx, BID_TYPE, CANCEL_TYPE, decodeCancel, decodeOrder } from '../src/blocks/order.ts';
import { priceOf, priceToTx } from '../src/blocks/price.ts';
import { encodeCanonical } from '../src/codec/fields.ts';
import {
  decodeMatchNotice,
  decodeMatchReply,
  encodeMatchNotice,
  encodeMatchReply,
} from '../src/matching/messages.ts';
import {
  decodeSyncFrame,
  decodeSyncRequest,
  encodeSyncFrame,
  encodeSyncRequest,
  type SyncRequest,
} from '../src/matching/sync-messages.ts';
import { cancelRule, orderRule } from '../src/order/rules.ts';
import { assetOf, crypto, DAY, dataset, START, trader } from './support/orders.ts';

const ISSUED = assetOf(dataset('a currency')).slice(2);
const document = dataset('codec');
const seller = trader('codec seller');
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('order blocks', () => {
  it('asks keep every field, witnesses and an issued currency included', async () => {
    const witnesses = [trader('w1').key, trader('w2').key];
    const block = await seller.block(
      ASK_TYPE,
      askToTx({ document, price: price('DUM2', 7, 3), supply: 9, expires: START + DAY, witnesses }),
    );
    const order = decodeOrder(decodeHalfBlock(block.bytes, crypto), crypto);
    expect(order).toMatchObject({
      side: 'ask',
      asset: assetOf(document),
      price: price('DUM2', 7, 3),
      quantity: 9,
      created: START,
      expires: START + DAY,
      witnesses,
      document,
      ownerHex: seller.hex,
    });
    expect(decodeOrder(block, crypto)).toBe(decodeOrder(block, crypto));
    const issued = await seller.ask({ document, price: price(ISSUED, 4) });
    expect(issued.price).toEqual(price(ISSUED, 4));
    expect(issued.witnesses).toEqual([]);
    const bid = await seller.bid({ asset: assetOf(document), price: price(ISSUED, 4) });
    expect(bid).toMatchObject({ side: 'bid', witnesses: [], document: undefined });
  });

  const ask = (changes: Record<string, TxValue>): TxValue => ({
    ...(askToTx({ document, price: price('DUM1', 5), supply: 1, expires: START + DAY }) as Record<
      string,
      TxValue
    >),
    ...changes,
  });
  const key = (name: string) => trader(name).key;
  it.each([
    ['five witnesses', ask({ witnesses: ['a', 'b', 'c', 'd', 'e'].map(key) }), 'ERR_MARKET_FORMAT'],
    ['one witness twice', ask({ witnesses: [key('a'), key('a')] }), 'ERR_MARKET_FORMAT'],
    ['the seller as its own witness', ask({ witnesses: [seller.key] }), 'ERR_MARKET_FORMAT'],
    ['a witness that is no key', ask({ witnesses: [new Uint8Array(31)] }), 'ERR_MARKET_FORMAT'],
    [
      'witnesses in issued money',
      ask({ price: priceToTx(price(ISSUED, 5)), witnesses: [key('a')] }),
      'ERR_MARKET_FORMAT',
    ],
    ['no list of witnesses', ask({ witnesses: null }), 'ERR_MARKET_FORMAT'],
    [
      'a label instead of a currency',
      ask({ price: { currency: 'SUN', amount: 5, per: 1 } }),
      'ERR_MARKET_FORMAT',
    ],
    [
      'a currency’s CID as text',
      ask({ price: { currency: ISSUED, amount: 5, per: 1 } }),
      'ERR_MARKET_FORMAT',
    ],
    [
      'a price not in lowest terms',
      ask({ price: { currency: 'DUM1', amount: 4, per: 2 } }),
      'ERR_MARKET_FORMAT',
    ],
    ['a price of nothing', ask({ price: { currency: 'DUM1', amount: 0, per: 1 } }), 'ERR_MARKET_FORMAT'],
    ['supply below a lot', ask({ price: { currency: 'DUM1', amount: 1, per: 3 } }), 'ERR_ORDER_AMOUNT'],
    ['a life of 367 days', ask({ expires: START + 367 * DAY }), 'ERR_ORDER_LIFETIME'],
    ['another version', ask({ v: 2 }), 'ERR_MARKET_FORMAT'],
    ['an unknown field', ask({ memo: 'x' }), 'ERR_MARKET_FORMAT'],
  ])('asks with %s are refused', async (_, tx, expected) => {
    const block = await seller.block(ASK_TYPE, tx);
    expect(() => decodeOrder(block, crypto)).toThrow(code(expected));
    expect(orderRule(crypto).checkProposal?.(block)).toMatchObject([{ code: expected }]);
  });

  it('cancels name an order, and nothing else passes for one', async () => {
    const order = await seller.ask({ document, price: 1 });
    const cancel = await seller.cancel(order.id);
    expect(decodeCancel(cancel).equals(order.id)).toBe(true);
    expect(cancelRule.checkProposal?.(cancel)).toEqual([]);
    for (const tx of [{ v: 1 }, { v: 1, order: 'x' }, { v: 2, order: order.id }, null]) {
      const block = await seller.block(CANCEL_TYPE, tx);
      expect(() => decodeCancel(block)).toThrow(code('ERR_MARKET_FORMAT'));
    }
    expect(() => decodeCancel(order.block)).toThrow(code('ERR_MARKET_FORMAT'));
  });

  it('any transaction gives an order or a typed error', async () => {
    const value = fc.letrec<{ tx: TxValue }>((tie) => ({
      tx: fc.oneof(
        { maxDepth: 3 },
        fc.constant(null),
        fc.boolean(),
        fc.maxSafeInteger(),
        fc.string({ maxLength: 20 }),
        fc.uint8Array({ maxLength: 40 }),
        fc.array(tie('tx'), { maxLength: 4 }),
        fc.dictionary(
          fc.constantFrom(
            'v',
            'document',
            'price',
            'supply',
            'expires',
            'witnesses',
            'currency',
            'amount',
            'per',
          ),
          tie('tx'),
        ),
      ),
    })).tx;
    const base = ask({}) as Record<string, TxValue>;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.keys(base)),
        value,
        fc.constantFrom(ASK_TYPE, BID_TYPE, CANCEL_TYPE),
        async (field, tx, type) => {
          for (const made of [tx, { ...base, [field]: tx }]) {
            const block = await seller.block(type, made);
            try {
              if (type === CANCEL_TYPE) decodeCancel(block);
              else decodeOrder(block, crypto);
            } catch (error) {
              expect(isEdmpError(error), String(error)).toBe(true);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('prices travel both ways for every currency', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('DUM1', 'DUM2', ISSUED),
        fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }),
        fc.bigInt({ min: 1n, max: 2n ** 53n - 1n }),
        (currency, amount, per) => {
          const unit = price(currency, amount, per);
          expect(priceOf(priceToTx(unit), 'price')).toEqual(unit);
        },
      ),
    );
  });
});

describe('messages', () => {
  const id = crypto.sha256(Uint8Array.of(1));
  const later = Uint8Array.from(id, (byte, at) => (at === 0 ? 255 : byte));
  const bound = Uint8Array.of(128);
  const none = new Uint8Array(0);
  const range = { side: 0, from: none, to: bound } as const;
  const request: SyncRequest = {
    matchmaker: true,
    parts: [
      { kind: 'print', range, print: id.slice(0, 16) },
      { kind: 'have', range: { side: 1, from: bound, to: none }, ids: [id, later] },
      { kind: 'want', side: 0, ids: [id] },
    ],
  };

  it('survive the wire', async () => {
    const order = await seller.ask({ document, price: 1 });
    const notice = { bid: order.id, asks: [order.block.bytes] };
    expect(decodeMatchNotice(encodeMatchNotice(notice))).toEqual(notice);
    expect(decodeMatchReply(encodeMatchReply({ open: false }))).toEqual({ open: false });
    expect(decodeSyncRequest(encodeSyncRequest(request))).toEqual(request);
    const frame = {
      matchmaker: false,
      parts: [
        { kind: 'print', range, print: id.slice(0, 16) },
        { kind: 'ids', range, ids: [id] },
        { kind: 'again', range: { side: 1, from: id, to: none } },
      ],
      blocks: [order.block.bytes],
    } as const;
    expect(decodeSyncFrame(encodeSyncFrame(frame))).toEqual(frame);
  });

  it.each([
    ['a range that ends before it begins', [[0, bound, Uint8Array.of(1), id.slice(0, 16)]]],
    ['an empty range', [[0, bound, bound, id.slice(0, 16)]]],
    ['ids in another order', [[0, none, none, [later, id]]]],
    ['an id twice', [[0, none, none, [id, id]]]],
    ['a third side', [[2, none, none, []]]],
    ['a short fingerprint', [[0, none, none, id.slice(0, 15)]]],
    ['a long bound', [[0, new Uint8Array(33), none, []]]],
    ['three fields', [[0, none, none]]],
    ['257 ids', [[0, Array.from({ length: 257 }, () => id)]]],
    ['65 parts', Array.from({ length: 65 }, () => [0, []])],
  ])('a request with %s is refused', (_, parts) => {
    expect(() => decodeSyncRequest(encodeCanonical({ v: 1, matchmaker: true, parts }))).toThrow(
      code('ERR_MARKET_FORMAT'),
    );
  });

  it('a request with more than 2 048 ids in all is refused', () => {
    const ids = Array.from({ length: 256 }, (_, i) => Uint8Array.of(i, ...new Uint8Array(31)));
    const parts = Array.from({ length: 9 }, () => [0, ids]);
    expect(() => decodeSyncRequest(encodeCanonical({ v: 1, matchmaker: true, parts }))).toThrow(/2048 ids/);
  });

  it('arbitrary and mutated bytes give a message or a typed error', async () => {
    const order = await seller.ask({ document, price: 1 });
    const fixtures = [
      encodeMatchNotice({ bid: order.id, asks: [order.block.bytes] }),
      encodeMatchReply({ open: true }),
      encodeSyncRequest(request),
      encodeSyncFrame({ matchmaker: true, parts: [{ kind: 'ids', range, ids: [id] }], blocks: [id] }),
    ];
    const random = seededRandom(31);
    for (let i = 0; i < 10_000; i++) {
      const bytes =
        i % 4 === 0
          ? random.bytes(random.below(80))
          : (fixtures[random.below(fixtures.length)] as Uint8Array).slice();
      for (let hits = 1 + random.below(3); hits > 0 && i % 4 !== 0; hits--) {
        bytes[random.below(bytes.length)] = random.below(256);
      }
      for (const decoder of [decodeMatchNotice, decodeMatchReply, decodeSyncRequest, decodeSyncFrame]) {
        try {
          decoder(i % 5 === 0 ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes);
        } catch (error) {
          if (!isEdmpError(error)) throw error;
        }
      }
    }
    expect(() =>
      decodeMatchNotice(encodeCanonical({ v: 1, bid: order.id, asks: Array(17).fill(id) })),
    ).toThrow(code('ERR_MARKET_FORMAT'));
  });
});
