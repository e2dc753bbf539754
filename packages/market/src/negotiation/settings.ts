import type { PublicKey } from '@edmp/interface';
import { MarketError } from '../errors.ts';

const SECOND = 1_000;
const MINUTE: number = 60 * SECOND;
const HOUR: number = 60 * MINUTE;
const DAY: number = 24 * HOUR;

/** Lengths of the phases of a trade that a buyer proposes, ms; each starts when the one before ends. */
export interface TradeDurations {
  /** From the proposal to the last moment at which the hold is expected. Default 60 000. */
  readonly accept: number;
  /** For the key to reach the witnesses, at most an hour. Default 600 000. */
  readonly release: number;
  /** For a complaint, at least an hour unless the market's `shortComplaints` is on. Default 3 600 000. */
  readonly complain: number;
}

/** The phases of a node that was not told otherwise. */
export const defaultDurations: TradeDurations = { accept: MINUTE, release: 10 * MINUTE, complain: HOUR };

/** What a seller accepts of phases, ms. The release must leave room for a hold that comes at the accept deadline. */
export const PHASE_LIMITS: {
  readonly shortestAccept: number;
  readonly longestAccept: number;
  readonly longestRelease: number;
  readonly shortestComplain: number;
  readonly longestComplain: number;
} = {
  /** Less could not bring the ciphertext over. */
  shortestAccept: SECOND,
  longestAccept: 6 * HOUR,
  longestRelease: HOUR,
  shortestComplain: SECOND,
  longestComplain: 31 * DAY,
};

/** A buyer's own minimum for the complaint window, ms: an hour to notice and to find a witness. */
export const SHORTEST_OWN_COMPLAIN_MS: number = HOUR;

/** What this node negotiates for. */
export interface NegotiationSettings {
  readonly durations: TradeDurations;
  /** As a buyer: complaint windows below an hour are fine. Default `false`. */
  readonly shortComplaints: boolean;
  /** Statement keys of witnesses that this node trusts as a buyer of test money. */
  readonly witnesses: readonly PublicKey[];
  /** Test money without witnesses is fine, as a buyer and as a seller, if the other side switched it on too. */
  readonly withoutWitnesses: boolean;
  /** A trade with the lone notary of its currency is fine. */
  readonly loneNotaryParty: boolean;
  /** How content keys are wrapped, e.g. `x-wing`: the `keySuite` of this node's settlement. */
  readonly suite: string;
  /** Δ of the witnesses' rounds, ms. */
  readonly deltaMs: number;
}

/** Checks a buyer's own phases. Throws `ERR_TRADE_TERMS` with what to change. */
export function checkDurations({ durations, shortComplaints, deltaMs }: NegotiationSettings): void {
  const { accept, release, complain } = durations;
  const wrong = (text: string): MarketError => new MarketError('ERR_TRADE_TERMS', text);
  for (const [name, value] of Object.entries(durations)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw wrong(`The phase ${name} is a whole number of milliseconds from 1 on, got ${value}`);
    }
  }
  if (accept < PHASE_LIMITS.shortestAccept || accept > PHASE_LIMITS.longestAccept) {
    throw wrong(`The accept phase lasts 1 s to 6 h, got ${accept} ms`);
  }
  if (release <= 2 * deltaMs || release > PHASE_LIMITS.longestRelease) {
    throw wrong(`The release phase lasts more than ${2 * deltaMs} ms and at most 1 h, got ${release} ms`);
  }
  if (complain > PHASE_LIMITS.longestComplain) throw wrong(`The complaint window lasts at most 31 days`);
  if (complain < SHORTEST_OWN_COMPLAIN_MS && !shortComplaints) {
    throw wrong(
      `A complaint window below 1 h (got ${complain} ms) leaves hardly time to complain; set shortComplaints to allow it`,
    );
  }
}
