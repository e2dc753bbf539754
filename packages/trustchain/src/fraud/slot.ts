import type { HalfBlock, TypeRule } from '@edmp/interface';
import { FraudProofError } from './errors.ts';

/** Longest slot, characters: it is compared and shown, never stored. */
export const MAX_SLOT_LENGTH = 256;

/** The slot of a block by the rule of its type: null = it has none, undefined = there is no rule that could say. */
export type SlotOf = (block: HalfBlock) => string | null | undefined;

/**
 * Reads slots by rules. A rule that throws, or gives no acceptable name, gives none.
 *
 * @param rules - The rule of each transaction type, by its name.
 */
export function slotsBy(rules: ReadonlyMap<string, TypeRule>): SlotOf {
  return (block) => {
    const rule = rules.get(block.core.type);
    if (rule?.slot === undefined) return undefined;
    try {
      const slot: unknown = rule.slot(block);
      return typeof slot === 'string' && slot.length >= 1 && slot.length <= MAX_SLOT_LENGTH ? slot : null;
    } catch {
      return null;
    }
  };
}

/** Throws `ERR_FRAUD_UNKNOWN` without a rule for each block, `ERR_FRAUD_UNFOUNDED` unless they carry one slot. */
export function expectOneSlot(blocks: readonly HalfBlock[], slotOf: SlotOf | undefined): void {
  const slots = blocks.map((block) => slotOf?.(block));
  const unknown = blocks[slots.indexOf(undefined)];
  if (unknown !== undefined) {
    throw new FraudProofError(
      'ERR_FRAUD_UNKNOWN',
      `No rule here says which slot a block of type ${unknown.core.type} carries: register it to judge this proof`,
    );
  }
  const [first] = slots;
  if (typeof first !== 'string' || slots.some((slot) => slot !== first)) {
    throw new FraudProofError('ERR_FRAUD_UNFOUNDED', 'These blocks do not carry one slot');
  }
}
