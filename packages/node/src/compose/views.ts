import { type HalfBlock, type PublicKey, publicKeyToHex } from '@edmp/interface';
import type { Listing, Order, Price, Trade, TradeState } from '@edmp/market';
import type {
  BlockView,
  BookOrderView,
  ListingView,
  OrderView,
  TradeStepView,
  TradeView,
} from '../service.ts';

/** Name of a ladder's rung for each state of a trade (DESIGN §4.3). */
const STEP_NAMES: Readonly<Record<TradeState, string>> = {
  negotiating: 'negotiation',
  accepted: 'terms',
  proposed: 'trade-proposal',
  agreed: 'trade-agreement',
  released: 'release-proposal',
  complained: 'complaint',
  completed: 'release-agreement',
  failed: 'failed',
};

/** Money for one licence, minor units, rounded up when a price is quoted per several licences. */
export function unitPrice(price: Price): bigint {
  return (price.amount + price.per - 1n) / price.per;
}

/** A listing for people and programs. */
export function listingView(listing: Listing, self: PublicKey): ListingView {
  const seller = publicKeyToHex(listing.seller);
  return {
    order: listing.order.toString(),
    asset: listing.asset,
    seller,
    own: seller === publicKeyToHex(self),
    descriptor: listing.document.descriptor,
    price: unitPrice(listing.price),
    currency: listing.price.currency,
    remaining: listing.available,
    listed: listing.created,
    expires: listing.expires,
  };
}

/** An own order. */
export function orderView(order: Order): OrderView {
  return {
    order: order.id.toString(),
    side: order.side,
    asset: order.asset,
    price: unitPrice(order.price),
    currency: order.price.currency,
    quantity: order.quantity,
    filled: order.filled,
    reserved: order.reserved,
    status: order.status === 'filled' ? 'completed' : order.status,
    created: order.created,
    expires: order.expires,
    number: order.number,
  };
}

/** Anybody's open order. */
export function bookOrderView(order: Order): BookOrderView {
  return {
    order: order.id.toString(),
    side: order.side,
    number: order.number,
    trader: publicKeyToHex(order.owner),
    asset: order.asset,
    price: unitPrice(order.price),
    currency: order.price.currency,
    quantity: order.quantity,
    filled: order.filled,
    created: order.created,
    expires: order.expires,
  };
}

/** A trade as the ladder that people follow. */
export function tradeView(trade: Trade): TradeView {
  const mine = trade.role === 'seller' ? trade.ask : trade.bid;
  const theirs = trade.role === 'seller' ? trade.bid : trade.ask;
  const seller = publicKeyToHex(trade.seller);
  const steps = trade.steps.map(
    (step): TradeStepView => ({
      name: STEP_NAMES[step.state],
      at: step.time,
      block: step.block?.toString() ?? null,
      signedBy: step.signer === null ? null : publicKeyToHex(step.signer) === seller ? 'seller' : 'buyer',
    }),
  );
  return {
    id: trade.id,
    role: trade.role,
    asset: trade.asset,
    order: mine.toString(),
    partner: publicKeyToHex(trade.role === 'seller' ? trade.buyer : trade.seller),
    partnerOrder: theirs.toString(),
    price: trade.amount,
    currency: trade.price.currency,
    state: trade.state,
    final: trade.state === 'completed' || trade.state === 'failed',
    failed: trade.failure === undefined ? null : `${trade.failure.reason} (${trade.failure.code})`,
    steps,
    atRisk: trade.atRisk,
    started: steps[0]?.at ?? 0,
    updated: steps.at(-1)?.at ?? 0,
  };
}

/** A block for the ledger explorer. */
export function blockView(block: HalfBlock, level: string): BlockView {
  const { core } = block;
  return {
    id: block.id.toString(),
    author: publicKeyToHex(core.key),
    seq: core.seq,
    prev: core.prev?.toString() ?? null,
    peer: core.peer === null ? null : publicKeyToHex(core.peer),
    link: core.link?.toString() ?? null,
    type: core.type,
    time: core.time,
    level,
    bytes: block.bytes.length,
  };
}
