import { EdmpError, type EdmpErrorOptions } from '@edmp/interface';

/** Codes of {@link MeterError}. */
export type MeterErrorCode =
  | 'ERR_METER_UNREACHABLE'
  | 'ERR_METER_TIMEOUT'
  | 'ERR_METER_HTTP'
  | 'ERR_METER_SCHEMA'
  | 'ERR_METER_SIGNATURE'
  | 'ERR_METER_RANGE'
  | 'ERR_METER_UNKNOWN_DEVICE'
  | 'ERR_METER_FORMAT'
  | 'ERR_METER_CHECKSUM'
  | 'ERR_METER_LIMIT'
  | 'ERR_METER_TIME'
  | 'ERR_METER_STORE'
  | 'ERR_METER_PAIRING'
  | 'ERR_METER_CERTIFICATE';

/**
 * A meter source, a meter file or a series failed. Codes: `ERR_METER_UNREACHABLE` (no answer from the source),
 * `ERR_METER_TIMEOUT` (the deadline passed), `ERR_METER_HTTP` (the source answered with an error status),
 * `ERR_METER_SCHEMA` (a well-formed document with the wrong fields), `ERR_METER_SIGNATURE` (a transaction is not
 * signed as required), `ERR_METER_RANGE` (a wanted period or value is impossible or not available),
 * `ERR_METER_UNKNOWN_DEVICE` (the source knows no such device), `ERR_METER_FORMAT` (bytes or text that do not parse),
 * `ERR_METER_CHECKSUM` (a telegram's CRC does not fit), `ERR_METER_LIMIT` (a size or count is above its limit),
 * `ERR_METER_TIME` (a time or time zone cannot be understood), `ERR_METER_STORE` (recorded readings cannot be kept or read),
 * `ERR_METER_PAIRING` (the button on the meter must be pressed first), `ERR_METER_CERTIFICATE` (the meter shows another
 * certificate than when it was paired).
 */
export class MeterError extends EdmpError {
  constructor(code: MeterErrorCode, message: string, options: EdmpErrorOptions = {}) {
    super(code, message, options);
    this.name = 'MeterError';
  }
}
