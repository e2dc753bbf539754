import { EdmpError, type EdmpErrorOptions } from '@edmp/interface';

/**
 * A CAR file is not a chain. Codes: `ERR_CAR_FORMAT` (not a CARv1 file, or not one of a chain), `ERR_CAR_HASH` (a
 * section's bytes do not match its CID), `ERR_CAR_TOO_LARGE` (a section above the limit), `ERR_CAR_INCOMPLETE` (the
 * file ends early, lacks a core or a signature, or holds less of the chain than its root announces).
 */
export class CarError extends EdmpError {
  constructor(
    code: 'ERR_CAR_FORMAT' | 'ERR_CAR_HASH' | 'ERR_CAR_TOO_LARGE' | 'ERR_CAR_INCOMPLETE',
    message: string,
    options: EdmpErrorOptions = {},
  ) {
    super(code, message, options);
    this.name = 'CarError';
  }
}
