import type { PublicKey } from '@edmp/interface';
import { type Currency, currencyName } from '../asset/currency.ts';
import { MarketError } from '../errors.ts';
import type { RiskPolicy } from './policy.ts';

/** What is known of a counterparty before this node gives or promises anything. */
export interface CounterpartyFacts {
  readonly key: PublicKey;
  /** Fraud by it is proven. */
  readonly cheat: boolean;
  /** Minor units at stake with it in trades under way, without this one. */
  readonly exposure: bigint;
  /** Test money: computed when it matters; absent = nothing is known. */
  readonly trust?: () => TrustFacts;
}

/** What NetFlow says of a counterparty, minor units. */
export interface TrustFacts {
  /** What its deals are good for beside what is at stake with others already: those behind the same cut share it. */
  readonly room: bigint;
  /** What is at stake with others beyond what theirs are good for. */
  readonly strangers: bigint;
}

/** What is known of a buyer. */
export interface BuyerFacts extends CounterpartyFacts {
  /** Payments that it signed and that are not settled yet, without this one. */
  readonly openObligations: number;
  /** What it can spend, as far as this node knows its account, minor units. */
  readonly available: bigint;
  /** Issued money: minor units of this currency that the seller owns or is owed. */
  readonly owned: bigint;
}

/** What is known of a seller. */
export interface SellerFacts extends CounterpartyFacts {
  /** Licences for sale in the ask. */
  readonly supply: number;
  /** Licences of it in others' payments that count: of these, those that may still come back. */
  readonly sold: number;
  readonly soldOpen: number;
}

/** The deal that is judged. */
export interface Deal {
  readonly currency: Currency;
  /** Minor units. */
  readonly amount: bigint;
  /** Licences. */
  readonly quantity: number;
}

function expectHonest(policy: RiskPolicy, facts: CounterpartyFacts, who: string): void {
  if (policy.refuseFraud && facts.cheat) {
    throw new MarketError('ERR_RISK_FRAUD', `Fraud by the ${who} is proven`);
  }
}

function expectExposure(policy: RiskPolicy, facts: CounterpartyFacts, { currency, amount }: Deal): void {
  if (currency.kind !== 'test') return;
  const cap = policy.trustCap?.(facts.key, currency) ?? policy.maxExposure(currency);
  const shared = policy.strangersExposure?.(currency);
  const exposure = facts.exposure + amount;
  if (exposure <= cap && shared === undefined) return;
  const { room, strangers } = facts.trust?.() ?? { room: 0n, strangers: 0n };
  if (exposure > cap + room) {
    throw new MarketError(
      'ERR_RISK_EXPOSURE',
      `${exposure} ${currencyName(currency)} would be at stake with this counterparty at once, the cap is ${cap} and ${room} that its deals are good for`,
      { retryable: facts.exposure > 0n },
    );
  }
  const uncovered = exposure > room ? exposure - room : 0n;
  if (shared === undefined || uncovered === 0n || strangers + uncovered <= shared) return;
  throw new MarketError(
    'ERR_RISK_EXPOSURE',
    `${strangers + uncovered} ${currencyName(currency)} would be at stake at once with counterparties beyond what their deals are good for, the cap for all is ${shared}`,
    { retryable: strangers + facts.exposure > 0n },
  );
}

/**
 * Applies the policy to a buyer that proposes a deal. Pure. Throws `ERR_RISK_FRAUD`, `ERR_RISK_BALANCE`,
 * `ERR_RISK_OBLIGATIONS`, `ERR_RISK_EXPOSURE`; retryable where waiting may help.
 */
export function checkBuyer(policy: RiskPolicy, facts: BuyerFacts, deal: Deal): void {
  const { currency, amount } = deal;
  expectHonest(policy, facts, 'buyer');
  if (currency.kind === 'issued') {
    const owned = facts.owned + amount;
    const cap = policy.issuerCap(currency);
    if (owned > cap) {
      throw new MarketError(
        'ERR_RISK_EXPOSURE',
        `The seller would own or be owed ${owned} minor units of ${currencyName(currency)}, its cap for this issuer is ${cap}`,
        { retryable: true },
      );
    }
    return;
  }
  if (policy.requireFunds && facts.available < amount) {
    throw new MarketError(
      'ERR_RISK_BALANCE',
      `The buyer can spend ${facts.available} ${currencyName(currency)} by its chain, ${amount} are needed`,
    );
  }
  if (facts.openObligations >= policy.maxOpenObligations) {
    throw new MarketError(
      'ERR_RISK_OBLIGATIONS',
      `The buyer has ${facts.openObligations} payments open, at most ${policy.maxOpenObligations} with this one are accepted`,
      { retryable: true },
    );
  }
  expectExposure(policy, facts, deal);
}

/**
 * Applies the policy to a seller before money is held. Pure. Throws `ERR_RISK_FRAUD`, `ERR_RISK_EXPOSURE`,
 * `ERR_RISK_OVERSOLD`; retryable where waiting may help.
 */
export function checkSeller(policy: RiskPolicy, facts: SellerFacts, deal: Deal): void {
  expectHonest(policy, facts, 'seller');
  expectExposure(policy, facts, deal);
  const sold = facts.sold + deal.quantity;
  if (sold <= facts.supply) return;
  throw new MarketError(
    'ERR_RISK_OVERSOLD',
    `The seller offers ${facts.supply} licences and would have sold ${sold} with this trade`,
    { retryable: sold - facts.soldOpen <= facts.supply },
  );
}
