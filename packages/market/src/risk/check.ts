import type { PublicKey, Trustchain } from '@edmp/interface';
import { publicKeyToHex } from '@edmp/interface';
import { MarketError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { SignedOrder } from '../order/signed-order.ts';
import type { EncodedTerms } from '../trade/terms.ts';
import type { RiskPolicy } from './policy.ts';

/** What {@link checkCounterparty} looks at. */
export interface RiskContext {
  readonly policy: RiskPolicy;
  readonly trustchain: Trustchain;
  readonly ledger: Ledger;
}

const COUNTS: ReadonlySet<string> = new Set(['held', 'disputed', 'final']);

/**
 * Applies the policy to a counterparty whose chain was just synced (DESIGN §4.4).
 * Throws `ERR_RISK_FRAUD`, `ERR_RISK_CHAIN`, `ERR_RISK_OBLIGATIONS`, `ERR_RISK_BALANCE`, `ERR_RISK_EXPOSURE`,
 * `ERR_RISK_OVERSOLD`.
 */
export async function checkCounterparty(
  context: RiskContext,
  encoded: EncodedTerms,
  ask: SignedOrder,
  self: PublicKey,
): Promise<void> {
  const { policy, trustchain, ledger } = context;
  const { terms } = encoded;
  const sells = publicKeyToHex(terms.seller) === publicKeyToHex(self);
  const other = sells ? terms.buyer : terms.seller;
  if (policy.refuseFraud && ((await trustchain.isFraudulent(other)) || ledger.isFrozen(other))) {
    throw new MarketError('ERR_RISK_FRAUD', 'Fraud by the counterparty is proven');
  }
  if (policy.requireCompleteChain) await expectCompleteChain(trustchain, other);
  const obligations = ledger.obligations(other);
  if (obligations >= policy.maxOpenObligations) {
    throw new MarketError(
      'ERR_RISK_OBLIGATIONS',
      `The counterparty owes the next step in ${obligations} trades, at most ${policy.maxOpenObligations - 1} are accepted`,
      { retryable: true },
    );
  }
  const { currency } = terms.price;
  const agreed = COUNTS.has(ledger.trade(encoded.id)?.outcome ?? 'open');
  if (sells && policy.requireBalance) {
    const { available } = ledger.balance(other, currency);
    const needed = agreed ? 0n : terms.amount;
    if (available < needed) {
      throw new MarketError(
        'ERR_RISK_BALANCE',
        `The buyer has ${available} ${currency} after all holds, ${needed} are needed`,
      );
    }
  }
  const cap = policy.exposureCap?.(other, currency) ?? policy.maxExposure;
  const exposure = ledger.exposure(self, other, currency) + (agreed ? 0n : terms.amount);
  if (cap !== null && exposure > cap) {
    throw new MarketError(
      'ERR_RISK_EXPOSURE',
      `${exposure} ${currency} would be at stake with this counterparty, the cap is ${cap}`,
    );
  }
  if (!sells) expectSupply(ledger, encoded, ask);
}

async function expectCompleteChain(trustchain: Trustchain, author: PublicKey): Promise<void> {
  const head = await trustchain.store.head(author);
  const count = await trustchain.store.count(author);
  if (head !== undefined && count < head.core.seq) {
    throw new MarketError(
      'ERR_RISK_CHAIN',
      `${count} of ${head.core.seq} blocks of the counterparty's chain are known; sync it and try again`,
      { retryable: true },
    );
  }
}

/** Refuses a seller that sold more licences of the ask than it offered, or an exclusive asset twice. */
function expectSupply(ledger: Ledger, encoded: EncodedTerms, ask: SignedOrder): void {
  const { terms, id } = encoded;
  let sold = BigInt(terms.quantity);
  for (const trade of ledger.tradesIn(terms.asset)) {
    if (trade.id === id || !COUNTS.has(trade.outcome)) continue;
    const other = trade.blocks.trade.encoded.terms;
    if (other.asset !== terms.asset || publicKeyToHex(other.seller) !== ask.ownerHex) continue;
    if (ask.quantity === 1 || other.ask.equals(terms.ask)) sold += BigInt(other.quantity);
  }
  if (sold > BigInt(ask.quantity)) {
    throw new MarketError(
      'ERR_RISK_OVERSOLD',
      `The seller offers ${ask.quantity} licences and would have sold ${sold} with this trade`,
    );
  }
}
