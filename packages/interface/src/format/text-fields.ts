import { isDisplayable } from './displayable.ts';
import { type FieldFailure, unexpected } from './failure.ts';

/** Texts. */
export interface TextReaders {
  /** Text of at most `max` UTF-16 units that no person reads: an id, a code, a key. */
  textOf(value: unknown, max: number, where: string): string;
  /** Text that people read, of `min` (default 0) to `max` UTF-16 units, displayable as it is: see `isDisplayable`. */
  lineOf(value: unknown, max: number, where: string, min?: number): string;
}

/** {@link TextReaders} that throw what `fail` makes. */
export function textReaders(fail: FieldFailure): TextReaders {
  return {
    textOf(value, max, where) {
      if (typeof value === 'string' && value.length <= max) return value;
      throw unexpected(fail, where, `text of at most ${max} characters`, value);
    },
    lineOf(value, max, where, min = 0) {
      if (typeof value === 'string' && value.length >= min && value.length <= max && isDisplayable(value)) {
        return value;
      }
      const length = min === 0 ? `at most ${max}` : `${min} to ${max}`;
      throw unexpected(fail, where, `one line of ${length} characters, all of them visible, in NFC`, value);
    },
  };
}
