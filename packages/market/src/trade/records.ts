import type { Crypto, HalfBlock, KeyValueChange, KeyValueStore, PublicKey } from '@edmp/interface';
import { decodeHalfBlock } from '@edmp/trustchain/block';
import { currencyLink } from '../asset/currency-link.ts';
import { decodeOrder } from '../blocks/order.ts';
import { spendingOf } from '../blocks/spending.ts';
import { decodeTerms, MAX_TERMS_BYTES, type TradeId } from '../blocks/terms.ts';
import { tradeProposalOf } from '../blocks/trade.ts';
import {
  blockIdOf,
  boundedBytesOf,
  bytesOf,
  decodeCanonical,
  encodeCanonical,
  type Fields,
  integerOf,
  keyOf,
  linkOf,
  listOf,
  mapOf,
  oneOf,
  textOf,
} from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import { decodeCertificate, encodeCertificate, MAX_CERTIFICATE_BYTES } from '../notary/certificate.ts';
import { LIE, LieRecords } from './lie-records.ts';
import { MAX_RECIPIENT_KEY_BYTES } from './messages.ts';
import { shownReleaseOf } from './shown-release.ts';
import { TRADE_STATES, type TradeRole } from './states.ts';
import { newTrade, type Trade, type TradeEnd, type TradeFailure, type TradeStep } from './trade.ts';

/** Prefix of everything that is kept of trades. Under it, `<trade id>/<part>`. */
export const TRADE_PREFIX = 'market/trade/';
/** Parts that are written once, and the small row that changes. */
const PARTS = ['base', 'offer', 'hold', 'draft', 'release', 'acks', 'proof'] as const;
type Part = (typeof PARTS)[number];
const STATE = 'state';

const MAX_BLOCK_BYTES = 66 * 1024;
/** Largest proof of misbehaviour, bytes. */
const MAX_PROOF_BYTES: number = 512 * 1024;
/** Largest part: a proof and its frame. */
const MAX_PART_BYTES: number = MAX_PROOF_BYTES + 1_024;
/** Most steps: a trade has at most nine states, each entered once. */
const MAX_STEPS = 16;
const MAX_REASON = 1_000;
/** Entries read at once when a node starts. */
const PAGE = 1_000;

/** A trade whose record could not be read. */
export interface DamagedRecord {
  readonly id: string;
  readonly error: unknown;
}

/** What the records held. */
export interface RestoredTrades {
  readonly trades: readonly Trade[];
  readonly damaged: readonly DamagedRecord[];
}

/**
 * Keeps trades durably. A trade is written as what changed: parts that never change again, each once, and one small
 * row of its state; one call is one atomic write.
 */
export class TradeRecords {
  readonly #store: KeyValueStore;
  readonly #crypto: Pick<Crypto, 'sha256' | 'chacha20Poly1305Open'>;
  readonly #written = new WeakMap<Trade, Set<Part>>();
  /** The lies of buyers, which only whoever asks for them reads: one may be as large as a chunk. */
  readonly lies: LieRecords;

  constructor(store: KeyValueStore, crypto: Pick<Crypto, 'sha256' | 'chacha20Poly1305Open'>) {
    this.#store = store;
    this.#crypto = crypto;
    this.lies = new LieRecords(store, (id) => `${TRADE_PREFIX}${id}/${LIE}`);
  }

  /** Writes what is new of a trade, as it is or as it `ends`; when the promise resolves it survives a crash. */
  async save(trade: Trade, ends?: TradeEnd): Promise<void> {
    const written = this.#written.get(trade) ?? new Set<Part>();
    this.#written.set(trade, written);
    const prefix = `${TRADE_PREFIX}${trade.encoded.id}/`;
    const changes: KeyValueChange[] = [];
    const fresh: Part[] = [];
    for (const part of PARTS) {
      const bytes = written.has(part) ? null : encodePart(trade, part);
      if (bytes === null) continue;
      changes.push([prefix + part, bytes]);
      fresh.push(part);
    }
    changes.push([prefix + STATE, encodeState(ends === undefined ? trade : { ...trade, ...ends })]);
    await this.#store.setMany(changes);
    for (const part of fresh) written.add(part);
  }

  /** Whether a restart would know anything of a trade. */
  isKnown(trade: Trade): boolean {
    return this.#written.get(trade)?.has('base') === true;
  }

  /** Whether what a restart needs to know of a trade that pays is written down: a write that failed may be missing. */
  isKept(trade: Trade): boolean {
    const written = this.#written.get(trade);
    return written?.has('base') === true && written.has('offer');
  }

  /** Destroys a trade's proofs of misbehaviour, which may show a chunk of the data; nobody writes them again. */
  async forgetProof(trade: Trade): Promise<void> {
    trade.proof = null;
    await this.#store.setMany([[`${TRADE_PREFIX}${trade.encoded.id}/proof`, null]]);
    this.#written.get(trade)?.delete('proof');
    await this.lies.forget(trade.encoded.id);
  }

  /** Removes everything about a trade. */
  async remove(id: TradeId): Promise<void> {
    const prefix = `${TRADE_PREFIX}${id}/`;
    await this.#store.setMany([...PARTS, STATE, LIE].map((part) => [prefix + part, null] as const));
  }

  /** One trade, also of those that memory has let go; undefined when there is none. Throws what reading throws. */
  async find(id: TradeId): Promise<Trade | undefined> {
    const prefix = `${TRADE_PREFIX}${id}/`;
    const entries = await this.#store.range(prefix, { limit: PARTS.length + 2 });
    if (entries.length === 0) return undefined;
    return this.#decode(new Map(entries.map(([key, value]) => [key.slice(prefix.length), value])));
  }

  /** All trades, oldest first. A record that was damaged is told, and stops no other. */
  async load(): Promise<RestoredTrades> {
    const trades: Trade[] = [];
    const damaged: DamagedRecord[] = [];
    let id = '';
    let parts = new Map<string, Uint8Array>();
    const finish = (): void => {
      if (parts.size === 0) return;
      try {
        trades.push(this.#decode(parts));
      } catch (error) {
        damaged.push({ id, error });
      }
    };
    for (let after: string | undefined; ; ) {
      const page = await this.#store.range(TRADE_PREFIX, {
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      for (const [key, value] of page) {
        const [name = '', part] = key.slice(TRADE_PREFIX.length).split('/');
        if (part === undefined) continue;
        if (name !== id) {
          finish();
          id = name;
          parts = new Map();
        }
        parts.set(part, value);
      }
      after = page.at(-1)?.[0];
      if (page.length < PAGE || after === undefined) break;
    }
    finish();
    const began = (trade: Trade): number => trade.steps[0]?.time ?? 0;
    // Of two that began in one moment the smaller id stays first.
    trades.sort((a, b) => began(a) - began(b));
    return { trades, damaged };
  }

  #decode(parts: ReadonlyMap<string, Uint8Array>): Trade {
    const trade = decodeTrade(parts, this.#crypto);
    this.#written.set(trade, new Set(PARTS.filter((part) => parts.has(part))));
    return trade;
  }
}

/** Bytes of one part, null while the trade has none. */
function encodePart(trade: Trade, part: Part): Uint8Array | null {
  switch (part) {
    case 'base':
      return encodeCanonical({
        v: 2,
        role: trade.role,
        terms: trade.encoded.bytes,
        recipientKey: trade.recipientKey,
        ask: trade.ask.block.bytes,
      });
    case 'offer': {
      if (trade.offer === null) return null;
      const { proposal, delivery } = trade.offer;
      const { manifest, chunks, bytes } = delivery;
      return encodeCanonical({ proposal: proposal.block.bytes, manifest, chunks, bytes });
    }
    case 'hold': {
      if (trade.hold === null) return null;
      const certificate = trade.certificate === null ? null : encodeCertificate(trade.certificate);
      return encodeCanonical({ hold: trade.hold.block.bytes, certificate });
    }
    case 'draft':
      return trade.draft === null ? null : encodeCanonical({ ...trade.draft });
    case 'release':
      return trade.release === null
        ? null
        : encodeCanonical({ release: trade.release.block.bytes, opener: trade.release.opener });
    case 'acks':
      return trade.acks === null ? null : encodeCertificate(trade.acks);
    case 'proof':
      return trade.proof;
  }
}

function encodeState(trade: Trade): Uint8Array {
  const { state, failure, declined, steps } = trade;
  return encodeCanonical({
    state,
    failure: failure === null ? null : { code: failure.code, reason: failure.reason },
    declined,
    steps: steps.map((step) => [step.state, step.time, step.block, step.signer]),
  });
}

function decodeTrade(
  parts: ReadonlyMap<string, Uint8Array>,
  crypto: Pick<Crypto, 'sha256' | 'chacha20Poly1305Open'>,
): Trade {
  const fieldsOf = (part: string, names: readonly string[]): Fields | undefined => {
    const bytes = parts.get(part);
    return bytes === undefined ? undefined : mapOf(decodeCanonical(bytes, MAX_PART_BYTES, part), names, part);
  };
  const blockOf = (value: unknown, where: string): HalfBlock =>
    decodeHalfBlock(boundedBytesOf(value, MAX_BLOCK_BYTES, where), crypto);
  const base = fieldsOf('base', ['v', 'role', 'terms', 'recipientKey', 'ask']);
  const row = fieldsOf(STATE, ['state', 'failure', 'declined', 'steps']);
  if (base === undefined || row === undefined) {
    throw new MarketError('ERR_MARKET_FORMAT', 'Expected the terms and the state of a trade in its record');
  }
  integerOf(base.v, 2, 2, 'base.v');
  const trade = newTrade({
    role: oneOf<TradeRole>(base.role, ['buyer', 'seller'], 'base.role'),
    encoded: decodeTerms(boundedBytesOf(base.terms, MAX_TERMS_BYTES, 'base.terms'), crypto),
    ask: decodeOrder(blockOf(base.ask, 'base.ask'), crypto),
    recipientKey: boundedBytesOf(base.recipientKey, MAX_RECIPIENT_KEY_BYTES, 'base.recipientKey'),
    bid: null,
    state: oneOf(row.state, TRADE_STATES, 'state.state'),
    offer: null,
  });
  trade.unsure = true;
  trade.failure = failureOf(row.failure);
  trade.declined = row.declined === null ? null : textOf(row.declined, MAX_REASON, 'state.declined');
  trade.steps = listOf(row.steps, MAX_STEPS, 'state.steps').map(stepOf);
  trade.receipt = trade.steps.find((step) => step.state === 'completed')?.block ?? null;
  const offer = fieldsOf('offer', ['proposal', 'manifest', 'chunks', 'bytes']);
  if (offer !== undefined) {
    const proposal = tradeProposalOf(blockOf(offer.proposal, 'offer.proposal'), crypto);
    trade.offer = {
      proposal,
      delivery: {
        settlementRoot: proposal.root,
        manifest: linkOf(offer.manifest, 'offer.manifest'),
        chunks: integerOf(offer.chunks, 1, Number.MAX_SAFE_INTEGER, 'offer.chunks'),
        bytes: integerOf(offer.bytes, 1, Number.MAX_SAFE_INTEGER, 'offer.bytes'),
      },
    };
  }
  const hold = fieldsOf('hold', ['hold', 'certificate']);
  if (hold !== undefined) {
    trade.hold = spendingOf(blockOf(hold.hold, 'hold.hold')) ?? null;
    if (hold.certificate !== null) {
      trade.certificate = decodeCertificate(
        boundedBytesOf(hold.certificate, MAX_CERTIFICATE_BYTES, 'hold.certificate'),
        currencyLink(trade.encoded.terms.price.currency),
      );
    }
    trade.certified = trade.certificate !== null || currencyLink(trade.encoded.terms.price.currency) === null;
  }
  const draft = fieldsOf('draft', ['wrapped', 'opener', 'after']);
  if (draft !== undefined) {
    trade.draft = {
      wrapped: boundedBytesOf(draft.wrapped, MAX_PART_BYTES, 'draft.wrapped'),
      opener: bytesOf(draft.opener, 32, 'draft.opener'),
      after: integerOf(draft.after, 0, Number.MAX_SAFE_INTEGER, 'draft.after'),
    };
  }
  const release = fieldsOf('release', ['release', 'opener']);
  if (release !== undefined) {
    const block = blockOf(release.release, 'release.release');
    trade.release = shownReleaseOf(trade, block, bytesOf(release.opener, 32, 'release.opener'), crypto);
  }
  const acks = parts.get('acks');
  if (acks !== undefined) {
    trade.acks = decodeCertificate(acks, currencyLink(trade.encoded.terms.price.currency));
  }
  trade.proof = parts.get('proof') ?? null;
  return trade;
}

function failureOf(value: unknown): TradeFailure | null {
  if (value === null) return null;
  const fields = mapOf(value, ['code', 'reason'], 'state.failure');
  return {
    code: textOf(fields.code, 64, 'state.failure.code'),
    reason: textOf(fields.reason, MAX_REASON, 'state.failure.reason'),
  };
}

function stepOf(value: unknown): TradeStep {
  const [state, time, block, signer] = listOf(value, 4, 'state.step');
  const signedBy: PublicKey | null = signer === null ? null : keyOf(signer, 'state.step.signer');
  return {
    state: oneOf(state, TRADE_STATES, 'state.step.state'),
    time: integerOf(time, 0, Number.MAX_SAFE_INTEGER, 'state.step.time'),
    block: block === null ? null : blockIdOf(block, 'state.step.block'),
    signer: signedBy,
  };
}
