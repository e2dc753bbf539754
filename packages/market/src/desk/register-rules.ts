import type { Trustchain, TypeRule } from '@edmp/interface';
import { isEdmpError } from '@edmp/interface';

/** Registers the rules that a chain lacks. One rule per type: the caller may have given it `marketRules` already. */
export function registerRules(
  trustchain: Pick<Trustchain, 'registerType'>,
  rules: Readonly<Record<string, TypeRule>>,
): void {
  for (const [type, rule] of Object.entries(rules)) {
    try {
      trustchain.registerType(type, rule);
    } catch (error) {
      // The names are ours and well formed, so this says that the type has its rule.
      if (!isEdmpError(error, 'ERR_INVALID_ARGUMENT')) throw error;
    }
  }
}
