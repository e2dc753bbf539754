import type { HalfBlock } from '@edmp/interface';
import { equalBytes, isEdmpError } from '@edmp/interface';
import { decodeHalfBlock } from '@edmp/trustchain';
import type { MarketContext } from './context.ts';
import {
  ASK_TYPE,
  BID_TYPE,
  CANCEL_TYPE,
  decodeCancel,
  decodeOrder,
  type SignedOrder,
} from './order/signed-order.ts';
import { decodeTradeRecord, TRADE_RECORD_PREFIX, type TradeRecord } from './trade/record.ts';

/** Blocks read from the store at a time. */
const PAGE = 1_000;

/** What a restart finds. */
export interface Restored {
  /** Orders of anybody that are not expired and not cancelled. */
  readonly orders: readonly SignedOrder[];
  readonly trades: readonly { readonly record: TradeRecord; readonly ask: SignedOrder }[];
}

/** Folds the whole store into the ledger and own orders, and reads the trade records. */
export async function restore(context: MarketContext): Promise<Restored> {
  const { crypto, environment, ledger, own, records, self, trustchain } = context;
  const orders = new Map<string, SignedOrder>();
  const cancelled: HalfBlock[] = [];
  let after = 0;
  for (;;) {
    const page = await trustchain.store.since(after, PAGE);
    for (const { block, arrival } of page) {
      after = arrival;
      ledger.apply(block);
      const { type } = block.core;
      if (type === CANCEL_TYPE) cancelled.push(block);
      if (type !== ASK_TYPE && type !== BID_TYPE) continue;
      const order = readable(() => decodeOrder(block, crypto));
      if (order === undefined) continue;
      if (equalBytes(order.owner, self)) own.add(order);
      if (order.expires > environment.now()) orders.set(order.key, order);
    }
    if (page.length < PAGE) break;
  }
  for (const block of cancelled) {
    const key = readable(() => decodeCancel(block))?.toString();
    if (key === undefined) continue;
    const mine = own.get(key);
    if (mine !== undefined && equalBytes(mine.owner, block.core.key)) own.cancel(key);
    const order = orders.get(key);
    if (order !== undefined && equalBytes(order.owner, block.core.key)) orders.delete(key);
  }
  const trades: { readonly record: TradeRecord; readonly ask: SignedOrder }[] = [];
  for (const [, bytes] of await records.entries(TRADE_RECORD_PREFIX)) {
    const record = decodeTradeRecord(bytes, crypto);
    const ask = decodeOrder(decodeHalfBlock(record.ask, crypto), crypto);
    if (record.proof !== null) ledger.addEvidence(record.proof);
    trades.push({ record, ask });
  }
  trades.sort((a, b) => (a.record.steps[0]?.time ?? 0) - (b.record.steps[0]?.time ?? 0));
  ledger.advance(environment.now());
  return { orders: [...orders.values()], trades };
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isEdmpError(error)) return undefined;
    throw error;
  }
}
