import {
  type AbortOptions,
  type BlockStore,
  type HalfBlock,
  type PublicKey,
  throwIfAborted,
} from '@edmp/interface';
import { type FraudEvidence, slotEvidence } from '../fraud/evidence.ts';
import { slotsBy } from '../fraud/slot.ts';
import type { TypeRules } from './view.ts';

const PAGE = 256;
/** Blocks of an author that are looked at: as many as a history has that is fetched at once. */
const MAX_LOOKED_AT = 20_000;

/** Types whose blocks carry slots. */
export function slottedTypes(rules: TypeRules): readonly string[] {
  return [...rules].filter(([, rule]) => rule.slot !== undefined).map(([type]) => type);
}

/** The first two stored blocks of an author that carry one slot, as evidence; undefined when there are none. */
export async function doubleSlot(
  store: Pick<BlockStore, 'byType'>,
  rules: TypeRules,
  author: PublicKey,
  { signal }: AbortOptions = {},
): Promise<FraudEvidence | undefined> {
  const slotOf = slotsBy(rules);
  const bySlot = new Map<string, HalfBlock>();
  for (const type of slottedTypes(rules)) {
    for (let after = 0; bySlot.size < MAX_LOOKED_AT; ) {
      throwIfAborted(signal);
      const page = await store.byType(type, { author, after, limit: PAGE });
      for (const { block, arrival } of page) {
        after = arrival;
        const slot = slotOf(block);
        if (typeof slot !== 'string') continue;
        const known = bySlot.get(slot);
        // Two blocks at one position are a fork, which is found by its place.
        const double = known === undefined ? undefined : slotEvidence(known, block);
        if (double !== undefined) return double;
        if (known === undefined) bySlot.set(slot, block);
      }
      if (page.length < PAGE) break;
    }
  }
  return undefined;
}
