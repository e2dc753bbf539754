import { isEdmpError } from '@edmp/interface';

/** What each check is about, in words for people; in the order of the report. */
export const DEAL_CHECKS = {
  file: 'The file',
  orders: 'Offer and bid',
  ask: 'The seller’s offer',
  bid: 'The buyer’s bid',
  terms: 'The terms',
  proposal: 'The seller signed them',
  agreement: 'They follow from offer and bid',
  payment: 'The payment',
  currency: 'The currency',
  hold: 'The buyer’s money was held',
  spend: 'The notaries certified it',
  key: 'The key to the data',
  release: 'The seller released it',
  acks: 'The witnesses saw it',
  receipt: 'The buyer’s receipt',
  outcome: 'What became of the money',
  complaint: 'The buyer’s complaint',
  lie: 'The buyer’s false complaint',
  chains: 'The chains of both sides',
} as const;
/** One of {@link DEAL_CHECKS}. */
export type DealCheckName = keyof typeof DEAL_CHECKS;

/** One thing that was checked, with what it consists of. */
export interface DealCheck {
  readonly name: DealCheckName;
  /** What it is about, see {@link DEAL_CHECKS}. */
  readonly label: string;
  /** Whether it and everything below it is in order. */
  readonly passed: boolean;
  /** Whether the file holds nothing of it. That is in order, and shows nothing: what was left out, nobody can tell. */
  readonly absent: boolean;
  /** What was found, one sentence for people. */
  readonly detail: string;
  /** What a reader should know besides, in words for people, though nothing is wrong; null = nothing. */
  readonly note: string | null;
  readonly checks: readonly DealCheck[];
}

/** Something is not as it should be: fails the check that it happens in. */
export class Broken extends Error {}

/** Throws unless `right`: the sentence becomes the detail of the check. */
export function expectThat(right: boolean, otherwise: string): asserts right {
  if (!right) throw new Broken(otherwise);
}

/** The part, if it was in the file and could be read. */
export function needed<T>(part: T | null | undefined, otherwise: string): T {
  if (part === null || part === undefined) throw new Broken(otherwise);
  return part;
}

/** That the file holds nothing to check. */
interface Absent {
  readonly absent: string;
}

/** What a check found: nothing, which the sentence says. */
export function absent(sentence: string): Absent {
  return { absent: sentence };
}

/** What was found, with what a reader should know besides. */
interface Noted {
  readonly detail: string;
  readonly note: string;
}

/** Runs one check. `test` gives what was found, or throws what is wrong. */
export function check(
  name: DealCheckName,
  test: () => string | Noted | Absent,
  checks: readonly DealCheck[] = [],
): DealCheck {
  const label = DEAL_CHECKS[name];
  try {
    const found = test();
    const passed = checks.every((below) => below.passed);
    const shared = { name, label, passed, checks };
    if (typeof found === 'string') return { ...shared, absent: false, detail: found, note: null };
    return 'absent' in found
      ? { ...shared, absent: true, detail: found.absent, note: null }
      : { ...shared, absent: false, ...found };
  } catch (error) {
    return { name, label, passed: false, absent: false, detail: sentenceOf(error), note: null, checks };
  }
}

function sentenceOf(error: unknown): string {
  if (error instanceof Broken || isEdmpError(error)) return error.message;
  // A bug must not look like an honest file.
  return `could not be checked: ${error instanceof Error ? error.message : String(error)}`;
}

/** Names of the checks that failed by themselves, not only by what is below them: the broken ones. */
export function brokenChecks(checks: readonly DealCheck[]): readonly DealCheck[] {
  return checks.flatMap((one) => {
    if (one.passed) return [];
    const below = brokenChecks(one.checks);
    return below.length > 0 ? below : [one];
  });
}
