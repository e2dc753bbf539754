import type { BlockId, Crypto, PublicKey, SealedDelivery, Signature } from '@edmp/interface';
import {
  blockIdOf,
  boundedBytesOf,
  bytesOf,
  decodeCanonical,
  encodeCanonical,
  integerOf,
  keyOf,
  listOf,
  mapOf,
  oneOf,
  textOf,
} from '../codec/fields.ts';
import type { MarketErrorCode } from '../errors.ts';
import type { TradeFailure, TradeState, TradeStep } from '../market.ts';
import { manifestOf } from './messages.ts';
import { decodeTerms, type EncodedTerms, MAX_TERMS_BYTES } from './terms.ts';

/** Which side of a trade this node is on. */
export type TradeRole = 'seller' | 'buyer';

/** Every state, in the order of a trade that goes well. */
export const TRADE_STATES: readonly TradeState[] = [
  'negotiating',
  'accepted',
  'proposed',
  'agreed',
  'released',
  'complained',
  'completed',
  'failed',
];

/** What a node keeps durably of one of its trades; together with its chain it is all that a restart needs. */
export interface TradeRecord {
  readonly role: TradeRole;
  readonly encoded: EncodedTerms;
  state: TradeState;
  sellerSignature: Signature | null;
  buyerSignature: Signature | null;
  /** Signed block of the ask, so that the document stays at hand. */
  readonly ask: Uint8Array;
  delivery: SealedDelivery | null;
  failure: TradeFailure | null;
  /** Proof of misbehaviour that a complaint names. */
  proof: Uint8Array | null;
  steps: readonly TradeStep[];
}

/** Key of a trade's record in the key-value store. */
export function tradeRecordKey(id: string): string {
  return `${TRADE_RECORD_PREFIX}${id}`;
}

/** Prefix of all trade records. */
export const TRADE_RECORD_PREFIX = 'market/trade/';

const MAX_RECORD_BYTES = 1024 * 1024;

/** Bytes of a record. */
export function encodeTradeRecord(record: TradeRecord): Uint8Array {
  return encodeCanonical({
    v: 1,
    role: record.role,
    state: record.state,
    terms: record.encoded.bytes,
    sellerSignature: record.sellerSignature,
    buyerSignature: record.buyerSignature,
    ask: record.ask,
    delivery:
      record.delivery === null
        ? null
        : {
            root: record.delivery.settlementRoot,
            manifest: record.delivery.manifest,
            chunks: record.delivery.chunks,
            bytes: record.delivery.bytes,
          },
    failure: record.failure === null ? null : { code: record.failure.code, reason: record.failure.reason },
    proof: record.proof,
    steps: record.steps.map((step) => ({
      state: step.state,
      time: step.time,
      block: step.block,
      signer: step.signer,
    })),
  });
}

/** Reads a record. Throws `ERR_MARKET_FORMAT` (and what terms throw) when the store was damaged. */
export function decodeTradeRecord(bytes: Uint8Array, crypto: Pick<Crypto, 'sha256'>): TradeRecord {
  const fields = mapOf(
    decodeCanonical(bytes, MAX_RECORD_BYTES, 'record'),
    [
      'v',
      'role',
      'state',
      'terms',
      'sellerSignature',
      'buyerSignature',
      'ask',
      'delivery',
      'failure',
      'proof',
      'steps',
    ],
    'record',
  );
  integerOf(fields.v, 1, 1, 'record.v');
  const signature = (value: unknown, where: string): Signature | null =>
    value === null ? null : bytesOf(value, 64, where);
  return {
    role: oneOf<TradeRole>(fields.role, ['seller', 'buyer'], 'record.role'),
    state: oneOf(fields.state, TRADE_STATES, 'record.state'),
    encoded: decodeTerms(boundedBytesOf(fields.terms, MAX_TERMS_BYTES, 'record.terms'), crypto),
    sellerSignature: signature(fields.sellerSignature, 'record.sellerSignature'),
    buyerSignature: signature(fields.buyerSignature, 'record.buyerSignature'),
    ask: boundedBytesOf(fields.ask, MAX_RECORD_BYTES, 'record.ask'),
    delivery: deliveryOf(fields.delivery),
    failure: failureOf(fields.failure),
    proof: fields.proof === null ? null : boundedBytesOf(fields.proof, MAX_RECORD_BYTES, 'record.proof'),
    steps: listOf(fields.steps, 64, 'record.steps').map(stepOf),
  };
}

function deliveryOf(value: unknown): SealedDelivery | null {
  if (value === null) return null;
  const fields = mapOf(value, ['root', 'manifest', 'chunks', 'bytes'], 'record.delivery');
  return {
    settlementRoot: bytesOf(fields.root, 32, 'record.delivery.root'),
    manifest: manifestOf(fields.manifest),
    chunks: integerOf(fields.chunks, 1, Number.MAX_SAFE_INTEGER, 'record.delivery.chunks'),
    bytes: integerOf(fields.bytes, 1, Number.MAX_SAFE_INTEGER, 'record.delivery.bytes'),
  };
}

function failureOf(value: unknown): TradeFailure | null {
  if (value === null) return null;
  const fields = mapOf(value, ['code', 'reason'], 'record.failure');
  return {
    code: textOf(fields.code, 64, 'record.failure.code') as MarketErrorCode,
    reason: textOf(fields.reason, 1_000, 'record.failure.reason'),
  };
}

function stepOf(value: unknown): TradeStep {
  const fields = mapOf(value, ['state', 'time', 'block', 'signer'], 'record.step');
  const block: BlockId | null = fields.block === null ? null : blockIdOf(fields.block, 'record.step.block');
  const signer: PublicKey | null = fields.signer === null ? null : keyOf(fields.signer, 'record.step.signer');
  return {
    state: oneOf(fields.state, TRADE_STATES, 'record.step.state'),
    time: integerOf(fields.time, 0, Number.MAX_SAFE_INTEGER, 'record.step.time'),
    block,
    signer,
  };
}
