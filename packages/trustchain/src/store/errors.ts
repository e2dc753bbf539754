import { EdmpError, type EdmpErrorOptions } from '@edmp/interface';

/**
 * A block store refused. Codes: `ERR_STORE_RESERVED` (the position is reserved for another core, or a block is stored there), `ERR_STORE_FENCED`
 * (a newer lease was given for the author, so another process signs for it), `ERR_STORE_CLOSED` (used after close), `ERR_STORE_SCHEMA` (the file belongs to another program or a newer version),
 * `ERR_STORE_IO` (the disk or the database failed), `ERR_STORE_CORRUPT` (stored bytes are no half block).
 */
export class StoreError extends EdmpError {
  constructor(
    code:
      | 'ERR_STORE_RESERVED'
      | 'ERR_STORE_FENCED'
      | 'ERR_STORE_CLOSED'
      | 'ERR_STORE_SCHEMA'
      | 'ERR_STORE_IO'
      | 'ERR_STORE_CORRUPT',
    message: string,
    options: EdmpErrorOptions = {},
  ) {
    super(code, message, options);
    this.name = 'StoreError';
  }
}

/** The error of a position at or above which another block of the author is stored. */
export function takenError(seq: number, top: number, asked: string): StoreError {
  return new StoreError(
    'ERR_STORE_RESERVED',
    `A block at position ${top} is stored already; signing ${asked} at position ${seq} would be a fork`,
    { details: { seq, top, asked } },
  );
}

/** The error of a position that is reserved for another core. */
export function reservedError(seq: number, reserved: string, asked: string): StoreError {
  return new StoreError(
    'ERR_STORE_RESERVED',
    `Position ${seq} is reserved for ${reserved}; signing ${asked} there would be a fork`,
    { details: { seq, reserved, asked } },
  );
}
