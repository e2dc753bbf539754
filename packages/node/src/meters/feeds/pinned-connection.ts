import { isIP, connect as plainConnect, type Socket } from 'node:net';
import { connect as secureConnect, type TLSSocket } from 'node:tls';
import { MeterError } from '@edmp/oehu-client';

/** Where to connect to. */
export interface PinnedPlace {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
}

/** How a {@link PinnedPlace} is spoken of and held to its certificate. */
export interface PinnedOptions {
  /** What it is, as in `The broker`. */
  readonly what: string;
  /** SHA-256 of the certificate that it must show, hex, by whomever that is signed; none: one that is good for its name. */
  readonly fingerprint: string | undefined;
  /** What is said of another certificate than the one that was named. */
  readonly changed?: string;
  readonly signal: AbortSignal;
}

const TIMEOUT_MS = 15_000;

/**
 * A connection on which nothing was sent yet, to whom showed the right certificate. Throws `ERR_METER_UNREACHABLE`,
 * `ERR_METER_CERTIFICATE`.
 */
export function connectPinned(place: PinnedPlace, options: PinnedOptions): Promise<Socket> {
  const { host, port, isSecure } = place;
  const { signal, what } = options;
  return new Promise((resolve, reject) => {
    const socket = isSecure
      ? secureConnect({
          host,
          port,
          rejectUnauthorized: false,
          ...(isIP(host) === 0 ? { servername: host } : {}),
        })
      : plainConnect({ host, port, noDelay: true });
    const stop = (): void => void socket.destroy(new Error('it was given up'));
    const settle = (): void => {
      signal.removeEventListener('abort', stop);
      socket.setTimeout(0);
      socket.off('error', fail);
    };
    const fail = (cause: unknown): void => {
      settle();
      socket.on('error', () => undefined);
      socket.destroy();
      if (cause instanceof MeterError) {
        reject(cause);
        return;
      }
      const why = cause instanceof Error ? cause.message : String(cause);
      reject(
        new MeterError('ERR_METER_UNREACHABLE', `The ${what} at ${host}:${port} cannot be reached: ${why}`, {
          cause,
          retryable: true,
        }),
      );
    };
    signal.addEventListener('abort', stop, { once: true });
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    socket.setKeepAlive(true, 30_000);
    socket.once('error', fail);
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      const wrong = isSecure ? wrongCertificate(socket as TLSSocket, options) : undefined;
      if (wrong !== undefined) {
        fail(wrong);
        return;
      }
      settle();
      resolve(socket);
    });
    if (signal.aborted) stop();
  });
}

function wrongCertificate(
  socket: TLSSocket,
  { what, fingerprint, changed }: PinnedOptions,
): MeterError | undefined {
  const shown = (socket.getPeerCertificate().fingerprint256 ?? '').replaceAll(':', '').toLowerCase();
  if (fingerprint === undefined ? socket.authorized : shown === fingerprint) return undefined;
  const text =
    fingerprint === undefined
      ? `The certificate of the ${what} is not trusted (${String(socket.authorizationError)}); if it is yours, name its SHA-256 fingerprint: ${shown}`
      : (changed ?? `The ${what} shows another certificate than the one named; nothing was sent`);
  return new MeterError('ERR_METER_CERTIFICATE', text);
}
