import { isEdmpError } from '@edmp/interface';

/** Code of the typed error that `call` throws; anything else fails the test. */
export function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (isEdmpError(error)) return error.code;
    throw error;
  }
  return 'no error';
}
