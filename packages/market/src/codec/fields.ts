import { bytesToHex } from '@edmp/interface';
import { type Fields as DecodedFields, type FieldReaders, fieldReaders } from '@edmp/interface/format';
import { MarketError } from '../errors.ts';

export { amountToTx } from '@edmp/interface/format';

/** A decoded map whose fields are not read yet. @public */
export type Fields = DecodedFields;

const readers: FieldReaders = fieldReaders(
  (message, { cause }) => new MarketError('ERR_MARKET_FORMAT', message, { cause }),
);

// The strict readers of this package: all throw `ERR_MARKET_FORMAT`. See `FieldReaders` of `@edmp/interface/format`.
export const decodeCanonical: FieldReaders['decodeBounded'] = readers.decodeBounded;
export const encodeCanonical: FieldReaders['encodeFields'] = readers.encodeFields;
export const mapOf: FieldReaders['mapOf'] = readers.mapOf;
export const listOf: FieldReaders['listOf'] = readers.listOf;
export const oneOf: FieldReaders['oneOf'] = readers.oneOf;
/** `true` or `false`. @public */
export const booleanOf: FieldReaders['booleanOf'] = readers.booleanOf;
export const integerOf: FieldReaders['integerOf'] = readers.integerOf;
export const amountOf: FieldReaders['amountOf'] = readers.amountOf;
export const textOf: FieldReaders['textOf'] = readers.textOf;
/** Text that people read, such as a memo or a reason: one displayable line. @public */
export const lineOf: FieldReaders['lineOf'] = readers.lineOf;
export const bytesOf: FieldReaders['bytesOf'] = readers.bytesOf;
export const boundedBytesOf: FieldReaders['boundedBytesOf'] = readers.boundedBytesOf;
export const keyOf: FieldReaders['keyOf'] = readers.keyOf;
export const blockIdOf: FieldReaders['blockIdOf'] = readers.blockIdOf;
/** A link of any codec. @public */
export const linkOf: FieldReaders['linkOf'] = readers.linkOf;

/** Lower-case hex of `bytes`, a map key. */
export const hex: (bytes: Uint8Array) => string = bytesToHex;
