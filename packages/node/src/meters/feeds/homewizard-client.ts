import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { MeterError } from '@edmp/oehu-client';

/** Where and as whom a HomeWizard meter is asked. */
export interface HomeWizardAccess {
  /** `http://HOST` for API v1, `https://HOST` for v2. */
  readonly address: string;
  /** Token that the pairing gave; API v2 only. */
  readonly token?: string | undefined;
  /** SHA-256 of the certificate that the meter must show, hex; none only while it is paired. */
  readonly fingerprint?: string | undefined;
}

/** An answer of a meter. */
export interface HomeWizardAnswer {
  readonly status: number;
  readonly json: unknown;
  /** SHA-256 of the certificate that it was told under, hex; undefined over plain HTTP. */
  readonly fingerprint: string | undefined;
}

const TIMEOUT_MS = 10_000;
/** Answers of all HomeWizard meters have a few hundred bytes. */
const MAX_BYTES = 65_536;

/**
 * Asks a HomeWizard meter. Its certificate is signed by no authority that a computer knows and names no address, so that
 * the one shown when it was paired is held to instead; the token is sent only after that. Throws
 * `ERR_METER_UNREACHABLE`, `ERR_METER_TIMEOUT`, `ERR_METER_CERTIFICATE`, `ERR_METER_LIMIT`, `ERR_METER_FORMAT`.
 */
export function askHomeWizard(
  { address, token, fingerprint }: HomeWizardAccess,
  method: 'GET' | 'POST',
  path: string,
  options: { readonly body?: object; readonly signal?: AbortSignal | undefined } = {},
): Promise<HomeWizardAnswer> {
  const url = new URL(path, address);
  const isSecure = url.protocol === 'https:';
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  const headers = {
    accept: 'application/json',
    ...(isSecure ? { 'x-api-version': '2' } : {}),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
  };
  return new Promise((resolve, reject) => {
    const deadline = AbortSignal.timeout(TIMEOUT_MS);
    const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
    const fail = (cause: unknown): void => reject(asMeterError(cause, url, deadline.aborted));
    const init = { method, headers, signal, agent: false as const };
    const request = isSecure
      ? secureRequest(url, { ...init, rejectUnauthorized: false })
      : plainRequest(url, init);
    let shown: string | undefined;
    const onAnswer = (answer: IncomingMessage): void => {
      readBody(answer).then(
        (text) => {
          try {
            resolve({ status: answer.statusCode ?? 0, json: parse(text), fingerprint: shown });
          } catch (error) {
            fail(error);
          }
        },
        (error: unknown) => fail(error),
      );
    };
    request.on('error', fail);
    request.on('response', onAnswer);
    if (!isSecure) {
      request.end(body);
      return;
    }
    // Headers are sent with `end`: nothing leaves before the certificate was looked at.
    request.on('socket', (socket) => {
      socket.once('secureConnect', () => {
        shown = (socket as TLSSocket).getPeerCertificate().fingerprint256?.replaceAll(':', '').toLowerCase();
        if (shown === undefined || (fingerprint !== undefined && shown !== fingerprint)) {
          request.destroy(new MeterError('ERR_METER_CERTIFICATE', certificateChanged(url.host)));
          return;
        }
        request.end(body);
      });
    });
  });
}

/** What is said of a certificate that is not the one of the pairing. */
export const certificateChanged = (host: string): string =>
  `${host} shows another certificate than when it was paired: it is another device, or somebody is in between. If you replaced the meter, remove it here and add it again`;

/** What a meter means that answers with an HTTP status other than 200. */
export function refusalOf(status: number): MeterError {
  const why =
    status === 401
      ? 'it does not know the token any more; remove the meter here and add it again'
      : status === 403
        ? 'its local API is switched off; switch it on in the HomeWizard Energy app (settings, meters, local API)'
        : `it answered with status ${status}`;
  return new MeterError('ERR_METER_HTTP', `The HomeWizard meter refuses: ${why}`, {
    details: { status },
    retryable: status >= 500,
  });
}

async function readBody(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_BYTES)
      throw new MeterError('ERR_METER_LIMIT', `The answer of the meter is larger than ${MAX_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch (cause) {
    throw new MeterError('ERR_METER_FORMAT', 'Expected JSON from the meter', { cause, retryable: true });
  }
}

function asMeterError(cause: unknown, url: URL, isLate: boolean): MeterError {
  if (cause instanceof MeterError) return cause;
  if (isLate)
    return new MeterError('ERR_METER_TIMEOUT', `${url.host} did not answer within ${TIMEOUT_MS / 1000} s`, {
      cause,
      retryable: true,
    });
  const isPlain =
    (cause as NodeJS.ErrnoException | undefined)?.code?.endsWith('WRONG_VERSION_NUMBER') === true;
  const why = isPlain
    ? 'it speaks no TLS there; a meter with local API v1 is http://HOST'
    : cause instanceof Error
      ? cause.message
      : String(cause);
  return new MeterError('ERR_METER_UNREACHABLE', `${url.host} cannot be reached: ${why}`, {
    cause,
    retryable: true,
  });
}
