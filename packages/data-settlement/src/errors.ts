import { EdmpError, type EdmpErrorOptions } from '@edmp/interface';

/**
 * A delivery step cannot be done. Codes: `ERR_SETTLEMENT_UNKNOWN_DATASET` (this node does not hold the data behind
 * an asset), `ERR_SETTLEMENT_UNKNOWN_TRADE` (no record of the trade, or it was erased, or it was made with other
 * facts), `ERR_SETTLEMENT_DELIVERY` (what was fetched does not match what was promised), `ERR_SETTLEMENT_KEY` (a
 * one-time or wrapped key is unusable or unknown), `ERR_SETTLEMENT_SUITE` (keys are to be wrapped in a way that this node
 * does not take), `ERR_SETTLEMENT_FORMAT` (bytes are not a canonical manifest,
 * proof, record or message of this package), `ERR_SETTLEMENT_SPOT_CHECK` (a part of the data that was asked to be seen
 * before payment was not shown, or is not as described).
 */
export class SettlementError extends EdmpError {
  constructor(
    code:
      | 'ERR_SETTLEMENT_UNKNOWN_DATASET'
      | 'ERR_SETTLEMENT_UNKNOWN_TRADE'
      | 'ERR_SETTLEMENT_DELIVERY'
      | 'ERR_SETTLEMENT_KEY'
      | 'ERR_SETTLEMENT_SUITE'
      | 'ERR_SETTLEMENT_FORMAT'
      | 'ERR_SETTLEMENT_SPOT_CHECK',
    message: string,
    options: EdmpErrorOptions = {},
  ) {
    super(code, message, options);
    this.name = 'SettlementError';
  }
}

/**
 * A block could not be read or written. Codes: `ERR_CONTENT_NOT_FOUND`, `ERR_CONTENT_HASH` (the bytes do not match
 * the CID), `ERR_CONTENT_CODEC` (a CID version, codec or hash that is not supported), `ERR_CONTENT_TOO_LARGE`,
 * `ERR_CONTENT_READ_ONLY`, `ERR_CONTENT_UNREACHABLE` (the source cannot be asked or answered with an error),
 * `ERR_CONTENT_CAR` (a CAR stream is malformed, incomplete or holds blocks that were not asked for).
 */
export class ContentError extends EdmpError {
  constructor(
    code:
      | 'ERR_CONTENT_NOT_FOUND'
      | 'ERR_CONTENT_HASH'
      | 'ERR_CONTENT_CODEC'
      | 'ERR_CONTENT_TOO_LARGE'
      | 'ERR_CONTENT_READ_ONLY'
      | 'ERR_CONTENT_UNREACHABLE'
      | 'ERR_CONTENT_CAR',
    message: string,
    options: EdmpErrorOptions = {},
  ) {
    super(code, message, options);
    this.name = 'ContentError';
  }
}
