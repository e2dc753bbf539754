import { EdmpError, type EdmpErrorOptions } from '@edmp/interface';

/**
 * Something would be published that points at a household. Code: `ERR_PRIVACY_TEXT` (a title or another public text seems
 * to hold an address, a meter number, an e-mail address or a phone number; `details.findings` lists the words).
 */
export class PrivacyError extends EdmpError {
  constructor(code: 'ERR_PRIVACY_TEXT', message: string, options: EdmpErrorOptions = {}) {
    super(code, message, options);
    this.name = 'PrivacyError';
  }
}
