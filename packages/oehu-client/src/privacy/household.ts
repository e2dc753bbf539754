import type { Descriptor } from '@edmp/interface';

/** Household class as a descriptor may name it. */
export type HouseholdClass = NonNullable<Descriptor['household']>;

const KINDS: Readonly<Record<string, HouseholdClass['kind']>> = {
  house: 'house',
  office: 'office',
  storage: 'storage',
  factory: 'factory',
};

/**
 * Buckets a household: known kinds or `other`, and 1, 2, 3–4 or 5+ occupants.
 *
 * @param household - What the owner told: `kind` in any case, `occupants` as a whole number; null when nothing was
 *   told, which gives null.
 */
export function householdClass(
  household: { readonly kind: string; readonly occupants: number | null } | null,
): HouseholdClass | null {
  if (household === null) return null;
  return {
    kind: KINDS[household.kind.trim().toLowerCase()] ?? 'other',
    occupants: occupantsBucket(household.occupants),
  };
}

function occupantsBucket(occupants: number | null): HouseholdClass['occupants'] {
  if (occupants === null || !Number.isInteger(occupants) || occupants < 1) return null;
  if (occupants <= 2) return occupants === 1 ? '1' : '2';
  return occupants <= 4 ? '3-4' : '5+';
}
