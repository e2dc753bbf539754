import { AbortedError, type EdmpError, isEdmpError } from '@edmp/interface';
import { NetworkError } from '../errors.ts';

const name = (error: unknown): string => (error instanceof Error ? error.name : '');
const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The typed error of what libp2p threw while `what` was going on. */
export function networkErrorOf(what: string, error: unknown): EdmpError {
  if (isEdmpError(error)) return error;
  switch (name(error)) {
    case 'UnsupportedProtocolError':
      return new NetworkError('ERR_NETWORK_PROTOCOL', `${what}: the peer does not speak this protocol`, {
        cause: error,
      });
    case 'TooManyOutboundProtocolStreamsError':
      return new NetworkError('ERR_NETWORK_BUSY', `${what}: too many streams to this peer are open`, {
        cause: error,
      });
    case 'AbortError':
      return new AbortedError(`${what} was aborted`, { cause: error });
    default:
      return new NetworkError('ERR_NETWORK_UNREACHABLE', `${what} failed: ${text(error)}`, { cause: error });
  }
}
