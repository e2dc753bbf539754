import { EdmpError, type EdmpErrorOptions } from '../errors.ts';

/**
 * Codes of {@link DatasetError}.
 *
 * - `ERR_DATASET_DESCRIPTOR`: a field of the public descriptor is out of bounds or contradicts another
 * - `ERR_DATASET_CONSUMPTION`: the private values do not fit the descriptor or are not integers
 * - `ERR_DATASET_FORMAT`: bytes are not a canonical dataset document or chunk
 */
export type DatasetErrorCode = 'ERR_DATASET_DESCRIPTOR' | 'ERR_DATASET_CONSUMPTION' | 'ERR_DATASET_FORMAT';

/** A dataset, its descriptor or its document is not usable. Codes: {@link DatasetErrorCode}. */
export class DatasetError extends EdmpError {
  declare readonly code: DatasetErrorCode;

  constructor(code: DatasetErrorCode, message: string, options: EdmpErrorOptions = {}) {
    super(code, message, options);
    this.name = 'DatasetError';
  }
}
