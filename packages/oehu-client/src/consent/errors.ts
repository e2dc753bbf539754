import { EdmpError, type EdmpErrorOptions } from '@edmp/interface';

/**
 * A sale or delivery is not covered by its owner's consent. Codes: `ERR_CONSENT_MISSING` (no receipt for this meter and
 * listing), `ERR_CONSENT_WITHDRAWN` (the owner withdrew it), `ERR_CONSENT_EXPIRED` (its period is over or has not begun),
 * `ERR_CONSENT_SCOPE` (finer, longer, or for another purpose, place or recipient than agreed), `ERR_CONSENT_RECEIPT`
 * (the receipt itself is malformed).
 */
export class ConsentError extends EdmpError {
  constructor(
    code:
      | 'ERR_CONSENT_MISSING'
      | 'ERR_CONSENT_WITHDRAWN'
      | 'ERR_CONSENT_EXPIRED'
      | 'ERR_CONSENT_SCOPE'
      | 'ERR_CONSENT_RECEIPT',
    message: string,
    options: EdmpErrorOptions = {},
  ) {
    super(code, message, options);
    this.name = 'ConsentError';
  }
}
