import { isEdmpError, utf8ToBytes } from '@edmp/interface';
import { NetworkError, type NetworkErrorCode } from './errors.ts';

const MAX_MESSAGE_BYTES = 1000;
const MAX_FAILURE_BYTES = 2048;
const CODE = /^ERR_[A-Z0-9_]{1,60}$/;
const REFUSALS: readonly NetworkErrorCode[] = [
  'ERR_NETWORK_PROTOCOL',
  'ERR_NETWORK_LIMIT',
  'ERR_NETWORK_BUSY',
];

/** Largest payload of an `error` or `refused` frame, bytes. */
export const MAX_FAILURE_PAYLOAD_BYTES: number = MAX_FAILURE_BYTES;

/** Payload of a failure frame: the code, a line feed, the message (UTF-8, cut to 1 000 bytes). */
export function encodeFailure(code: string, message: string): Uint8Array {
  const text = utf8ToBytes(message);
  const bytes = utf8ToBytes(`${code}\n`);
  const out = new Uint8Array(bytes.length + Math.min(text.length, MAX_MESSAGE_BYTES));
  out.set(bytes);
  out.set(text.subarray(0, MAX_MESSAGE_BYTES), bytes.length);
  return out;
}

/** Payload that tells the asker how a handler failed; the text of an unexpected error stays at home. */
export function encodeHandlerError(error: unknown): Uint8Array {
  if (isEdmpError(error) && CODE.test(error.code)) return encodeFailure(error.code, error.message);
  return encodeFailure('ERR_INTERNAL', 'the handler failed unexpectedly');
}

/** What a failure frame says. Throws `ERR_NETWORK_PROTOCOL` when it has no form: a peer may send anything. */
function decodeFailure(payload: Uint8Array): { readonly code: string; readonly message: string } {
  const text = new TextDecoder().decode(payload.subarray(0, MAX_FAILURE_BYTES));
  const [code = ''] = text.split('\n', 1);
  if (!CODE.test(code)) {
    throw new NetworkError('ERR_NETWORK_PROTOCOL', 'The peer reported a failure without an error code');
  }
  return { code, message: text.slice(code.length + 1) };
}

/** `ERR_NETWORK_REMOTE` of an `error` frame's payload. Throws `ERR_NETWORK_PROTOCOL` when it has no form. */
export function remoteError(payload: Uint8Array): NetworkError {
  const { code, message } = decodeFailure(payload);
  return new NetworkError('ERR_NETWORK_REMOTE', `The peer answered ${code}: ${message}`, {
    details: { code },
  });
}

/** The error of a `refused` frame's payload: protocol, limit or busy; anything else is a broken protocol. */
export function refusalError(payload: Uint8Array): NetworkError {
  const { code, message } = decodeFailure(payload);
  const known = REFUSALS.find((refusal) => refusal === code);
  return new NetworkError(known ?? 'ERR_NETWORK_PROTOCOL', `The peer refused the request: ${message}`);
}
