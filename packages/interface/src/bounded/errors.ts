import { EdmpError, type EdmpErrorOptions } from '../errors.ts';

/** Too much waits already: the same call may succeed later. Code `ERR_BUSY`, retryable. */
export class BusyError extends EdmpError {
  constructor(message: string, options: EdmpErrorOptions = {}) {
    super('ERR_BUSY', message, { retryable: true, ...options });
    this.name = 'BusyError';
  }
}
