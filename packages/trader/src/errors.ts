import { EdmpError, type EdmpErrorOptions } from '@edmp/interface';

/** A deal file cannot be made or read. Code `ERR_DEAL_FORMAT` (bytes are no deal file in canonical form). */
export class DealError extends EdmpError {
  constructor(code: 'ERR_DEAL_FORMAT', message: string, options: EdmpErrorOptions = {}) {
    super(code, message, options);
    this.name = 'DealError';
  }
}
