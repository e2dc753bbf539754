import { isIP, connect as plainConnect, type Socket } from 'node:net';
import { connect as secureConnect, type TLSSocket } from 'node:tls';
import { MeterError } from '@edmp/oehu-client';
import type { MqttPlace } from './mqtt-address.ts';

const TIMEOUT_MS = 15_000;

/**
 * A connection to a broker on which nothing was sent yet. With a fingerprint the broker must show that certificate, by
 * whomever it is signed; without one its certificate must be good for its name. Throws `ERR_METER_UNREACHABLE`,
 * `ERR_METER_CERTIFICATE`.
 */
export function connectBroker(
  place: MqttPlace,
  fingerprint: string | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  const { host, port, isSecure } = place;
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
        new MeterError('ERR_METER_UNREACHABLE', `The broker at ${host}:${port} cannot be reached: ${why}`, {
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
      const wrong = isSecure ? wrongCertificate(socket as TLSSocket, fingerprint) : undefined;
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

function wrongCertificate(socket: TLSSocket, fingerprint: string | undefined): MeterError | undefined {
  const shown = (socket.getPeerCertificate().fingerprint256 ?? '').replaceAll(':', '').toLowerCase();
  if (fingerprint === undefined ? socket.authorized : shown === fingerprint) return undefined;
  const text =
    fingerprint === undefined
      ? `The certificate of the broker is not trusted (${String(socket.authorizationError)}); if it is yours, name its SHA-256 fingerprint: ${shown}`
      : 'The broker shows another certificate than the one named; nothing was sent';
  return new MeterError('ERR_METER_CERTIFICATE', text);
}
