import { type FieldReaders, fieldReaders } from '@edmp/interface/format';
import { SettlementError } from '../errors.ts';

const readers: FieldReaders = fieldReaders(
  (message, { cause }) => new SettlementError('ERR_SETTLEMENT_FORMAT', message, { cause }),
);

// The strict readers of this package: all throw `ERR_SETTLEMENT_FORMAT`. See `FieldReaders` of `@edmp/interface/format`.
export const decodeBounded: FieldReaders['decodeBounded'] = readers.decodeBounded;
export const encodeFields: FieldReaders['encodeFields'] = readers.encodeFields;
export const mapOf: FieldReaders['mapOf'] = readers.mapOf;
export const listOf: FieldReaders['listOf'] = readers.listOf;
export const oneOf: FieldReaders['oneOf'] = readers.oneOf;
export const booleanOf: FieldReaders['booleanOf'] = readers.booleanOf;
export const integerOf: FieldReaders['integerOf'] = readers.integerOf;
export const textOf: FieldReaders['textOf'] = readers.textOf;
export const bytesOf: FieldReaders['bytesOf'] = readers.bytesOf;
export const boundedBytesOf: FieldReaders['boundedBytesOf'] = readers.boundedBytesOf;
export const keyOf: FieldReaders['keyOf'] = readers.keyOf;
