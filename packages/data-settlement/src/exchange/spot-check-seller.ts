import {
  type AssetId,
  bytesToHex,
  type Crypto,
  type DatasetDocument,
  type Environment,
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type KeyValueStore,
  type Network,
  type PublicKey,
} from '@edmp/interface';
import { keyedMutex, tokenBuckets } from '@edmp/interface/bounded';
import { isAssetId, MAX_CHUNKS } from '@edmp/interface/dataset';
import { decodeHalfBlock, verifySignature } from '@edmp/trustchain/block';
import {
  boundedBytesOf,
  bytesOf,
  decodeBounded,
  encodeFields,
  integerOf,
  listOf,
  mapOf,
} from '../codec/fields.ts';
import type { DatasetVault, StoredDataset } from './dataset-vault.ts';
import { recordKey } from './records.ts';
import { type DrawnChunk, encodeSpotCheck, spotCheckIndices, spotCheckSeed } from './spot-check.ts';
import {
  decodeSpotRequest,
  encodeSpotReply,
  MAX_SPOT_REQUEST_BYTES,
  SPOT_CHECK_PROTOCOL,
  type SpotRefusal,
  type SpotReply,
  type SpotRequest,
} from './spot-check-messages.ts';
import { type SpotBinding, sealSpotAnswer } from './spot-check-seal.ts';

/** Of so many chunks of a dataset one may ever be shown before payment, to all buyers together. */
export const MIN_CHUNKS_PER_SAMPLE = 4;
/** Of what may be shown, one buyer sees a quarter at most, or two chunks. */
const BUYERS_PER_ALLOWANCE = 4;
const MIN_SHARE = 2;
/** Buyers without a paid deal that a dataset waits for at once; more are told to come later. */
const MAX_WAITING = 1_000;
/** A negotiation that has not come to a bid by then is over, ms. */
const COMMITMENT_LIFETIME_MS = 86_400_000;
/** Requests of one peer: some at once, and one every ten seconds. */
const RATE = { burst: 8, perSecond: 0.1 };

/** How a seller shows parts of its data. */
export interface SampleRules {
  /** The data asset that a block bids for; undefined when it is no bid. */
  readonly assetOfBid: (block: HalfBlock) => AssetId | undefined;
  /** Throws when the owner does not let `buyer` see a part. Default: everybody may. */
  readonly allow?: (document: DatasetDocument, buyer: PublicKey) => Promise<void>;
}

/** What {@link serveSpotChecks} works with. */
export interface SpotCheckNeeds {
  readonly crypto: Crypto;
  readonly environment: Environment;
  readonly secrets: KeyValueStore;
  readonly network: Pick<Network, 'handle' | 'self'>;
  readonly vault: DatasetVault;
  readonly rules: SampleRules;
}

interface Commitment {
  readonly nonce: Uint8Array;
  /** When it was made, ms. */
  readonly time: number;
  /** Number of chunks that were asked for. */
  readonly samples: number;
  /** CID bytes of the bid that it was opened for; empty = not yet. */
  readonly bid: Uint8Array;
}

const decodeCommitment = (bytes: Uint8Array): Commitment => {
  const where = 'stored spot check';
  const map = mapOf(decodeBounded(bytes, 256, where), ['v', 'nonce', 'time', 'samples', 'bid'], where);
  integerOf(map.v, 1, 1, `${where}.v`);
  return {
    nonce: bytesOf(map.nonce, 32, `${where}.nonce`),
    time: integerOf(map.time, 0, Number.MAX_SAFE_INTEGER, `${where}.time`),
    samples: integerOf(map.samples, 1, 32, `${where}.samples`),
    bid: boundedBytesOf(map.bid, 64, `${where}.bid`),
  };
};

/**
 * Answers spot checks (DESIGN §5.3) until the returned function is called. A seller commits to a nonce for each buyer
 * before the buyer bids, and draws by it and the bid: neither side picks. What may ever be shown of a dataset is one
 * allowance over all buyers, so that many bids, or many names of one buyer, do not add up to the data. No buyer gets more
 * than a share of it, and half of it is kept for those who paid this seller for a deal before: names cost nothing, so
 * that whoever makes many of them can only take what strangers have together.
 */
export function serveSpotChecks(needs: SpotCheckNeeds): () => void {
  const desk = new SpotCheckDesk(needs);
  const rate = tokenBuckets(RATE, () => needs.environment.now());
  return needs.network.handle(
    SPOT_CHECK_PROTOCOL,
    async ({ from, body }) => {
      const reply: SpotReply = rate.take(bytesToHex(from))
        ? await desk.answer(from, decodeSpotRequest(body))
        : { kind: 'no', reason: 'busy' };
      return encodeSpotReply(reply);
    },
    { maxRequestBytes: MAX_SPOT_REQUEST_BYTES, maxConcurrentPerPeer: 2 },
  );
}

class SpotCheckDesk {
  readonly #needs: SpotCheckNeeds;
  /** One at a time for each dataset: its allowance is read and spent in one step. */
  readonly #turns = keyedMutex<AssetId>();

  constructor(needs: SpotCheckNeeds) {
    this.#needs = needs;
  }

  async answer(from: PublicKey, request: SpotRequest): Promise<SpotReply> {
    const { asset } = request;
    if (!isAssetId(asset) || !(await this.#needs.vault.has(asset))) return no('unknown');
    return this.#turns.run(asset, async () => {
      const dataset = await this.#needs.vault.get(asset);
      if (!(await this.#allowed(dataset, from))) return no('refused');
      return request.kind === 'commit'
        ? this.#commit(from, dataset, request.samples)
        : this.#open(from, dataset, request);
    });
  }

  async #allowed({ document }: StoredDataset, buyer: PublicKey): Promise<boolean> {
    try {
      await this.#needs.rules.allow?.(document, buyer);
      return true;
    } catch (error) {
      if (isEdmpError(error)) return false;
      throw error;
    }
  }

  async #commit(from: PublicKey, dataset: StoredDataset, samples: number): Promise<SpotReply> {
    const { crypto, environment, secrets } = this.#needs;
    const { asset, document } = dataset;
    const key = recordKey.spotCommit(asset, from);
    const known = await secrets.get(key);
    const before = known === undefined ? undefined : decodeCommitment(known);
    if (before !== undefined && before.bid.length > 0) return no('again');
    if (before !== undefined && before.samples === samples) {
      return { kind: 'committed', commitment: crypto.sha256(before.nonce) };
    }
    const { most, share } = allowanceOf(document);
    if (samples > most) return no('small');
    if (samples > share) return no('share');
    const isStranger = !(await this.#hasPaid(from));
    const refusal = refusalOf(document, await this.#shown(asset), isStranger, samples);
    if (refusal !== undefined) return no(refusal);
    if (isStranger && before === undefined && !(await this.#hasRoom(asset))) return no('busy');
    const nonce = environment.randomBytes(32);
    await secrets.set(
      key,
      encodeCommitment({ nonce, time: environment.now(), samples, bid: new Uint8Array(0) }),
    );
    return { kind: 'committed', commitment: crypto.sha256(nonce) };
  }

  async #open(
    from: PublicKey,
    dataset: StoredDataset,
    request: Extract<SpotRequest, { kind: 'open' }>,
  ): Promise<SpotReply> {
    const { crypto, network, secrets } = this.#needs;
    const { asset, document } = dataset;
    const bid = this.#bidOf(from, asset, request.bid);
    if (bid === undefined) return no('bid');
    const key = recordKey.spotCommit(asset, from);
    const known = await secrets.get(key);
    if (known === undefined) return no('bid');
    const commitment = decodeCommitment(known);
    const opened = commitment.bid.length > 0;
    if (opened && !equalBytes(commitment.bid, bid.id.bytes)) return no('again');
    if (request.samples !== commitment.samples) return no('bid');
    const seed = spotCheckSeed(crypto, commitment.nonce, bid.id.bytes);
    const indices = spotCheckIndices(crypto, seed, document.chunks, commitment.samples);
    // Before anything is spent: a key that nothing can be sealed to shows nothing.
    const binding = { seller: network.self, buyer: from, bid: bid.id.bytes };
    if (!this.#canSeal(request.recipient, binding)) return no('key');
    if (!opened) {
      const shown = await this.#shown(asset);
      const isStranger = !(await this.#hasPaid(from));
      for (const index of indices) {
        shown.all.add(index);
        if (isStranger) shown.strangers.add(index);
      }
      const refusal = refusalOf(document, shown, isStranger, 0);
      if (refusal !== undefined) return no(refusal);
      // Spent before anything is shown: a crash costs the seller's other buyers, never the data.
      await secrets.setMany([
        [recordKey.spotShown(asset), encodeShown(shown)],
        [key, encodeCommitment({ ...commitment, bid: bid.id.bytes })],
      ]);
    }
    const drawn: DrawnChunk[] = [];
    for (const index of indices) drawn.push({ index, saltedChunk: await dataset.saltedChunk(index) });
    const answer = encodeSpotCheck(crypto, dataset.leaves(), drawn);
    const sealed = sealSpotAnswer(this.#needs, request.recipient, binding, answer);
    return { kind: 'opened', nonce: commitment.nonce, sealed };
  }

  #canSeal(recipient: Uint8Array, binding: SpotBinding): boolean {
    try {
      sealSpotAnswer(this.#needs, recipient, binding, new Uint8Array(0));
      return true;
    } catch (error) {
      if (isEdmpError(error) && error.code !== 'ERR_CRYPTO_PROVIDER') return false;
      throw error;
    }
  }

  #bidOf(from: PublicKey, asset: AssetId, bytes: Uint8Array): HalfBlock | undefined {
    const { crypto, rules } = this.#needs;
    try {
      const block = decodeHalfBlock(bytes, crypto);
      const fits = equalBytes(block.core.key, from) && rules.assetOfBid(block) === asset;
      return fits && verifySignature(block, crypto) ? block : undefined;
    } catch (error) {
      if (isEdmpError(error)) return undefined;
      throw error;
    }
  }

  /** Chunks of a dataset that were ever shown. */
  async #shown(asset: AssetId): Promise<Shown> {
    const bytes = await this.#needs.secrets.get(recordKey.spotShown(asset));
    return bytes === undefined ? { all: new Set(), strangers: new Set() } : decodeShown(bytes);
  }

  /** Whether a buyer paid for a deal with this seller that was not erased. */
  async #hasPaid(buyer: PublicKey): Promise<boolean> {
    return (await this.#needs.secrets.range(recordKey.paidBy(buyer), { limit: 1 })).length > 0;
  }

  /** Whether another stranger may be waited for; forgets those that never came back. */
  async #hasRoom(asset: AssetId): Promise<boolean> {
    const { environment, secrets } = this.#needs;
    const waiting = await secrets.range(recordKey.spotCommits(asset), { limit: 2 * MAX_WAITING });
    const open = waiting
      .map(([key, bytes]) => [key, decodeCommitment(bytes)] as const)
      .filter(([, { bid }]) => bid.length === 0);
    if (open.length < MAX_WAITING) return true;
    const end = environment.now() - COMMITMENT_LIFETIME_MS;
    const old = open.filter(([, { time }]) => time < end);
    if (old.length === 0) return false;
    await secrets.setMany(old.map(([key]) => [key, null] as const));
    return true;
  }
}

const no = (reason: SpotRefusal): SpotReply => ({ kind: 'no', reason });

function encodeCommitment(commitment: Commitment): Uint8Array {
  return encodeFields({ v: 1, ...commitment });
}

/** Chunks that were shown, to anybody and to those who had paid for no deal. */
interface Shown {
  readonly all: Set<number>;
  readonly strangers: Set<number>;
}

/** How many chunks of a dataset may ever be shown: at `most`, a `share` of it to one buyer, and a part to strangers together. */
function allowanceOf({ chunks }: Pick<DatasetDocument, 'chunks'>): {
  readonly most: number;
  readonly share: number;
  readonly strangers: number;
} {
  const most = Math.floor(chunks / MIN_CHUNKS_PER_SAMPLE);
  const share = Math.min(most, Math.max(MIN_SHARE, Math.ceil(most / BUYERS_PER_ALLOWANCE)));
  return { most, share, strangers: Math.ceil(most / 2) };
}

/** Why `more` chunks may not be shown besides those that were. */
function refusalOf(
  document: DatasetDocument,
  shown: Shown,
  isStranger: boolean,
  more: number,
): 'spent' | 'reserved' | undefined {
  const { most, strangers } = allowanceOf(document);
  if (shown.all.size + more > most) return 'spent';
  return isStranger && shown.strangers.size + more > strangers ? 'reserved' : undefined;
}

function encodeShown({ all, strangers }: Shown): Uint8Array {
  const sorted = (chunks: Set<number>): readonly number[] => [...chunks].sort((a, b) => a - b);
  return encodeFields({ v: 2, chunks: sorted(all), strangers: sorted(strangers) });
}

function decodeShown(bytes: Uint8Array): Shown {
  const where = 'stored spot checks';
  const value = decodeBounded(bytes, 64 * 1024, where);
  const indices = (list: unknown): Set<number> =>
    new Set(
      listOf(list, MAX_CHUNKS, `${where}.chunks`).map((index) =>
        integerOf(index, 0, MAX_CHUNKS - 1, `${where}.chunk`),
      ),
    );
  if ((value as { readonly v?: unknown } | null)?.v === 1) {
    // Before strangers were counted: all may have been.
    const all = indices(mapOf(value, ['v', 'chunks'], where).chunks);
    return { all, strangers: new Set(all) };
  }
  const map = mapOf(value, ['v', 'chunks', 'strangers'], where);
  integerOf(map.v, 2, 2, `${where}.v`);
  return { all: indices(map.chunks), strangers: indices(map.strangers) };
}
