import { encodeEquivocation, judgeEquivocation, type StatementReader } from '@edmp/data-settlement/proof';
import {
  type AbortOptions,
  type BlockStore,
  type Crypto,
  equalBytes,
  type HalfBlock,
  throwIfAborted,
} from '@edmp/interface';
import type { Market } from '@edmp/market';
import { RELEASE_TYPE, releaseOf } from '@edmp/market/codec';
import type { TradeProof } from '@edmp/market/trade';

/** Blocks of the seller's chain that are looked through: a release follows its payment within hours. */
const MAX_BLOCKS = 2_000;

/** What {@link proofsOfTrade} works with; a `Trader` has most of it. */
export interface ProofNeeds {
  readonly market: Pick<Market, 'trade' | 'tradeProofs' | 'tradeEvidence'>;
  readonly store: Pick<BlockStore, 'get' | 'range'>;
  readonly crypto: Crypto;
}

/** What a release says about a payment: the key, which may be given only once. */
const readRelease: StatementReader = (block) => {
  if (block.core.type !== RELEASE_TYPE || block.core.link !== null) return undefined;
  const { hold, key, lock } = releaseOf(block);
  return { step: 'release', tradeId: hold.bytes, content: new Uint8Array([...lock, ...key]) };
};

/**
 * All proofs of misbehaviour in a trade that this node can make: the buyer's own about the data, and two different releases
 * of one payment, found in the seller's chain as far as it is known here. Throws `ERR_MARKET_UNKNOWN`, `ERR_ABORTED`.
 *
 * @param needs the trader's market, blocks and provider
 * @param id of the trade, hex
 * @param options a signal that calls it off
 */
export async function proofsOfTrade(
  needs: ProofNeeds,
  id: string,
  options: AbortOptions = {},
): Promise<readonly TradeProof[]> {
  const made = await needs.market.tradeProofs(id, options);
  throwIfAborted(options.signal);
  const twice = await twoReleases(needs, id);
  return twice === undefined ? made : [...made, twice];
}

async function twoReleases(
  { market, store, crypto }: ProofNeeds,
  id: string,
): Promise<TradeProof | undefined> {
  const { seller, steps } = market.trade(id);
  const { hold } = market.tradeEvidence(id);
  const offer = steps.find(
    ({ signer, block }) => block !== null && signer !== null && equalBytes(signer, seller),
  );
  const first = offer?.block === null || offer === undefined ? undefined : await store.get(offer.block);
  if (hold === null || first === undefined) return undefined;
  const after = await store.range(seller, first.core.seq, Number.MAX_SAFE_INTEGER, MAX_BLOCKS);
  const releases = after.filter((block) => isReleaseOf(block, hold.bytes));
  for (const [at, one] of releases.entries()) {
    for (const other of releases.slice(0, at)) {
      const bytes = encodeEquivocation(other.bytes, one.bytes);
      const judgement = judgeEquivocation({ crypto, author: seller, read: readRelease }, bytes);
      if (judgement.guilty) return { ...judgement, kind: 'two-releases', against: 'seller', bytes };
    }
  }
  return undefined;
}

function isReleaseOf(block: HalfBlock, hold: Uint8Array): boolean {
  try {
    const statement = readRelease(block);
    return statement !== undefined && equalBytes(statement.tradeId, hold);
  } catch {
    // A malformed block of a stranger says nothing.
    return false;
  }
}
