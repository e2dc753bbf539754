import { EdmpError, type EdmpErrorOptions } from '../errors.ts';

/**
 * Codes of {@link FormatError}: how bytes or a value deviate from the one canonical form.
 *
 * - `ERR_FORMAT_ENCODING`: not well-formed CBOR (truncated, reserved head, map keys other than text), or no bytes at all
 * - `ERR_FORMAT_NOT_CANONICAL`: well-formed, but not the one canonical form (non-minimal integer, key order, indefinite length)
 * - `ERR_FORMAT_DUPLICATE_KEY`: a map holds one key twice
 * - `ERR_FORMAT_FLOAT`: a floating-point number, which nothing signed may hold
 * - `ERR_FORMAT_VALUE`: a value outside the data model (undefined, a function, an integer beyond 64 bits, a simple value)
 * - `ERR_FORMAT_TEXT`: text that is not well-formed UTF-8
 * - `ERR_FORMAT_CID`: a tag other than 42, or a link that is not a canonical CID
 * - `ERR_FORMAT_TRAILING_BYTES`: bytes after the end of the value
 * - `ERR_FORMAT_TOO_LARGE`: more bytes than the format allows
 * - `ERR_FORMAT_DEPTH`: nested deeper than 32
 * - `ERR_FORMAT_ITEMS`: more elements, keys and values than anything of the kind has, at most 65 536
 * - `ERR_FORMAT_FIELD`: a field is missing, unknown or of the wrong kind
 */
export type FormatErrorCode =
  | 'ERR_FORMAT_ENCODING'
  | 'ERR_FORMAT_NOT_CANONICAL'
  | 'ERR_FORMAT_DUPLICATE_KEY'
  | 'ERR_FORMAT_FLOAT'
  | 'ERR_FORMAT_VALUE'
  | 'ERR_FORMAT_TEXT'
  | 'ERR_FORMAT_CID'
  | 'ERR_FORMAT_TRAILING_BYTES'
  | 'ERR_FORMAT_TOO_LARGE'
  | 'ERR_FORMAT_DEPTH'
  | 'ERR_FORMAT_ITEMS'
  | 'ERR_FORMAT_FIELD';

/** Bytes are not canonical dag-cbor, or a value has no such form. Codes: {@link FormatErrorCode}. */
export class FormatError extends EdmpError {
  declare readonly code: FormatErrorCode;

  constructor(code: FormatErrorCode, message: string, options: EdmpErrorOptions = {}) {
    super(code, message, options);
    this.name = 'FormatError';
  }
}
