import type { PublicKey } from '@edmp/interface';

/** What a node accepts of a counterparty (DESIGN §4.4); recomputed from its chain, never self-reported. */
export interface RiskPolicy {
  /** Most unfinished trades of the counterparty, this one included (XChange's RESTRICT(k)). */
  readonly maxOpenObligations: number;
  /** Refuse a counterparty whose fraud is proven. */
  readonly refuseFraud: boolean;
  /** As a seller: refuse a buyer whose balance after all holds does not cover the amount. */
  readonly requireBalance: boolean;
  /** Refuse a counterparty whose chain has gaps after syncing it. */
  readonly requireCompleteChain: boolean;
  /** Most minor units at stake with one counterparty at once; null = no cap. */
  readonly maxExposure: bigint | null;
  /** Cap by trust in place of `maxExposure` where given, e.g. from NetFlow or MeritRank scores. */
  readonly exposureCap?: (counterparty: PublicKey, currency: string) => bigint | null;
}

/** The policy of a node that was not told otherwise. */
export const defaultRiskPolicy: RiskPolicy = {
  maxOpenObligations: 32,
  refuseFraud: true,
  requireBalance: true,
  requireCompleteChain: true,
  maxExposure: null,
};

/** No checks at all: simulations and tests. */
export const permissiveRiskPolicy: RiskPolicy = {
  maxOpenObligations: Number.MAX_SAFE_INTEGER,
  refuseFraud: false,
  requireBalance: false,
  requireCompleteChain: false,
  maxExposure: null,
};
