import { FormatError, fieldReaders } from '@edmp/interface/format';

const { decodeBounded, integerOf, mapOf } = fieldReaders(
  (message, { cause }) => new FormatError('ERR_FORMAT_FIELD', message, { cause }),
);
export function decodeStep(bytes: Uint8Array): number {
  const fields = mapOf(decodeBounded(bytes, 64, 'step'), ['v', 'minutes'], 'step');
  integerOf(fields.v, 1, 1, 'step.v');
  return integerOf(fields.minutes, 1, 1_440, 'step.minutes');
}
