import type { BlockStore, Environment, HalfBlock, ValidationLevel } from '@edmp/interface';
import { validateBlock, viewFromStore } from '@edmp/trustchain/validation';

/** Judges stored blocks by the neighbours stored now; for display, so without the rules of application types. */
export function levelReader(
  store: BlockStore,
  environment: Environment,
): (block: HalfBlock) => Promise<ValidationLevel> {
  return async (block) => {
    const view = await viewFromStore(block, store, new Map(), environment.now());
    return validateBlock(block, { ...view, rule: { checkAgreement: () => [] } }).level;
  };
}
