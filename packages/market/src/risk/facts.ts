import { equalBytes, type PublicKey } from '@edmp/interface';
import { exposureLedger, type NetFlow } from '@edmp/trustchain/trust';
import type { Terms } from '../blocks/terms.ts';
import type { LedgerHold, TradeLedger } from '../trade/needs.ts';
import { counterpartyOf, type Trade } from '../trade/trade.ts';
import type { TrustFacts } from './check.ts';

/** Outcomes by which a hold's money went back, and the licence with it. */
const BACK: ReadonlySet<string> = new Set(['none', 'refund', 'unwitnessed']);

/**
 * Payments that an account signed, that are not settled, and whose windows are not over (DESIGN §4.4.4: afterwards a
 * hold is nobody's obligation). What others sign about the account counts nothing: it speaks for them.
 */
export function openObligations(
  ledger: TradeLedger,
  account: PublicKey,
  now: number,
  without?: string,
): number {
  let open = 0;
  for (const hold of ledger.holdsOf(account)) {
    if (hold.outcome !== null || hold.complain < now || hold.key === without) continue;
    if (equalBytes(hold.buyer, account)) open += 1;
  }
  return open;
}

/**
 * Minor units of a currency at stake with one counterparty.
 *
 * @param trades - Those under way in which money is held or about to be.
 */
export function exposureTo(trades: Iterable<Trade>, counterparty: PublicKey, currency: string): bigint {
  let exposure = 0n;
  for (const trade of trades) {
    const { price, amount } = trade.encoded.terms;
    if (price.currency !== currency) continue;
    if (equalBytes(counterpartyOf(trade), counterparty)) exposure += amount;
  }
  return exposure;
}

/**
 * What NetFlow leaves for a counterparty when everything at stake in a currency is charged to the cuts behind it.
 *
 * @param trades - Those under way in which money is held or about to be.
 */
export function trustIn(
  netFlow: NetFlow,
  trades: Iterable<Trade>,
  counterparty: PublicKey,
  currency: string,
): TrustFacts {
  const ledger = exposureLedger(netFlow);
  for (const trade of trades) {
    const { price, amount } = trade.encoded.terms;
    const other = counterpartyOf(trade);
    if (price.currency !== currency || equalBytes(other, counterparty)) continue;
    ledger.charge(trade.encoded.id, other, amount);
  }
  const { room, charged, covered } = ledger.headroom(counterparty);
  return { room, strangers: charged - covered };
}

/** Licences of an ask in other payments that count at `now`, ms, and how many of these may still come back. */
export function soldOf(
  ledger: TradeLedger,
  terms: Terms,
  proposal: string,
  exclusive: boolean,
  now: number,
): { readonly sold: number; readonly soldOpen: number } {
  let sold = 0;
  let soldOpen = 0;
  for (const hold of ledger.holdsIn(terms.asset)) {
    if (!takesLicence(hold, terms, exclusive, now) || hold.proposal.toString() === proposal) continue;
    const quantity = hold.terms?.quantity ?? 0;
    sold += quantity;
    if (hold.outcome === null) soldOpen += quantity;
  }
  return { sold, soldOpen };
}

function takesLicence(hold: LedgerHold, { seller, ask }: Terms, exclusive: boolean, now: number): boolean {
  // Without witnesses a payment that got no receipt is back by time alone, claimed or not.
  if (hold.witnesses.length === 0 && hold.outcome === null && now >= hold.complain) return false;
  if (!hold.counts || (hold.outcome !== null && BACK.has(hold.outcome.kind))) return false;
  const { terms } = hold;
  if (terms === undefined || !equalBytes(terms.seller, seller)) return false;
  // What was sold exclusively is sold, in whichever of the seller's asks.
  return exclusive || equalBytes(terms.ask.bytes, ask.bytes);
}
