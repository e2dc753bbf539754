import { EdmpError, type EdmpErrorOptions } from '@edmp/interface';

/** Stable codes of {@link NetworkError}. */
export type NetworkErrorCode =
  | 'ERR_NETWORK_UNREACHABLE'
  | 'ERR_NETWORK_PROTOCOL'
  | 'ERR_NETWORK_REMOTE'
  | 'ERR_NETWORK_LIMIT'
  | 'ERR_NETWORK_BUSY'
  | 'ERR_NETWORK_STOPPED'
  | 'ERR_NETWORK_PROVIDER';

const RETRYABLE: ReadonlySet<NetworkErrorCode> = new Set(['ERR_NETWORK_UNREACHABLE', 'ERR_NETWORK_BUSY']);

/**
 * A network operation failed. Codes: `ERR_NETWORK_UNREACHABLE` (no connection, or it broke; retryable),
 * `ERR_NETWORK_PROTOCOL` (the peer does not speak the protocol, or breaks its framing), `ERR_NETWORK_REMOTE` (the
 * peer's handler failed; its code is `details.code`), `ERR_NETWORK_LIMIT` (a size limit), `ERR_NETWORK_BUSY` (the
 * peer refuses another open request; retryable), `ERR_NETWORK_STOPPED` (this node's network does not run),
 * `ERR_NETWORK_PROVIDER` (optional packages that it is made of are not installed; the message says how).
 */
export class NetworkError extends EdmpError {
  constructor(code: NetworkErrorCode, message: string, options: EdmpErrorOptions = {}) {
    super(code, message, { retryable: RETRYABLE.has(code), ...options });
    this.name = 'NetworkError';
  }
}

/** The error of every call to a network that is not running. */
export function notRunning(): NetworkError {
  return new NetworkError('ERR_NETWORK_STOPPED', 'The network is not running; call start() first');
}

/** The error that ends what was pending when a network stopped. */
export function stopped(): NetworkError {
  return new NetworkError('ERR_NETWORK_STOPPED', 'The network was stopped');
}
