import {
  type AbortOptions,
  type AssetId,
  type BlockId,
  type Crypto,
  type DatasetDocument,
  type Environment,
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type KeyValueStore,
  type Network,
  type PublicKey,
  type SettlementTrade,
  singleFrame,
} from '@edmp/interface';
import {
  boundedBytesOf,
  bytesOf,
  decodeBounded,
  encodeFields,
  integerOf,
  keyOf,
  listOf,
  mapOf,
} from '../codec/fields.ts';
import { SettlementError } from '../errors.ts';
import { recordKey } from './records.ts';
import { MAX_SPOT_CHECK, spotCheckSeed, verifySpotCheck } from './spot-check.ts';
import {
  decodeSpotReply,
  encodeSpotRequest,
  MAX_SPOT_REPLY_BYTES,
  SPOT_CHECK_PROTOCOL,
  SPOT_REFUSALS,
  type SpotReply,
  type SpotRequest,
} from './spot-check-messages.ts';
import { makeSpotKey, openSpotAnswer } from './spot-check-seal.ts';

/** Longest wait for a seller's answer, ms. */
const ANSWER_TIMEOUT_MS = 30_000;

/** What {@link SpotCheckBuyer} works with. */
export interface SpotCheckBuyerNeeds {
  readonly crypto: Crypto;
  readonly secrets: KeyValueStore;
  readonly environment: Pick<Environment, 'randomBytes'>;
  readonly network: Pick<Network, 'request' | 'self'>;
  /** One's own signed bid. */
  readonly block: (id: BlockId) => Promise<HalfBlock | undefined>;
}

/** Most sellers of one dataset that are asked: it has one, unless it is sold on. */
const MAX_SELLERS = 8;

/** A spot check that waits for its bid. */
interface Wanted {
  readonly samples: number;
  /** Last position of the buyer's own chain when the sellers had committed: only bids above it count. */
  readonly after: number;
  /** CID bytes of the bid; empty until it is known, and until then every later bid for the data counts. */
  readonly bid: Uint8Array;
  readonly commitments: readonly { readonly seller: PublicKey; readonly commitment: Uint8Array }[];
}

/** The buyer's half of spot checks (DESIGN §5.3). */
export class SpotCheckBuyer {
  readonly #needs: SpotCheckBuyerNeeds;

  constructor(needs: SpotCheckBuyerNeeds) {
    this.#needs = needs;
  }

  /**
   * Gets the sellers' commitments, before the bid is signed. From now on a trade of a later bid for this data is looked
   * into before any money is held, and fails with a seller that did not commit.
   * Throws `ERR_SETTLEMENT_SPOT_CHECK` when none of them shows anything, `ERR_NETWORK_*`, `ERR_TIMEOUT`.
   */
  async prepare(request: SpotCheckRequest, options: AbortOptions = {}): Promise<void> {
    const { asset, samples, after } = request;
    const commitments: Wanted['commitments'][number][] = [];
    let last: unknown = failed('nobody is known to sell this data');
    for (const seller of request.sellers.slice(0, MAX_SELLERS)) {
      try {
        const reply = await this.#ask(seller, { kind: 'commit', asset, samples }, options);
        if (reply.kind !== 'committed') throw refusal(reply);
        commitments.push({ seller, commitment: reply.commitment });
      } catch (error) {
        if (!isEdmpError(error) || error.code === 'ERR_ABORTED') throw error;
        last = error;
      }
    }
    if (commitments.length === 0) throw last;
    await this.#write(asset, { samples, after, commitments, bid: new Uint8Array(0) });
  }

  /** Ties what was prepared to the bid that was signed for it; null: none was, and nothing is looked into. */
  async bind(asset: AssetId, bid: BlockId | null): Promise<void> {
    const wanted = await this.#read(asset);
    if (wanted === undefined) return;
    if (bid === null) await this.#needs.secrets.delete(recordKey.spotWanted(asset));
    else await this.#write(asset, { ...wanted, bid: bid.bytes });
  }

  /**
   * Looks into a trade's data, if that was prepared. Throws `ERR_SETTLEMENT_SPOT_CHECK` when the seller does not show what
   * was drawn, or shows what is not as described: do not pay.
   */
  async inspect(
    trade: SettlementTrade,
    document: DatasetDocument,
    options: AbortOptions = {},
  ): Promise<void> {
    const { crypto, network } = this.#needs;
    const wanted = await this.#read(trade.asset);
    if (wanted === undefined) return;
    const bid = trade.bid === undefined ? undefined : await this.#needs.block(trade.bid);
    if (bid === undefined || bid.core.seq <= wanted.after) return;
    if (wanted.bid.length > 0 && !equalBytes(wanted.bid, bid.id.bytes)) return;
    const { samples } = wanted;
    const commitment = wanted.commitments.find(({ seller }) => equalBytes(seller, trade.seller))?.commitment;
    if (commitment === undefined) throw failed('this seller committed to none before the bid');
    const { secretKey, publicKey: recipient } = makeSpotKey(this.#needs);
    const request = { kind: 'open', asset: trade.asset, samples, bid: bid.bytes, recipient } as const;
    const reply = await this.#ask(trade.seller, request, options);
    if (reply.kind !== 'opened') throw refusal(reply);
    const { nonce, sealed } = reply;
    if (!equalBytes(crypto.sha256(nonce), commitment)) {
      throw failed('the seller draws by another number than the one that it had committed to');
    }
    const seed = spotCheckSeed(crypto, nonce, bid.id.bytes);
    const binding = { seller: trade.seller, buyer: network.self, bid: bid.id.bytes };
    try {
      const answer = openSpotAnswer(crypto, secretKey, binding, sealed);
      verifySpotCheck({ crypto, document, seed, samples }, answer);
    } catch (cause) {
      throw failed(cause instanceof Error ? cause.message : 'what was shown cannot be read', cause);
    } finally {
      secretKey.fill(0);
    }
  }

  async #read(asset: AssetId): Promise<Wanted | undefined> {
    const bytes = await this.#needs.secrets.get(recordKey.spotWanted(asset));
    return bytes === undefined ? undefined : decodeWanted(bytes);
  }

  #write(asset: AssetId, wanted: Wanted): Promise<void> {
    const commitments = wanted.commitments.map(({ seller, commitment }) => [seller, commitment]);
    return this.#needs.secrets.set(
      recordKey.spotWanted(asset),
      encodeFields({ v: 1, ...wanted, commitments }),
    );
  }

  async #ask(seller: PublicKey, request: SpotRequest, { signal }: AbortOptions): Promise<SpotReply> {
    const frames = this.#needs.network.request(seller, SPOT_CHECK_PROTOCOL, encodeSpotRequest(request), {
      signal,
      timeoutMs: ANSWER_TIMEOUT_MS,
      maxFrameBytes: MAX_SPOT_REPLY_BYTES,
    });
    return decodeSpotReply(await singleFrame(frames));
  }
}

/** What a buyer asks to see before it pays. */
export interface SpotCheckRequest {
  readonly asset: AssetId;
  /** Who sells it; at most 8 are asked. */
  readonly sellers: readonly PublicKey[];
  /** Chunks to look at, 1 … 32; a seller shows at most a quarter of all, to all buyers together. */
  readonly samples: number;
  /** Last position of the buyer's own chain: bids above it are drawn by. */
  readonly after: number;
}

const failed = (why: string, cause?: unknown): SettlementError =>
  new SettlementError('ERR_SETTLEMENT_SPOT_CHECK', `The spot check failed, and nothing was paid: ${why}`, {
    cause,
  });

function refusal(reply: SpotReply): SettlementError {
  const why = reply.kind === 'no' ? SPOT_REFUSALS[reply.reason] : 'the seller gave another answer';
  return new SettlementError('ERR_SETTLEMENT_SPOT_CHECK', `No spot check: ${why}`, {
    retryable: reply.kind === 'no' && reply.reason === 'busy',
  });
}

function decodeWanted(bytes: Uint8Array): Wanted {
  const where = 'stored spot check';
  const names = ['v', 'samples', 'after', 'bid', 'commitments'];
  const map = mapOf(decodeBounded(bytes, 1_024, where), names, where);
  integerOf(map.v, 1, 1, `${where}.v`);
  return {
    samples: integerOf(map.samples, 1, MAX_SPOT_CHECK, `${where}.samples`),
    after: integerOf(map.after, 0, Number.MAX_SAFE_INTEGER, `${where}.after`),
    bid: boundedBytesOf(map.bid, 64, `${where}.bid`),
    commitments: listOf(map.commitments, MAX_SELLERS, `${where}.commitments`).map((item) => {
      const [seller, commitment] = listOf(item, 2, `${where}.commitments`);
      return {
        seller: keyOf(seller, `${where}.seller`),
        commitment: bytesOf(commitment, 32, `${where}.commitment`),
      };
    }),
  };
}
