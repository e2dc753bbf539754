import { describeError } from '../output.ts';

/** What one check found: `ok`, `warning` (works, but look at it), `problem` (does not work). */
export interface Finding {
  readonly check: string;
  readonly level: 'ok' | 'warning' | 'problem';
  /** What was found, and what to do about it. */
  readonly text: string;
}

/** All is well. */
export function ok(check: string, text: string): Finding {
  return { check, level: 'ok', text };
}

/** It works, but somebody should know. */
export function warning(check: string, text: string): Finding {
  return { check, level: 'warning', text };
}

/** It does not work. */
export function problem(check: string, text: string): Finding {
  return { check, level: 'problem', text };
}

/** Runs a check; whatever it throws becomes a problem. */
export async function checked(
  check: string,
  act: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await act();
  } catch (error) {
    return [problem(check, describeError(error))];
  }
}
