import { EdmpError, type EdmpErrorOptions, isEdmpError } from '@edmp/interface';
import type { FormatError, FormatErrorCode } from '@edmp/interface/format';

/**
 * Codes of {@link BlockError}: what can be wrong with the bytes or the fields of one half block by itself.
 *
 * - `ERR_BLOCK_ENCODING`: not well-formed CBOR (truncated, reserved head, not a map or list where one must be)
 * - `ERR_BLOCK_NOT_CANONICAL`: well-formed, but not the one canonical form (non-minimal integer, key order, indefinite length)
 * - `ERR_BLOCK_DUPLICATE_KEY`: a map holds one key twice
 * - `ERR_BLOCK_FLOAT`: a floating-point number, which nothing signed may hold
 * - `ERR_BLOCK_VALUE`: a value outside the data model (undefined, a function, an integer beyond 64 bits, a simple value)
 * - `ERR_BLOCK_TEXT`: text that is not well-formed UTF-8
 * - `ERR_BLOCK_CID`: a tag other than 42, or a link that is not a canonical CID
 * - `ERR_BLOCK_TRAILING_BYTES`: bytes after the end of the value
 * - `ERR_BLOCK_TOO_LARGE`: a core above 64 KiB
 * - `ERR_BLOCK_DEPTH`: nested deeper than 32
 * - `ERR_BLOCK_ITEMS`: more elements, keys and values than a core of 64 KiB can have
 * - `ERR_BLOCK_FIELD`: a field is missing, unknown or of the wrong kind
 * - `ERR_BLOCK_VERSION`: a format version other than 1
 * - `ERR_BLOCK_KEY`: an author's or counterparty's key that is not 32 bytes
 * - `ERR_BLOCK_SEQUENCE`: a position outside 1 … 2⁵³−1
 * - `ERR_BLOCK_PREVIOUS`: `prev` is null after position 1, or set at position 1
 * - `ERR_BLOCK_LINK`: a refusal or withdrawal that answers nothing
 * - `ERR_BLOCK_TYPE`: a type that is empty, above 64 bytes or outside `[a-z0-9/_.-]`
 * - `ERR_BLOCK_TIME`: a time outside 0 … 2⁵³−1 ms
 * - `ERR_BLOCK_SIGNATURE`: a signature that is not 64 bytes or that the author did not make
 * - `ERR_BLOCK_SIGNER`: asked to sign a core of another author
 */
export type BlockErrorCode =
  | 'ERR_BLOCK_ENCODING'
  | 'ERR_BLOCK_NOT_CANONICAL'
  | 'ERR_BLOCK_DUPLICATE_KEY'
  | 'ERR_BLOCK_FLOAT'
  | 'ERR_BLOCK_VALUE'
  | 'ERR_BLOCK_TEXT'
  | 'ERR_BLOCK_CID'
  | 'ERR_BLOCK_TRAILING_BYTES'
  | 'ERR_BLOCK_TOO_LARGE'
  | 'ERR_BLOCK_DEPTH'
  | 'ERR_BLOCK_ITEMS'
  | 'ERR_BLOCK_FIELD'
  | 'ERR_BLOCK_VERSION'
  | 'ERR_BLOCK_KEY'
  | 'ERR_BLOCK_SEQUENCE'
  | 'ERR_BLOCK_PREVIOUS'
  | 'ERR_BLOCK_LINK'
  | 'ERR_BLOCK_TYPE'
  | 'ERR_BLOCK_TIME'
  | 'ERR_BLOCK_SIGNATURE'
  | 'ERR_BLOCK_SIGNER';

/** A half block, or a value meant for one, is not acceptable by itself. Codes: {@link BlockErrorCode}. */
export class BlockError extends EdmpError {
  constructor(code: BlockErrorCode, message: string, options: EdmpErrorOptions = {}) {
    super(code, message, options);
    this.name = 'BlockError';
  }
}

/** The code of a half block for a deviation from the canonical form: the same suffix. */
type BlockCodeOf<Code extends FormatErrorCode> = Code extends `ERR_FORMAT_${infer Suffix}`
  ? `ERR_BLOCK_${Suffix}`
  : never;

const isFormatError = (error: unknown): error is FormatError =>
  isEdmpError(error) && error.code.startsWith('ERR_FORMAT_');

/**
 * What to throw for an error met in a half block: a deviation from the canonical form is the {@link BlockError} of the
 * same suffix, everything else is thrown on.
 */
export function blockErrorOf(error: unknown): unknown {
  if (!isFormatError(error)) return error;
  const code: BlockErrorCode = error.code.replace('FORMAT', 'BLOCK') as BlockCodeOf<FormatErrorCode>;
  return new BlockError(code, error.message, { details: error.details, cause: error });
}
