import type { DemoStep } from './ladder.ts';

/** What a demo did; the last line of `demo --json`. */
export interface DemoReport {
  readonly ok: boolean;
  /** Name of the step that failed; null when none did. */
  readonly failedStep: string | null;
  /** Why it failed; null when nothing did. */
  readonly error: string | null;
  readonly asset: string | null;
  /** Number of interval values that the buyer decrypted. */
  readonly readings: number;
  /** Whether they equal what the meter's API gives to anyone who asks it directly. */
  readonly identical: boolean;
  /** What was paid with: `DUM1`, or the label of the community token. */
  readonly currency: string;
  /** What the two own, minor units, earnings included; null when it could not be read. */
  readonly sellerBefore: number | null;
  readonly sellerAfter: number | null;
  readonly buyerBefore: number | null;
  readonly buyerAfter: number | null;
  /** What of `sellerAfter` was earned in test money: shown, and not spent again. */
  readonly sellerEarned: number | null;
  /** What became of the held money: `receipt` or `paid`; null when nothing did. */
  readonly outcome: string | null;
  /** Certificates of notaries and witnesses that were checked again from the files. */
  readonly certificates: number;
  /** Statement keys, hex, of those that signed them. */
  readonly witnesses: readonly string[];
  /** Whether all accounts of the community token add up to zero, the issuer's included; null in test money. */
  readonly sumsToZero: boolean | null;
  /** Half blocks in the two traders' own chains. */
  readonly blocks: number;
  /** Both chains, and every certificate, hold when they are checked again from the files. */
  readonly chainsValid: boolean;
  readonly steps: readonly DemoStep[];
  readonly elapsedMs: number;
}

/** What a demo has found so far. */
export type DemoFindings = {
  -readonly [Key in Exclude<
    keyof DemoReport,
    'ok' | 'failedStep' | 'error' | 'steps' | 'elapsedMs'
  >]: DemoReport[Key];
};

/** Nothing found yet. */
export function noFindings(currency: string): DemoFindings {
  return {
    asset: null,
    readings: 0,
    identical: false,
    currency,
    sellerBefore: null,
    sellerAfter: null,
    buyerBefore: null,
    buyerAfter: null,
    sellerEarned: null,
    outcome: null,
    certificates: 0,
    witnesses: [],
    sumsToZero: null,
    blocks: 0,
    chainsValid: false,
  };
}
