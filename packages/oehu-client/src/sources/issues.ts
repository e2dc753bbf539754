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

/** The first {@link MAX_ISSUES} issues, and how many more there are. */
export function boundedIssues(issues: readonly SourceIssue[]): readonly SourceIssue[] {
  if (issues.length <= MAX_ISSUES) return issues;
  const more = issues.length - MAX_ISSUES;
  return [...issues.slice(0, MAX_ISSUES), { code: 'more', at: '$', message: `${more} more like these` }];
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
