import { displayable } from './displayable.ts';

/** Where and why a reader failed. */
export interface FieldFailureOptions {
  /** The field, as the caller of the reader named it. */
  readonly where: string;
  /** What went wrong below, e.g. a `FormatError`. */
  readonly cause?: unknown;
}

/** Makes the error that a reader throws. The message names the field, what was expected and what came. */
export type FieldFailure = (message: string, options: FieldFailureOptions) => Error;

/** Most characters of a text that an error message repeats. */
const MAX_SHOWN = 60;

/** Text of an unknown value for error messages: short, fit for a terminal, and without content of bytes. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(displayable(value, MAX_SHOWN));
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      if (value instanceof Uint8Array) return `${value.length} bytes`;
      return Array.isArray(value) ? `a list of ${value.length}` : 'a map or link';
    default:
      return typeof value;
  }
}

/** The error about a value that is not what was expected. */
export function unexpected(fail: FieldFailure, where: string, expected: string, value: unknown): Error {
  return fail(`${where}: expected ${expected}, got ${describeValue(value)}`, { where });
}
