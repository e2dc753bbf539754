import { type ByteReaders, byteReaders } from './byte-fields.ts';
import { type CodecReaders, codecReaders } from './codec-fields.ts';
import type { FieldFailure } from './failure.ts';
import { type NumberReaders, numberReaders } from './number-fields.ts';
import { type StructureReaders, structureReaders } from './structure-fields.ts';
import { type TextReaders, textReaders } from './text-fields.ts';

/** Everything that reads a field strictly, with one way to fail. */
export interface FieldReaders
  extends CodecReaders,
    StructureReaders,
    NumberReaders,
    TextReaders,
    ByteReaders {}

/**
 * Strict readers of decoded fields: each returns the value in its type, or throws what `fail` makes. Called once by a
 * package, or by a format that has an error of its own. `where` names a field in the message, e.g. `ask.price`.
 *
 * @example
 * ```ts
 * import { FormatError, fieldReaders } from '@edmp/interface/format';
 *
 * const { decodeBounded, integerOf, mapOf } = fieldReaders(
 *   (message, { cause }) => new FormatError('ERR_FORMAT_FIELD', message, { cause }),
 * );
 * export function decodeStep(bytes: Uint8Array): number {
 *   const fields = mapOf(decodeBounded(bytes, 64, 'step'), ['v', 'minutes'], 'step');
 *   integerOf(fields.v, 1, 1, 'step.v');
 *   return integerOf(fields.minutes, 1, 1_440, 'step.minutes');
 * }
 * ```
 */
export function fieldReaders(fail: FieldFailure): FieldReaders {
  return {
    ...codecReaders(fail),
    ...structureReaders(fail),
    ...numberReaders(fail),
    ...textReaders(fail),
    ...byteReaders(fail),
  };
}
