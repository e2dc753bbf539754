import { equalBytes } from '@edmp/interface';
import type { Currency } from '../asset/currency.ts';
import { comparePrices, wholeLots } from '../asset/price.ts';
import { executionPrice, ordersCross, type SignedOrder } from '../blocks/order.ts';
import type { Terms } from '../blocks/terms.ts';
import { decline } from '../trade/hold-desk.ts';
import type { Decline } from '../trade/messages.ts';
import { type NegotiationSettings, PHASE_LIMITS } from './settings.ts';
import { refuseWitnesses, type WitnessNodes } from './witnesses.ts';

/** Pause after which a buyer may ask again for what holds have taken, ms: holds come back within minutes. */
const TAKEN_RETRY_MS = 30_000;

/** What a seller knows when terms are proposed. */
export interface ProposedDeal {
  readonly terms: Terms;
  readonly ask: { readonly order: SignedOrder; readonly cancelled: boolean } | undefined;
  readonly bid: SignedOrder;
  readonly currency: Currency | undefined;
  /** Licences that no hold has taken. */
  readonly left: number;
  readonly now: number;
}

/** What {@link checkTerms} measures by. */
export interface TermsRules {
  readonly settings: NegotiationSettings;
  readonly nodes: WitnessNodes;
}

/** Why terms are declined, by the two orders and this seller's settings alone; undefined when they are fine. Pure. */
export function checkTerms(deal: ProposedDeal, rules: TermsRules): Decline | undefined {
  const { terms, ask, bid, currency, left, now } = deal;
  if (ask === undefined || ask.order.side !== 'ask') return decline('unknown', 'there is no such ask here');
  const { order } = ask;
  if (ask.cancelled) return decline('closed', 'the ask was cancelled');
  if (order.expires <= now) return decline('closed', 'the ask has expired');
  if (bid.expires <= now) return decline('closed', 'the bid has expired');
  if (!bid.id.equals(terms.bid) || !equalBytes(bid.owner, terms.buyer) || !ordersCross(order, bid)) {
    return decline('terms', 'the two orders do not cross, or are not of the two parties');
  }
  const unit = executionPrice(order, bid);
  if (terms.price.currency !== unit.currency || comparePrices(terms.price, unit) !== 0) {
    return decline('price', 'the price of the ask executes');
  }
  if (terms.asset !== order.asset || terms.quantity > bid.quantity) {
    return decline('terms', 'asset or quantity goes beyond the orders');
  }
  if (terms.suite !== rules.settings.suite) {
    return decline('terms', `keys are wrapped by ${rules.settings.suite} here`);
  }
  if (currency === undefined) {
    return decline('terms', 'the block of the currency is not known here yet', { retryMs: TAKEN_RETRY_MS });
  }
  return (
    checkDeadlines(terms, rules.settings, now) ??
    checkWitnesses(terms, order, currency, rules) ??
    checkQuantity(terms, order, left)
  );
}

function checkDeadlines(
  { deadlines }: Terms,
  { deltaMs }: NegotiationSettings,
  now: number,
): Decline | undefined {
  const accept = deadlines.accept - now;
  const release = deadlines.release - deadlines.accept;
  const complain = deadlines.complain - deadlines.release;
  if (accept < PHASE_LIMITS.shortestAccept || accept > PHASE_LIMITS.longestAccept) {
    return decline('deadlines', `the accept deadline is 1 s to 6 h ahead here, got ${accept} ms`);
  }
  // A hold that comes at the accept deadline must still leave 2Δ for the witnesses.
  if (release <= 2 * deltaMs || release > PHASE_LIMITS.longestRelease) {
    return decline(
      'deadlines',
      `the release phase lasts more than ${2 * deltaMs} ms and at most 1 h, got ${release} ms`,
    );
  }
  if (complain < PHASE_LIMITS.shortestComplain || complain > PHASE_LIMITS.longestComplain) {
    return decline('deadlines', `the complaint window lasts 1 s to 31 days, got ${complain} ms`);
  }
  return undefined;
}

function checkWitnesses(
  terms: Terms,
  order: SignedOrder,
  currency: Currency,
  { settings, nodes }: TermsRules,
): Decline | undefined {
  const parties = { seller: terms.seller, buyer: terms.buyer, nodes };
  const no = refuseWitnesses(currency, terms.witnesses, order.witnesses, parties, settings);
  if (no === undefined) return undefined;
  const offer =
    order.witnesses.length === 0 ? null : { quantity: terms.quantity, witnesses: order.witnesses };
  return decline('witnesses', no, { offer });
}

function checkQuantity(terms: Terms, order: SignedOrder, left: number): Decline | undefined {
  if (terms.quantity <= left) return undefined;
  const quantity = wholeLots(order.price, Math.max(0, left));
  if (quantity < 1) {
    return decline('taken', 'payments have taken all licences', { retryMs: TAKEN_RETRY_MS });
  }
  return decline('taken', `${quantity} licences are left`, {
    offer: { quantity, witnesses: order.witnesses },
  });
}
