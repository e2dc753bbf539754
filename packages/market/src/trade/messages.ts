import type { Signature } from '@edmp/interface';
import { displayable } from '@edmp/interface/format';
import type { CID } from 'multiformats/cid';
import { CID as Cid } from 'multiformats/cid';
import {
  boundedBytesOf,
  bytesOf,
  decodeCanonical,
  encodeCanonical,
  integerOf,
  mapOf,
  oneOf,
} from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import { MAX_TERMS_BYTES } from './terms.ts';

/** Buyer → seller: terms, confirmations, and questions for manifests. */
export const NEGOTIATE_PROTOCOL = '/edmp/market/negotiate/1';
/** Seller → witness: please attest that you saw this release. */
export const WITNESS_PROTOCOL = '/edmp/market/witness/1';
/** Anybody → party: the proof that a complaint names. */
export const EVIDENCE_PROTOCOL = '/edmp/market/evidence/1';

const MAX_ORDER_BYTES = 66 * 1024;

/** Why terms are declined; the buyer tries the same ask again only after `reserved` and `busy`. */
export const DECLINE_REASONS = [
  'closed',
  'reserved',
  'busy',
  'trading',
  'price',
  'terms',
  'deadlines',
  'risk',
  'data',
  'unknown',
] as const;
/** One of {@link DECLINE_REASONS}. */
export type DeclineReason = (typeof DECLINE_REASONS)[number];

/** A request of {@link NEGOTIATE_PROTOCOL}. */
export type NegotiateRequest =
  /** Terms that the buyer has signed, with its bid. */
  | {
      readonly kind: 'propose';
      readonly terms: Uint8Array;
      readonly signature: Signature;
      readonly bid: Uint8Array;
    }
  /** The buyer's signature under countered terms. */
  | { readonly kind: 'confirm'; readonly trade: Uint8Array; readonly signature: Signature }
  /** The buyer asks where the ciphertext is. */
  | { readonly kind: 'manifest'; readonly trade: Uint8Array };

/** An answer of {@link NEGOTIATE_PROTOCOL}. */
export type NegotiateReply =
  | { readonly kind: 'accept'; readonly signature: Signature }
  /** Smaller terms that the seller has signed. */
  | { readonly kind: 'counter'; readonly terms: Uint8Array; readonly signature: Signature }
  | { readonly kind: 'decline'; readonly reason: DeclineReason; readonly message: string }
  | { readonly kind: 'manifest'; readonly manifest: CID };

function kindOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as { kind?: unknown }).kind : undefined;
}

/** Bytes of a request. */
export function encodeNegotiateRequest(request: NegotiateRequest): Uint8Array {
  return encodeCanonical({ v: 1, ...request });
}

/** Reads a request. Throws `ERR_MARKET_FORMAT`. */
export function decodeNegotiateRequest(bytes: Uint8Array): NegotiateRequest {
  const value = decodeCanonical(bytes, MAX_ORDER_BYTES + MAX_TERMS_BYTES + 512, 'negotiate');
  const kind = oneOf<NegotiateRequest['kind']>(
    kindOf(value),
    ['propose', 'confirm', 'manifest'],
    'negotiate.kind',
  );
  switch (kind) {
    case 'propose': {
      const fields = mapOf(value, ['v', 'kind', 'terms', 'signature', 'bid'], 'negotiate');
      integerOf(fields.v, 1, 1, 'negotiate.v');
      return {
        kind,
        terms: boundedBytesOf(fields.terms, MAX_TERMS_BYTES, 'negotiate.terms'),
        signature: bytesOf(fields.signature, 64, 'negotiate.signature'),
        bid: boundedBytesOf(fields.bid, MAX_ORDER_BYTES, 'negotiate.bid'),
      };
    }
    case 'confirm': {
      const fields = mapOf(value, ['v', 'kind', 'trade', 'signature'], 'negotiate');
      integerOf(fields.v, 1, 1, 'negotiate.v');
      return {
        kind,
        trade: bytesOf(fields.trade, 32, 'negotiate.trade'),
        signature: bytesOf(fields.signature, 64, 'negotiate.signature'),
      };
    }
    default: {
      const fields = mapOf(value, ['v', 'kind', 'trade'], 'negotiate');
      integerOf(fields.v, 1, 1, 'negotiate.v');
      return { kind: 'manifest', trade: bytesOf(fields.trade, 32, 'negotiate.trade') };
    }
  }
}

/** Most characters of the words with which a seller declines. */
const MAX_DECLINE_TEXT = 300;

/** Bytes of an answer. */
export function encodeNegotiateReply(reply: NegotiateReply): Uint8Array {
  const shown =
    reply.kind === 'decline' ? { ...reply, message: displayable(reply.message, MAX_DECLINE_TEXT) } : reply;
  return encodeCanonical({ v: 1, ...shown });
}

/** Reads an answer. Throws `ERR_MARKET_FORMAT`. */
export function decodeNegotiateReply(bytes: Uint8Array): NegotiateReply {
  const value = decodeCanonical(bytes, MAX_TERMS_BYTES + 1_024, 'reply');
  const kind = oneOf<NegotiateReply['kind']>(
    kindOf(value),
    ['accept', 'counter', 'decline', 'manifest'],
    'reply.kind',
  );
  switch (kind) {
    case 'accept': {
      const fields = mapOf(value, ['v', 'kind', 'signature'], 'reply');
      integerOf(fields.v, 1, 1, 'reply.v');
      return { kind, signature: bytesOf(fields.signature, 64, 'reply.signature') };
    }
    case 'counter': {
      const fields = mapOf(value, ['v', 'kind', 'terms', 'signature'], 'reply');
      integerOf(fields.v, 1, 1, 'reply.v');
      return {
        kind,
        terms: boundedBytesOf(fields.terms, MAX_TERMS_BYTES, 'reply.terms'),
        signature: bytesOf(fields.signature, 64, 'reply.signature'),
      };
    }
    case 'decline': {
      const fields = mapOf(value, ['v', 'kind', 'reason', 'message'], 'reply');
      integerOf(fields.v, 1, 1, 'reply.v');
      return {
        kind,
        reason: oneOf<DeclineReason>(fields.reason, DECLINE_REASONS, 'reply.reason'),
        message: typeof fields.message === 'string' ? displayable(fields.message, MAX_DECLINE_TEXT) : '',
      };
    }
    default: {
      const fields = mapOf(value, ['v', 'kind', 'manifest'], 'reply');
      integerOf(fields.v, 1, 1, 'reply.v');
      return { kind: 'manifest', manifest: manifestOf(fields.manifest) };
    }
  }
}

/** A CIDv1 with sha2-256. */
export function manifestOf(value: unknown): CID {
  const cid = typeof value === 'object' && value !== null ? Cid.asCID(value) : null;
  if (cid === null || cid.version !== 1 || cid.multihash.code !== 0x12) {
    throw new MarketError('ERR_MARKET_FORMAT', 'manifest: expected a CIDv1 with sha2-256');
  }
  return cid;
}

/** Bytes of an evidence request: the proof's SHA-256. */
export function encodeEvidenceRequest(digest: Uint8Array): Uint8Array {
  return encodeCanonical({ v: 1, digest });
}

/** Reads an evidence request. Throws `ERR_MARKET_FORMAT`. */
export function decodeEvidenceRequest(bytes: Uint8Array): Uint8Array {
  const fields = mapOf(decodeCanonical(bytes, 128, 'evidence'), ['v', 'digest'], 'evidence');
  integerOf(fields.v, 1, 1, 'evidence.v');
  return bytesOf(fields.digest, 32, 'evidence.digest');
}
