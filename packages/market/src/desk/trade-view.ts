import type { PublicKey } from '@edmp/interface';
import type { Trade as TradeView } from '../market.ts';
import { isFinished } from '../trade/states.ts';
import { documentOf, idOf, type Trade } from '../trade/trade.ts';

/** States in which a buyer's money is held, and in which a seller has given its key and is not paid for it yet. */
const EXPOSED = {
  buyer: new Set<string>(['certifying', 'held', 'opening', 'complaining']),
  seller: new Set<string>(['acknowledged', 'waiting', 'undecided']),
} as const;

/** Most that this node can lose now, minor units. */
export function atRisk(trade: Trade): bigint {
  return EXPOSED[trade.role].has(trade.state) ? trade.encoded.terms.amount : 0n;
}

/** The receipt, which ends a trade that goes well, is a block of the buyer. */
function withReceipt({ steps, receipt, encoded }: Trade): TradeView['steps'] {
  if (receipt === null) return steps;
  return steps.map((step) =>
    step.state === 'completed' && step.block === null
      ? { ...step, block: receipt, signer: encoded.terms.buyer }
      : step,
  );
}

/** The public view of a trade; `witnesses` are those who decide about its money. */
export function tradeView(trade: Trade, witnesses: readonly PublicKey[]): TradeView {
  const { terms } = trade.encoded;
  return {
    id: idOf(trade),
    role: trade.role,
    state: trade.state,
    finished: isFinished(trade.state),
    ask: terms.ask,
    bid: terms.bid,
    seller: terms.seller,
    buyer: terms.buyer,
    asset: terms.asset,
    document: documentOf(trade),
    quantity: terms.quantity,
    price: terms.price,
    amount: terms.amount,
    deadlines: terms.deadlines,
    witnesses,
    steps: withReceipt(trade),
    ...(trade.failure === null ? {} : { failure: trade.failure }),
    atRisk: atRisk(trade),
  };
}
