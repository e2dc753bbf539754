/** One thing wrong in a document, by exact path; values are never included, they are personal data. */
export interface OehuIssue {
  /** Where, e.g. `[3].metadata.metadata.location.coordinates[0]`. */
  readonly path: string;
  readonly code:
    | 'missing'
    | 'type'
    | 'number'
    | 'range'
    | 'typo'
    | 'noise'
    | 'swapped-coordinates'
    | 'burned'
    | 'clock-skew'
    | 'old-shape'
    | 'altered-copy'
    | 'other-device';
  readonly expected: string;
  /** Type or class of what came, never the value. */
  readonly received: string;
}

/** One entry of a list: one bad entry never hides the others. */
export type OehuEntry<T> =
  | { readonly ok: true; readonly index: number; readonly value: T; readonly warnings: readonly OehuIssue[] }
  | { readonly ok: false; readonly index: number; readonly issues: readonly OehuIssue[] };

/** Class of a JSON value for {@link OehuIssue.received}. */
export function received(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
