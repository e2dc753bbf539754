import type { PublicKey } from '@edmp/interface';
import { equalBytes } from '@edmp/interface';
import { suiteOf } from '../blocks/terms.ts';
import { MarketError } from '../errors.ts';
import type { MarketOptions, WitnessSettings } from '../market.ts';
import { defaultOfferLimits, type OfferLimits } from '../negotiation/offer-limits.ts';
import { defaultDurations, type NegotiationSettings, type TradeDurations } from '../negotiation/settings.ts';
import { DELTA_MS } from '../notary/limits.ts';
import { DEFAULT_ORDER_LIMITS, type OrderLimits } from '../order/limits.ts';
import { defaultRiskPolicy, type RiskPolicy } from '../risk/policy.ts';
import { flagOf, objectOf, publicKeysArgument, wholeArgument } from './arguments.ts';

/** Witnesses that a node can trust: the four of an ask, and some more to share one with every seller. */
const MAX_TRUSTED = 64;
/** Longest Δ: an hour of clock skew is no clock. */
const MAX_DELTA_MS = 3_600_000;

/** Offers to one buyer at once: as many as a buyer negotiates at once, so that it never waits for itself. Each costs one sealing. */
const OFFERS_PER_BUYER = 32;

/** A market's options, checked and with defaults. */
export interface MarketSettings {
  readonly matchmaker: boolean;
  readonly risk: RiskPolicy;
  readonly limits: OrderLimits;
  readonly witnesses: WitnessSettings;
  readonly negotiation: NegotiationSettings;
  readonly offers: OfferLimits;
}

/** Checks options that are plain values. Throws `ERR_MARKET_FORMAT`. */
export function settingsOf(options: MarketOptions, self: PublicKey): MarketSettings {
  objectOf(options, 'options');
  if (!equalBytes(options.signer.publicKey, self)) {
    throw new MarketError('ERR_MARKET_FORMAT', 'The signer and the chain must have the same key');
  }
  const witnesses: WitnessSettings = {
    keys: publicKeysArgument(options.witnesses?.keys ?? [], MAX_TRUSTED, 'options.witnesses.keys'),
    allowNone: flagOf(options.witnesses?.allowNone, 'options.witnesses.allowNone'),
  };
  return {
    matchmaker: options.matchmaker ?? true,
    risk: options.risk ?? defaultRiskPolicy,
    limits: { ...DEFAULT_ORDER_LIMITS, ...options.limits },
    witnesses,
    offers: { ...defaultOfferLimits, perBuyer: OFFERS_PER_BUYER },
    negotiation: {
      durations: durationsOf(options.deadlines),
      shortComplaints: flagOf(options.shortComplaints, 'options.shortComplaints'),
      witnesses: witnesses.keys ?? [],
      withoutWitnesses: witnesses.allowNone ?? false,
      loneNotaryParty: flagOf(options.loneNotaryParty, 'options.loneNotaryParty'),
      suite: suiteOf(options.settlement.keySuite, 'options.settlement.keySuite'),
      deltaMs: wholeArgument(options.deltaMs ?? DELTA_MS, 1, MAX_DELTA_MS, 'options.deltaMs'),
    },
  };
}

function durationsOf(given: Partial<TradeDurations> | undefined): TradeDurations {
  return { ...defaultDurations, ...given };
}
