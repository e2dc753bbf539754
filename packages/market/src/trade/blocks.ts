import type { BlockId, Crypto, HalfBlock, Signature, TxValue } from '@edmp/interface';
import { equalBytes } from '@edmp/interface';
import { blockIdOf, boundedBytesOf, bytesOf, hex, integerOf, mapOf, textOf } from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import { decodeTerms, type EncodedTerms } from './terms.ts';

/** Proposal by the seller and agreement by the buyer: the conditional payment (DESIGN §4.3 steps 1 and 2). */
export const TRADE_TYPE = 'market/trade';
/** Proposal with the wrapped key by the seller and receipt by the buyer (steps 3 and 4). */
export const RELEASE_TYPE = 'market/release';
/** The buyer's claim that the released key does not open what was promised. */
export const COMPLAINT_TYPE = 'market/complaint';
/** The buyer takes its held money back because no key was released in time. */
export const WITHDRAWAL_TYPE = 'market/withdrawal';
/** An agreed witness saw the key release. */
export const WITNESS_TYPE = 'market/witness';

/** Largest wrapped key, bytes. */
export const MAX_WRAPPED_KEY_BYTES = 1_024;
/** Largest proof inside a complaint's block, bytes; larger ones travel beside it. */
export const MAX_INLINE_PROOF_BYTES = 16_384;
/** Largest proof of misbehaviour, bytes. */
export const MAX_PROOF_BYTES: number = 512 * 1024;

/** Transaction of a trade pair; both halves carry the same. */
export interface TradeTx {
  readonly encoded: EncodedTerms;
  readonly sellerSignature: Signature;
  readonly buyerSignature: Signature;
  readonly settlementRoot: Uint8Array;
  readonly chunks: number;
  /** Ciphertext bytes. */
  readonly bytes: number;
}

/** Value of a {@link TradeTx}. */
export function tradeToTx(trade: TradeTx): TxValue {
  return {
    v: 1,
    terms: trade.encoded.bytes,
    sellerSignature: trade.sellerSignature,
    buyerSignature: trade.buyerSignature,
    root: trade.settlementRoot,
    chunks: trade.chunks,
    bytes: trade.bytes,
  };
}

/** Decoded transactions by their immutable value: rules, ledger and engine all read the same block. */
const decodedTrades = new WeakMap<object, TradeTx>();

/** Reads a trade's transaction. Throws `ERR_MARKET_FORMAT`, `ERR_ORDER_AMOUNT` or `ERR_TRADE_TERMS`. */
export function decodeTradeTx(tx: TxValue, crypto: Pick<Crypto, 'sha256'>): TradeTx {
  if (typeof tx !== 'object' || tx === null) return readTradeTx(tx, crypto);
  let trade = decodedTrades.get(tx);
  if (trade === undefined) {
    trade = readTradeTx(tx, crypto);
    decodedTrades.set(tx, trade);
  }
  return trade;
}

function readTradeTx(tx: TxValue, crypto: Pick<Crypto, 'sha256'>): TradeTx {
  const fields = mapOf(
    tx,
    ['v', 'terms', 'sellerSignature', 'buyerSignature', 'root', 'chunks', 'bytes'],
    'trade',
  );
  integerOf(fields.v, 1, 1, 'trade.v');
  return {
    encoded: decodeTerms(boundedBytesOf(fields.terms, 2_048, 'trade.terms'), crypto),
    sellerSignature: bytesOf(fields.sellerSignature, 64, 'trade.sellerSignature'),
    buyerSignature: bytesOf(fields.buyerSignature, 64, 'trade.buyerSignature'),
    settlementRoot: bytesOf(fields.root, 32, 'trade.root'),
    chunks: integerOf(fields.chunks, 1, 10_900, 'trade.chunks'),
    bytes: integerOf(fields.bytes, 1, Number.MAX_SAFE_INTEGER, 'trade.bytes'),
  };
}

/** Checks that a trade block stands where its terms say: seller proposes to buyer, buyer answers seller. Throws `ERR_TRADE_TERMS`. */
export function expectTradeParties(block: HalfBlock, trade: TradeTx): void {
  const { seller, buyer } = trade.encoded.terms;
  const { key, peer, link } = block.core;
  const [author, other] = link === null ? [seller, buyer] : [buyer, seller];
  if (!equalBytes(key, author) || peer === null || !equalBytes(peer, other)) {
    throw new MarketError(
      'ERR_TRADE_TERMS',
      `Expected a trade ${link === null ? 'proposal by the seller to the buyer' : 'agreement by the buyer with the seller'} of its terms, got one by ${hex(key).slice(0, 16)}`,
    );
  }
}

/** Transaction of a release pair. */
export interface ReleaseTx {
  /** Digest of the terms. */
  readonly trade: Uint8Array;
  /** The trade proposal. */
  readonly proposal: BlockId;
  readonly wrappedKey: Uint8Array;
  /** Last moment of the receipt, ms: the terms' `complain`. */
  readonly deadline: number;
}

/** Value of a {@link ReleaseTx}. */
export function releaseToTx(release: ReleaseTx): TxValue {
  return {
    v: 1,
    trade: release.trade,
    proposal: release.proposal,
    key: release.wrappedKey,
    deadline: release.deadline,
  };
}

/** Reads a release's transaction. Throws `ERR_MARKET_FORMAT`. */
export function decodeReleaseTx(tx: TxValue): ReleaseTx {
  const fields = mapOf(tx, ['v', 'trade', 'proposal', 'key', 'deadline'], 'release');
  integerOf(fields.v, 1, 1, 'release.v');
  return {
    trade: bytesOf(fields.trade, 32, 'release.trade'),
    proposal: blockIdOf(fields.proposal, 'release.proposal'),
    wrappedKey: boundedBytesOf(fields.key, MAX_WRAPPED_KEY_BYTES, 'release.key'),
    deadline: integerOf(fields.deadline, 1, Number.MAX_SAFE_INTEGER, 'release.deadline'),
  };
}

/** Transaction of a complaint. */
export interface ComplaintTx {
  readonly trade: Uint8Array;
  readonly release: BlockId;
  /** Kind of misbehaviour, e.g. `wrong-key`. */
  readonly kind: string;
  /** SHA-256 of the proof. */
  readonly digest: Uint8Array;
  /** The proof where it reveals no readings and is small; null = it travels beside the chain. */
  readonly proof: Uint8Array | null;
}

/** Value of a {@link ComplaintTx}. */
export function complaintToTx(complaint: ComplaintTx): TxValue {
  return {
    v: 1,
    trade: complaint.trade,
    release: complaint.release,
    kind: complaint.kind,
    digest: complaint.digest,
    proof: complaint.proof,
  };
}

/** Reads a complaint's transaction. Throws `ERR_MARKET_FORMAT`. */
export function decodeComplaintTx(tx: TxValue, crypto: Pick<Crypto, 'sha256'>): ComplaintTx {
  const fields = mapOf(tx, ['v', 'trade', 'release', 'kind', 'digest', 'proof'], 'complaint');
  integerOf(fields.v, 1, 1, 'complaint.v');
  const digest = bytesOf(fields.digest, 32, 'complaint.digest');
  const proof =
    fields.proof === null ? null : boundedBytesOf(fields.proof, MAX_INLINE_PROOF_BYTES, 'complaint.proof');
  if (proof !== null && !equalBytes(crypto.sha256(proof), digest)) {
    throw new MarketError('ERR_MARKET_FORMAT', 'complaint.digest: expected the SHA-256 of the proof');
  }
  return {
    trade: bytesOf(fields.trade, 32, 'complaint.trade'),
    release: blockIdOf(fields.release, 'complaint.release'),
    kind: textOf(fields.kind, 32, 'complaint.kind'),
    digest,
    proof,
  };
}

/** A block that names a trade and one of its blocks: a withdrawal (the trade proposal) or a witness's receipt (the release). */
export interface TradeReference {
  readonly trade: Uint8Array;
  readonly block: BlockId;
}

/** Value of a {@link TradeReference}. */
export function referenceToTx(reference: TradeReference): TxValue {
  return { v: 1, trade: reference.trade, block: reference.block };
}

/** Reads a reference. Throws `ERR_MARKET_FORMAT`. */
export function decodeReferenceTx(tx: TxValue): TradeReference {
  const fields = mapOf(tx, ['v', 'trade', 'block'], 'reference');
  integerOf(fields.v, 1, 1, 'reference.v');
  return {
    trade: bytesOf(fields.trade, 32, 'reference.trade'),
    block: blockIdOf(fields.block, 'reference.block'),
  };
}
