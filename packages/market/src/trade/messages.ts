import type { PublicKey } from '@edmp/interface';
import type { CID } from 'multiformats/cid';
import { MAX_TERMS_BYTES } from '../blocks/terms.ts';
import {
  boundedBytesOf,
  bytesOf,
  decodeCanonical,
  encodeCanonical,
  integerOf,
  keyOf,
  lineOf,
  linkOf,
  listOf,
  mapOf,
  oneOf,
} from '../codec/fields.ts';

/** Between the two parties of a trade: buyer → seller `propose` and `hold`, seller → buyer `release`. */
export const TRADE_PROTOCOL = '/edmp/market/trade/2';

/** Largest signed block in a message: a core of 64 KiB and its signature. */
const MAX_BLOCK_BYTES = 66 * 1024;
/** Largest one-time public key: X-Wing's has 1 216 bytes. */
export const MAX_RECIPIENT_KEY_BYTES = 1_216;
/** Largest certificate: seven shares of 66 bytes and two ids. */
const MAX_CERTIFICATE_BYTES = 1_024;
/** Longest text of a decline, UTF-16 units. */
export const MAX_DECLINE_TEXT = 300;
/** Most chunks of a delivery, and most ciphertext bytes: beyond any dataset that the formats allow. */
const MAX_CHUNKS = 1_000_000;
/** Longest time that a decline may ask a buyer to wait, ms: a day. */
const MAX_RETRY_MS = 86_400_000;

/** Largest request of {@link TRADE_PROTOCOL}, bytes. */
export const MAX_TRADE_REQUEST_BYTES: number =
  MAX_BLOCK_BYTES + MAX_TERMS_BYTES + MAX_RECIPIENT_KEY_BYTES + MAX_CERTIFICATE_BYTES + 512;
/** Largest answer of {@link TRADE_PROTOCOL}, bytes. */
export const MAX_TRADE_REPLY_BYTES: number = MAX_BLOCK_BYTES + 2_048;

/** Why a seller says no; each true and typed, so that a buyer can tell its user (DESIGN §4.5). */
export const DECLINE_REASONS = [
  /** No such ask here, or no such offer. */
  'unknown',
  /** The ask or the bid is cancelled or has expired. */
  'closed',
  /** Holds have taken all licences, or all but those of the counter-offer. */
  'taken',
  /** The two orders do not allow these terms. */
  'terms',
  /** Not the ask's price. */
  'price',
  /** A deadline is too near, too far, or a phase too short. */
  'deadlines',
  /** Other witnesses than the ask's; the counter-offer names them. */
  'witnesses',
  /** Too many proposals of this buyer, or of all; later. */
  'busy',
  /** The buyer's funds, as far as known here, do not cover the amount. */
  'funds',
  /** The risk policy's own reason, in the text. */
  'risk',
  /** Fraud by the buyer is proven. */
  'fraud',
  /** The data could not be sealed here. */
  'data',
  /** The buyer's chain could not be brought in, or is too long. */
  'history',
  /** The hold has no spend certificate of a quorum. */
  'certificate',
  /** The hold came after 2Δ before the release deadline. */
  'late',
] as const;
/** One of {@link DECLINE_REASONS}. */
export type DeclineReason = (typeof DECLINE_REASONS)[number];

/** What a seller would accept instead. */
export interface CounterOffer {
  /** Licences. */
  readonly quantity: number;
  /** Witnesses to choose one or four from; empty in issued money and where there are none. */
  readonly witnesses: readonly PublicKey[];
}

/** A seller's no. */
export interface Decline {
  readonly kind: 'decline';
  readonly reason: DeclineReason;
  /** For people: at most {@link MAX_DECLINE_TEXT} displayable characters. */
  readonly message: string;
  /** After how many ms the same may be asked again; null = not again. */
  readonly retryMs: number | null;
  readonly offer: CounterOffer | null;
}

/** A request of {@link TRADE_PROTOCOL}. */
export type TradeRequest =
  | {
      readonly kind: 'propose';
      readonly terms: Uint8Array;
      readonly recipientKey: Uint8Array;
      /** Signed block of the buyer's bid. */
      readonly bid: Uint8Array;
    }
  | {
      readonly kind: 'hold';
      /** Signed block of the hold. */
      readonly hold: Uint8Array;
      /** Its spend certificate; null in test money. */
      readonly certificate: Uint8Array | null;
    }
  | {
      readonly kind: 'release';
      /** Signed block of the release. */
      readonly release: Uint8Array;
      readonly opener: Uint8Array;
    };

/** An answer of {@link TRADE_PROTOCOL}. */
export type TradeReply =
  | {
      readonly kind: 'accept';
      /** Signed block of the trade proposal. */
      readonly proposal: Uint8Array;
      readonly manifest: CID;
      readonly chunks: number;
      /** Ciphertext bytes in all. */
      readonly bytes: number;
    }
  | { readonly kind: 'released'; readonly release: Uint8Array; readonly opener: Uint8Array }
  /** The hold is taken; the release follows when the witnesses have acknowledged it. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'ok' }
  | Decline;

/** Kind and fields of a message: a map with exactly the fields of its kind. */
function fieldsOf<K extends string>(
  bytes: Uint8Array,
  maxBytes: number,
  where: string,
  kinds: { readonly [kind in K]: readonly string[] },
): { readonly kind: K; readonly fields: ReturnType<typeof mapOf> } {
  const value = decodeCanonical(bytes, maxBytes, where);
  const named = typeof value === 'object' && value !== null ? (value as { kind?: unknown }).kind : undefined;
  const kind = oneOf<K>(named, Object.keys(kinds) as K[], `${where}.kind`);
  const fields = mapOf(value, ['v', 'kind', ...kinds[kind]], where);
  integerOf(fields.v, 1, 1, `${where}.v`);
  return { kind, fields };
}

/** Bytes of a request. */
export function encodeTradeRequest(request: TradeRequest): Uint8Array {
  return encodeCanonical({ v: 1, ...request });
}

/** Reads a request. Throws `ERR_MARKET_FORMAT`. */
export function decodeTradeRequest(bytes: Uint8Array): TradeRequest {
  const { kind, fields } = fieldsOf(bytes, MAX_TRADE_REQUEST_BYTES, 'trade', {
    propose: ['terms', 'recipientKey', 'bid'],
    hold: ['hold', 'certificate'],
    release: ['release', 'opener'],
  });
  switch (kind) {
    case 'propose':
      return {
        kind,
        terms: boundedBytesOf(fields.terms, MAX_TERMS_BYTES, 'trade.terms'),
        recipientKey: boundedBytesOf(fields.recipientKey, MAX_RECIPIENT_KEY_BYTES, 'trade.recipientKey'),
        bid: boundedBytesOf(fields.bid, MAX_BLOCK_BYTES, 'trade.bid'),
      };
    case 'hold':
      return {
        kind,
        hold: boundedBytesOf(fields.hold, MAX_BLOCK_BYTES, 'trade.hold'),
        certificate:
          fields.certificate === null
            ? null
            : boundedBytesOf(fields.certificate, MAX_CERTIFICATE_BYTES, 'trade.certificate'),
      };
    case 'release':
      return { kind, ...releaseOf(fields, 'trade') };
  }
}

/** Bytes of an answer. */
export function encodeTradeReply(reply: TradeReply): Uint8Array {
  if (reply.kind !== 'decline') return encodeCanonical({ v: 1, ...reply });
  const { offer } = reply;
  return encodeCanonical({
    v: 1,
    ...reply,
    offer: offer === null ? null : { quantity: offer.quantity, witnesses: [...offer.witnesses] },
  });
}

/** Reads an answer. Throws `ERR_MARKET_FORMAT`. */
export function decodeTradeReply(bytes: Uint8Array): TradeReply {
  const { kind, fields } = fieldsOf(bytes, MAX_TRADE_REPLY_BYTES, 'reply', {
    accept: ['proposal', 'manifest', 'chunks', 'bytes'],
    released: ['release', 'opener'],
    wait: [],
    ok: [],
    decline: ['reason', 'message', 'retryMs', 'offer'],
  });
  switch (kind) {
    case 'accept':
      return {
        kind,
        proposal: boundedBytesOf(fields.proposal, MAX_BLOCK_BYTES, 'reply.proposal'),
        manifest: linkOf(fields.manifest, 'reply.manifest'),
        chunks: integerOf(fields.chunks, 1, MAX_CHUNKS, 'reply.chunks'),
        bytes: integerOf(fields.bytes, 1, Number.MAX_SAFE_INTEGER, 'reply.bytes'),
      };
    case 'released':
      return { kind, ...releaseOf(fields, 'reply') };
    case 'decline':
      return {
        kind,
        reason: oneOf<DeclineReason>(fields.reason, DECLINE_REASONS, 'reply.reason'),
        message: lineOf(fields.message, MAX_DECLINE_TEXT, 'reply.message'),
        retryMs: fields.retryMs === null ? null : integerOf(fields.retryMs, 0, MAX_RETRY_MS, 'reply.retryMs'),
        offer: counterOfferOf(fields.offer),
      };
    default:
      return { kind };
  }
}

function releaseOf(
  fields: ReturnType<typeof mapOf>,
  where: string,
): { readonly release: Uint8Array; readonly opener: Uint8Array } {
  return {
    release: boundedBytesOf(fields.release, MAX_BLOCK_BYTES, `${where}.release`),
    opener: bytesOf(fields.opener, 32, `${where}.opener`),
  };
}

function counterOfferOf(value: unknown): CounterOffer | null {
  if (value === null) return null;
  const fields = mapOf(value, ['quantity', 'witnesses'], 'reply.offer');
  return {
    quantity: integerOf(fields.quantity, 1, Number.MAX_SAFE_INTEGER, 'reply.offer.quantity'),
    witnesses: listOf(fields.witnesses, 4, 'reply.offer.witnesses').map((key) =>
      keyOf(key, 'reply.offer.witnesses'),
    ),
  };
}
