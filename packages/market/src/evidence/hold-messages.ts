import type { BlockId } from '@edmp/interface';
import {
  blockIdOf,
  boundedBytesOf,
  decodeCanonical,
  encodeCanonical,
  integerOf,
  mapOf,
  oneOf,
} from '../codec/fields.ts';
import { kindOf, orNull } from '../codec/optional.ts';
import {
  type Certificate,
  decodeCertificate,
  encodeCertificate,
  MAX_CERTIFICATE_BYTES,
} from '../notary/certificate.ts';

/** Topic on which holds and their outcomes spread: whoever keeps a book sees what is taken and what comes back. */
export const HOLDS_TOPIC = 'edmp/market/holds/1';
/** Largest message, bytes: a hold that claims 64 refunds of test money with their certificates, and its proposal. */
export const MAX_HOLD_MESSAGE_BYTES: number = 64 * 1024;

/** A message of {@link HOLDS_TOPIC}. */
export type HoldMessage =
  | {
      readonly kind: 'hold';
      /** The signed trade proposal. */
      readonly proposal: Uint8Array;
      /** The signed hold. */
      readonly hold: Uint8Array;
      /** Its encoded spend certificate; null in test money. */
      readonly certificate: Uint8Array | null;
    }
  /** The signed release of a hold in test money: its seller's word that it honours the hold. */
  | { readonly kind: 'release'; readonly release: Uint8Array }
  | { readonly kind: 'outcome'; readonly hold: BlockId; readonly certificate: Certificate };

/** Bytes of a message. */
export function encodeHoldMessage(message: HoldMessage): Uint8Array {
  if (message.kind !== 'outcome') return encodeCanonical({ v: 1, ...message });
  const { kind, hold, certificate } = message;
  return encodeCanonical({
    v: 1,
    kind,
    hold,
    currency: certificate.currency,
    certificate: encodeCertificate(certificate),
  });
}

/** Reads a message; checks no signature. Throws `ERR_MARKET_FORMAT`. */
export function decodeHoldMessage(bytes: Uint8Array): HoldMessage {
  const where = 'hold message';
  const value = decodeCanonical(bytes, MAX_HOLD_MESSAGE_BYTES, where);
  const kind = oneOf<HoldMessage['kind']>(kindOf(value), ['hold', 'release', 'outcome'], where);
  if (kind === 'hold') {
    const fields = mapOf(value, ['v', 'kind', 'proposal', 'hold', 'certificate'], where);
    integerOf(fields.v, 1, 1, where);
    return {
      kind,
      proposal: boundedBytesOf(fields.proposal, MAX_HOLD_MESSAGE_BYTES, where),
      hold: boundedBytesOf(fields.hold, MAX_HOLD_MESSAGE_BYTES, where),
      certificate: orNull(fields.certificate, (item) => boundedBytesOf(item, MAX_CERTIFICATE_BYTES, where)),
    };
  }
  if (kind === 'release') {
    const fields = mapOf(value, ['v', 'kind', 'release'], where);
    integerOf(fields.v, 1, 1, where);
    return { kind, release: boundedBytesOf(fields.release, MAX_HOLD_MESSAGE_BYTES, where) };
  }
  const fields = mapOf(value, ['v', 'kind', 'hold', 'currency', 'certificate'], where);
  integerOf(fields.v, 1, 1, where);
  const currency = orNull(fields.currency, (id) => blockIdOf(id, where));
  return {
    kind,
    hold: blockIdOf(fields.hold, where),
    certificate: decodeCertificate(
      boundedBytesOf(fields.certificate, MAX_CERTIFICATE_BYTES, where),
      currency,
    ),
  };
}
