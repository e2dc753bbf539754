import { MeterError } from '../errors.ts';

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
    | 'skipped'
    | 'impossible-time'
    | 'clock'
    | 'unknown-code'
    | 'corrected'
    | 'overlap'
    | 'assumed'
    | 'more';
  /** Where: a line, an element or a path. */
  readonly at: string;
  /** What it means, for people. */
  readonly message: string;
}

/** Most issues that one file is reported with; a file of millions of bad rows says so once. */
export const MAX_ISSUES = 1000;

/** How many issues were left out of a list. */
class MoreIssues implements SourceIssue {
  readonly code = 'more';
  readonly at = '$';
  message = '';
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(count: number): void {
    this.#count += count;
    this.message = `${this.#count} more like these`;
  }
}

/** A list of issues that grows no further than {@link MAX_ISSUES}, and then counts. */
class IssueList extends Array<SourceIssue> {
  /** What is made of it is a list of any length. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  override push(...issues: SourceIssue[]): number {
    for (const issue of issues) {
      if (this.length < MAX_ISSUES) {
        super.push(issue);
        continue;
      }
      let last = this[MAX_ISSUES];
      if (!(last instanceof MoreIssues)) {
        last = new MoreIssues();
        super.push(last);
      }
      if (last instanceof MoreIssues) last.add(issue instanceof MoreIssues ? issue.count : 1);
    }
    return this.length;
  }
}

/** A list to push issues into: a file of millions of bad rows fills no memory with them. */
export function issueList(): SourceIssue[] {
  return new IssueList();
}

/** The first {@link MAX_ISSUES} issues, and how many more there are. */
export function boundedIssues(issues: readonly SourceIssue[]): readonly SourceIssue[] {
  const bounded = new IssueList();
  const left = issues.filter((issue) => issue instanceof MoreIssues);
  for (const issue of issues) if (!(issue instanceof MoreIssues)) bounded.push(issue);
  // Last, so that what was told takes no other's place.
  if (left.length > 0 && bounded.length < MAX_ISSUES) {
    const more = new MoreIssues();
    for (const { count } of left) more.add(count);
    return [...bounded, more];
  }
  bounded.push(...left);
  return [...bounded];
}

/**
 * The refusal of a file in which nothing could be read: names what was expected and the first reasons why single
 * entries were left out, with unit, code and line.
 */
export function nothingRead(expected: string, issues: readonly SourceIssue[]): MeterError {
  const reasons = [...new Set(issues.map(({ at, message }) => `${at}: ${message}`))].slice(0, 3);
  const why = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`;
  return new MeterError('ERR_METER_SCHEMA', `Expected ${expected}, found none${why}`, {
    details: { issues: issues.length },
  });
}
