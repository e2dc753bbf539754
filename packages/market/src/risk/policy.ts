import type { PublicKey } from '@edmp/interface';
import type { Rate } from '@edmp/interface/bounded';
import type { Currency } from '../asset/currency.ts';

/** What a node accepts of a counterparty (DESIGN §4.5); recomputed from chains and certificates, never self-reported. */
export interface RiskPolicy {
  /**
   * Test money: most payments that a buyer may have open at once, this one included (XChange's RESTRICT(k)). Only
   * what the buyer itself signed counts, so nobody can make another one untradeable.
   */
  readonly maxOpenObligations: number;
  /** Refuse a counterparty whose fraud is proven. */
  readonly refuseFraud: boolean;
  /** As a seller of test money: refuse a buyer whose funds, as far as known, do not cover the amount. */
  readonly requireFunds: boolean;
  /**
   * Test money: most minor units at stake with one counterparty at once beyond what its deals are good for: its NetFlow score,
   * charged to the cuts that it shares with others.
   */
  readonly maxExposure: (currency: Currency) => bigint;
  /**
   * Test money: most minor units at stake with all counterparties together beyond what their deals are good for, so that many made-up
   * ones have no more than one. Default: no limit, as strangers that are free could use it up and shut others out.
   */
  readonly strangersExposure?: (currency: Currency) => bigint;
  /** Test money: another cap for one counterparty in place of `maxExposure`; undefined = none for it. */
  readonly trustCap?: (counterparty: PublicKey, currency: Currency) => bigint | undefined;
  /** Issued money: most minor units of one currency that this node owns or is owed, its issuer and notaries trusted that far. */
  readonly issuerCap: (currency: Currency) => bigint;
  /** Requests about trades that one peer may make. */
  readonly requestRate: Rate;
}

/** Whole units of an issued currency that a node lets itself be owed by one issuer unless it was told otherwise. */
const DEFAULT_ISSUER_UNITS = 1_000_000n;

/** The policy of a node that was not told otherwise. */
export const defaultRiskPolicy: RiskPolicy = {
  maxOpenObligations: 32,
  refuseFraud: true,
  requireFunds: true,
  // Nobody can spend more test money than its grant, so more at stake with one counterparty is never right.
  maxExposure: (currency) => (currency.kind === 'test' ? currency.grant : issuerUnits(currency)),
  issuerCap: issuerUnits,
  // A deal takes three requests, and two nodes make some 80 deals a second when they do nothing else; whoever asks for
  // more than that costs a declined request each, for offers, holds and exposure have limits of their own.
  requestRate: { burst: 512, perSecond: 256 },
};

function issuerUnits(currency: Currency): bigint {
  return DEFAULT_ISSUER_UNITS * 10n ** BigInt(currency.precision);
}

/** No limits but those of money itself: simulations and tests. */
export const permissiveRiskPolicy: RiskPolicy = {
  maxOpenObligations: Number.MAX_SAFE_INTEGER,
  refuseFraud: false,
  requireFunds: false,
  maxExposure: () => 2n ** 63n,
  issuerCap: () => 2n ** 63n,
  requestRate: { burst: 1_000_000, perSecond: 1_000_000 },
};
