import type { BlockId } from '@edmp/interface';
import {
  blockIdOf,
  boundedBytesOf,
  decodeCanonical,
  encodeCanonical,
  integerOf,
  listOf,
  mapOf,
} from '../codec/fields.ts';
import {
  type Certificate,
  decodeCertificate,
  encodeCertificate,
  MAX_CERTIFICATE_BYTES,
} from '../notary/certificate.ts';

/** Asks a peer for the certificates of blocks. */
export const CERTIFICATES_PROTOCOL = '/edmp/market/certificates/1';
/** Blocks asked about in one request. */
export const MAX_CERTIFICATES_ASKED = 64;
/** Certificates in one answer: a spend and an outcome of each. */
const MAX_CERTIFICATES_TOLD: number = 2 * MAX_CERTIFICATES_ASKED;
/** Largest request, bytes. */
export const MAX_CERTIFICATES_REQUEST_BYTES: number = 64 * MAX_CERTIFICATES_ASKED;
/** Largest answer, bytes. */
export const MAX_CERTIFICATES_ANSWER_BYTES: number = MAX_CERTIFICATES_TOLD * (MAX_CERTIFICATE_BYTES + 64);

/** Bytes of a question for certificates. */
export function encodeCertificatesRequest(ids: readonly BlockId[]): Uint8Array {
  return encodeCanonical({ v: 1, ids: [...ids] });
}

/** Reads a question. Throws `ERR_MARKET_FORMAT`. */
export function decodeCertificatesRequest(bytes: Uint8Array): readonly BlockId[] {
  const where = 'certificates request';
  const value = decodeCanonical(bytes, MAX_CERTIFICATES_REQUEST_BYTES, where);
  const fields = mapOf(value, ['v', 'ids'], where);
  integerOf(fields.v, 1, 1, where);
  return listOf(fields.ids, MAX_CERTIFICATES_ASKED, where).map((id) => blockIdOf(id, where));
}

/** Bytes of an answer. */
export function encodeCertificatesAnswer(certificates: readonly Certificate[]): Uint8Array {
  return encodeCanonical({
    v: 1,
    certificates: certificates.map((certificate) => [certificate.currency, encodeCertificate(certificate)]),
  });
}

/** Reads an answer; checks no signature. Throws `ERR_MARKET_FORMAT`. */
export function decodeCertificatesAnswer(bytes: Uint8Array): readonly Certificate[] {
  const where = 'certificates answer';
  const value = decodeCanonical(bytes, MAX_CERTIFICATES_ANSWER_BYTES, where);
  const fields = mapOf(value, ['v', 'certificates'], where);
  integerOf(fields.v, 1, 1, where);
  return listOf(fields.certificates, MAX_CERTIFICATES_TOLD, where).map((item) => {
    const pair = listOf(item, 2, where);
    const currency = pair[0] === null ? null : blockIdOf(pair[0], where);
    return decodeCertificate(boundedBytesOf(pair[1], MAX_CERTIFICATE_BYTES, where), currency);
  });
}
