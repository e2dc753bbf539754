import { type Claim, MAX_CLAIMS } from '../blocks/money.ts';

/** What of an account's claimable money a spending block takes. */
export interface ChosenClaims {
  readonly claims: readonly Claim[];
  /** Minor units in all. */
  readonly amount: bigint;
}

/** Takes nothing. */
export const NO_CLAIMS: ChosenClaims = { claims: [], amount: 0n };

/** The largest claims that fit into one block, so that dust that strangers sent never stands in the way. */
export function largestClaims(claimable: readonly Claim[]): ChosenClaims {
  if (claimable.length === 0) return NO_CLAIMS;
  const claims = claimable
    .toSorted((a, b) => (a.amount === b.amount ? 0 : a.amount > b.amount ? -1 : 1))
    .slice(0, MAX_CLAIMS);
  let amount = 0n;
  for (const claim of claims) amount += claim.amount;
  return { claims, amount };
}
