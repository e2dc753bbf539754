import { EdmpError, type EdmpErrorOptions } from '@edmp/interface';

/**
 * A fraud proof is not acceptable. Codes: `ERR_FRAUD_ENCODING` (not a canonical proof), `ERR_FRAUD_ORDER` (its blocks
 * are not in canonical order), `ERR_FRAUD_SIGNATURE` (a block in it was not signed by its author),
 * `ERR_FRAUD_UNFOUNDED` (its blocks do not contradict each other), `ERR_FRAUD_UNKNOWN` (whether they do depends on the
 * rule of a type that is not registered here).
 */
export class FraudProofError extends EdmpError {
  constructor(
    code:
      | 'ERR_FRAUD_ENCODING'
      | 'ERR_FRAUD_ORDER'
      | 'ERR_FRAUD_SIGNATURE'
      | 'ERR_FRAUD_UNFOUNDED'
      | 'ERR_FRAUD_UNKNOWN',
    message: string,
    options: EdmpErrorOptions = {},
  ) {
    super(code, message, options);
    this.name = 'FraudProofError';
  }
}
