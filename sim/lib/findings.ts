/**
 * Kinds of what a history may show that must never be. `created`, `lost` and `unpaid` are about money, `stuck` is what
 * does not end, `violations` everything else.
 */
export const FINDING_KINDS = ['created', 'lost', 'unpaid', 'stuck', 'violations'] as const;
/** One of {@link FINDING_KINDS}. */
export type FindingKind = (typeof FINDING_KINDS)[number];

/** One broken invariant. */
export interface Finding {
  readonly kind: FindingKind;
  /** Short and stable, e.g. `balance-differs`. */
  readonly rule: string;
  readonly text: string;
}

/** Findings of one history, each rule and text once. */
export class Findings {
  readonly #found = new Map<string, Finding>();

  add(kind: FindingKind, rule: string, text: string): void {
    const key = `${rule} ${text}`;
    if (!this.#found.has(key)) this.#found.set(key, { kind, rule, text });
  }

  all(): readonly Finding[] {
    return [...this.#found.values()];
  }
}
