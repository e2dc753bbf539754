/** Something odd in a meter file that did not stop it from being read. Never holds readings. */
export interface SourceIssue {
  readonly code:
    | 'unreadable'
    | 'unknown-unit'
    | 'bad-value'
    | 'bad-time'
    | 'ambiguous-time'
    | 'no-time'
    | 'skipped-time'
    | 'line-endings'
    | 'truncated'
    | 'unverified'
    | 'skipped';
  /** Where: a line, an element or a path. */
  readonly at: string;
  /** What it means, for people. */
  readonly message: string;
}
