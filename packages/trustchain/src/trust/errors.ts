import { EdmpError } from '@edmp/interface';

/** What was asked of trust scores cannot be answered. Code: `ERR_TRUST_ARGUMENT` (a deal or an option out of range). */
export class TrustError extends EdmpError {
  constructor(code: 'ERR_TRUST_ARGUMENT', message: string) {
    super(code, message);
    this.name = 'TrustError';
  }
}

/** A whole number from `min` to `max`. Throws `ERR_TRUST_ARGUMENT`. */
export function wholeOption(value: number, min: number, max: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new TrustError(
      'ERR_TRUST_ARGUMENT',
      `${what} is a whole number from ${min} to ${max}, got ${String(value).slice(0, 40)}`,
    );
  }
  return value;
}
