import {
  type AbortOptions,
  type BlockId,
  type Crypto,
  type Environment,
  type IncomingRequest,
  type Network,
  type PublicKey,
  publicKeyToHex,
  singleFrame,
} from '@edmp/interface';
import { tokenBuckets } from '@edmp/interface/bounded';
import { MarketError } from '../errors.ts';
import { type Certificate, verifyCertificate } from '../notary/certificate.ts';
import {
  CERTIFICATES_PROTOCOL,
  decodeCertificatesAnswer,
  decodeCertificatesRequest,
  encodeCertificatesAnswer,
  encodeCertificatesRequest,
  MAX_CERTIFICATES_ANSWER_BYTES,
  MAX_CERTIFICATES_ASKED,
  MAX_CERTIFICATES_REQUEST_BYTES,
} from './certificate-messages.ts';
import type { CertificateStore } from './certificate-store.ts';

/** Questions that one peer may ask. */
const RATE = { burst: 200, perSecond: 20 };

/** Whose signatures a certificate needs: the notaries of its currency, or the witnesses of its hold; undefined = unknown here. */
export type CertificateKeys = (certificate: Certificate) => readonly PublicKey[] | undefined;

/** Serves known certificates and fetches unknown ones. */
export interface CertificateExchange {
  /** Asks a peer about blocks; what it tells and is right is kept and returned. Throws the network's errors and `ERR_MARKET_FORMAT`. */
  fetch(peer: PublicKey, ids: readonly BlockId[], options?: AbortOptions): Promise<readonly Certificate[]>;
  stop(): void;
}

/** Opens the exchange of certificates on a network. */
export function openCertificateExchange(options: {
  readonly network: Network;
  readonly certificates: CertificateStore;
  readonly keysOf: CertificateKeys;
  readonly crypto: Pick<Crypto, 'sha256' | 'ed25519Verify'>;
  readonly environment: Pick<Environment, 'now'>;
}): CertificateExchange {
  const { network, certificates, keysOf, crypto, environment } = options;
  const rate = tokenBuckets(RATE, () => environment.now());

  const serve = async ({ from, body }: IncomingRequest): Promise<Uint8Array> => {
    if (!rate.take(publicKeyToHex(from))) {
      throw new MarketError('ERR_ORDER_LIMIT', 'Too many certificates asked for; wait and try again', {
        retryable: true,
      });
    }
    const found: Certificate[] = [];
    for (const id of decodeCertificatesRequest(body)) {
      const name = id.toString();
      for (const matter of ['spend', 'outcome'] as const) {
        const certificate = await certificates.find(matter, name);
        if (certificate !== undefined) found.push(certificate);
      }
    }
    return encodeCertificatesAnswer(found);
  };
  const close = network.handle(CERTIFICATES_PROTOCOL, serve, {
    maxRequestBytes: MAX_CERTIFICATES_REQUEST_BYTES,
  });

  const ask = async (
    peer: PublicKey,
    ids: readonly BlockId[],
    { signal }: AbortOptions,
  ): Promise<readonly Certificate[]> => {
    const frames = network.request(peer, CERTIFICATES_PROTOCOL, encodeCertificatesRequest(ids), {
      maxFrameBytes: MAX_CERTIFICATES_ANSWER_BYTES,
      signal,
    });
    const asked = new Set(ids.map(String));
    const right: Certificate[] = [];
    for (const certificate of decodeCertificatesAnswer(await singleFrame(frames))) {
      const keys = asked.has(certificate.subject.toString()) ? keysOf(certificate) : undefined;
      if (keys === undefined || !verifyCertificate(certificate, keys, crypto)) continue;
      await certificates.put(certificate);
      right.push(certificate);
    }
    return right;
  };

  return {
    async fetch(peer, ids, fetchOptions = {}) {
      const right: Certificate[] = [];
      for (let at = 0; at < ids.length; at += MAX_CERTIFICATES_ASKED) {
        right.push(...(await ask(peer, ids.slice(at, at + MAX_CERTIFICATES_ASKED), fetchOptions)));
      }
      return right;
    },
    stop: close,
  };
}
