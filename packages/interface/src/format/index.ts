/**
 * How EDMP reads and writes what is signed, sent or shown: the one strict canonical dag-cbor codec, readers of decoded
 * fields with one way to fail, and the one rule for text that strangers wrote.
 *
 * @packageDocumentation
 */
export type { ByteReaders } from './byte-fields.ts';
export { CanonicalReader, decodeCanonical } from './canonical-decode.ts';
export { CanonicalWriter, encodeCanonical } from './canonical-encode.ts';
export type { CodecReaders } from './codec-fields.ts';
export { displayable, displayableLines, isDisplayable } from './displayable.ts';
export { FormatError, type FormatErrorCode } from './errors.ts';
export type { FieldFailure, FieldFailureOptions } from './failure.ts';
export { type FieldReaders, fieldReaders } from './fields.ts';
export { idOver, SHA2_256 } from './id.ts';
export { MAX_DEPTH, MAX_ITEMS } from './limits.ts';
export { linksIn } from './links.ts';
export { amountToTx, type NumberReaders } from './number-fields.ts';
export type { Fields, StructureReaders } from './structure-fields.ts';
export type { TextReaders } from './text-fields.ts';
