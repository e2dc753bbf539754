import { type HalfBlock, type PublicKey, publicKeyToHex } from '@edmp/interface';
import type { Currency, Listing, Order, Price, Trade } from '@edmp/market';
import { DUM1, DUM2 } from '@edmp/market';
import { currencyName } from '@edmp/market/ledger';
import { type Certificate, encodeCertificate } from '@edmp/market/notary';
import type { TradeEvidence, TradeState } from '@edmp/market/trade';
import { TRADE_STATE_TEXT } from '@edmp/market/trade';
import type {
  BookOrderView,
  CertificateView,
  ChainBlockView,
  CurrencyView,
  ListingView,
  OrderView,
  TradeEvidenceView,
  TradeStepView,
  TradeView,
} from '../service.ts';

/** Name of a ladder's rung for each state of a trade (DESIGN §4.3), as seen from either side. */
const STEP_NAMES: Readonly<Record<TradeState, string>> = {
  proposing: 'negotiation',
  offered: 'trade-proposal',
  fetching: 'trade-proposal',
  signing: 'signing',
  certifying: 'certifying',
  held: 'trade-agreement',
  releasing: 'trade-agreement',
  acknowledged: 'acknowledgement',
  opening: 'release-proposal',
  waiting: 'release-proposal',
  complaining: 'complaint',
  undecided: 'undecided',
  completed: 'release-agreement',
  returned: 'returned',
  lost: 'lost',
  failed: 'failed',
};

/** Names of currencies for people, by id. */
export type CurrencyNames = (id: string) => string;

/** A kind of money. */
export function currencyView(currency: Currency, self: PublicKey, chosen: boolean): CurrencyView {
  const { id, label, precision } = currency;
  const name = currencyName(currency);
  if (currency.kind === 'test') {
    return {
      id,
      label,
      name,
      precision,
      test: true,
      issuer: null,
      notaries: [],
      own: false,
      chosen,
      block: null,
    };
  }
  const issuer = publicKeyToHex(currency.issuer);
  return {
    id,
    label,
    name,
    precision,
    test: false,
    issuer,
    notaries: currency.notaries.map(publicKeyToHex),
    own: issuer === publicKeyToHex(self),
    chosen,
    block: currency.block.bytes,
  };
}

/** Money for one licence, minor units, rounded up when a price is quoted per several licences. */
export function unitPrice(price: Price): bigint {
  return (price.amount + price.per - 1n) / price.per;
}

/** A listing for people and programs. */
export function listingView(listing: Listing, self: PublicKey, names: CurrencyNames): ListingView {
  const seller = publicKeyToHex(listing.seller);
  return {
    order: listing.order.toString(),
    asset: listing.asset,
    seller,
    own: seller === publicKeyToHex(self),
    descriptor: listing.document.descriptor,
    price: unitPrice(listing.price),
    currency: listing.price.currency,
    currencyLabel: names(listing.price.currency),
    remaining: listing.available,
    listed: listing.created,
    expires: listing.expires,
  };
}

/** An own order. */
export function orderView(order: Order, names: CurrencyNames): OrderView {
  return {
    order: order.id.toString(),
    side: order.side,
    asset: order.asset,
    price: unitPrice(order.price),
    currency: order.price.currency,
    currencyLabel: names(order.price.currency),
    quantity: order.quantity,
    filled: order.filled,
    reserved: order.reserved,
    status: order.status === 'filled' ? 'completed' : order.status,
    created: order.created,
    expires: order.expires,
    number: order.number,
    aside: (order.aside ?? []).map(({ ask, code, reason, again }) => ({
      ask: ask.toString(),
      code,
      reason,
      again,
    })),
  };
}

/** Anybody's open order. */
export function bookOrderView(order: Order, names: CurrencyNames): BookOrderView {
  return {
    order: order.id.toString(),
    side: order.side,
    number: order.number,
    trader: publicKeyToHex(order.owner),
    asset: order.asset,
    price: unitPrice(order.price),
    currency: order.price.currency,
    currencyLabel: names(order.price.currency),
    quantity: order.quantity,
    filled: order.filled,
    created: order.created,
    expires: order.expires,
  };
}

/** The buyer's block stands at the step that it leads to; test money has no notaries to wait for. */
function stepsOf({ price, steps }: Trade): Trade['steps'] {
  const signed = steps.find(({ state }) => state === 'certifying');
  const test = price.currency === DUM1.id || price.currency === DUM2.id;
  return steps
    .filter(({ state }) => state !== 'certifying' || !test)
    .map((step) =>
      step.state !== 'held' || step.block !== null || signed === undefined
        ? step
        : { ...step, block: signed.block, signer: signed.signer },
    );
}

/** A trade as the ladder that people follow. */
export function tradeView(trade: Trade, names: CurrencyNames): TradeView {
  const mine = trade.role === 'seller' ? trade.ask : trade.bid;
  const theirs = trade.role === 'seller' ? trade.bid : trade.ask;
  const seller = publicKeyToHex(trade.seller);
  const steps = stepsOf(trade).map(
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
    currencyLabel: names(trade.price.currency),
    state: trade.state,
    stateText: TRADE_STATE_TEXT[trade.state],
    final: trade.finished,
    witnesses: trade.witnesses.map(publicKeyToHex),
    failed: trade.failure === undefined ? null : `${trade.failure.reason} (${trade.failure.code})`,
    steps,
    atRisk: trade.atRisk,
    started: steps[0]?.at ?? 0,
    updated: steps.at(-1)?.at ?? 0,
  };
}

/** Certificates and outcome of a trade. */
export function tradeEvidenceView(
  evidence: TradeEvidence,
  witnesses: readonly PublicKey[],
): TradeEvidenceView {
  const certificates = [evidence.spend, evidence.acks, evidence.outcome?.certificate ?? null];
  return {
    trade: evidence.trade,
    hold: evidence.hold?.toString() ?? null,
    outcome: evidence.outcome?.kind ?? null,
    certificates: certificates
      .filter((certificate) => certificate !== null)
      .map((certificate) => certificateView(certificate, witnesses)),
  };
}

function certificateView(certificate: Certificate, keys: readonly PublicKey[]): CertificateView {
  return {
    kind: certificate.kind,
    subject: certificate.subject.toString(),
    signers: certificate.shares.map(({ index }) => {
      const key = keys[index];
      return key === undefined ? `number ${index}` : publicKeyToHex(key);
    }),
    bytes: encodeCertificate(certificate),
  };
}

/** A block for the ledger explorer. */
export function blockView(block: HalfBlock, level: string): ChainBlockView {
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
