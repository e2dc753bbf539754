import type { ValidationIssue } from '@edmp/interface';
import { isEdmpError } from '@edmp/interface';

/** What `read` finds wrong with a block, as issues; anything that is no EDMP error is a bug and is thrown on. */
export function issuesOf(read: () => unknown): readonly ValidationIssue[] {
  try {
    read();
    return [];
  } catch (error) {
    if (!isEdmpError(error)) throw error;
    return [{ code: error.code, message: error.message }];
  }
}
