import { type PublicKey, type PublicKeyHex, publicKeyToHex } from '@edmp/interface';
import { explainScore } from '@edmp/trustchain/trust';
import type { CurrencyId } from '../asset/currency.ts';
import type { Listing, ListingQuery } from '../listing/listing.ts';
import { MAX_RESULTS, prepareQuery } from '../listing/listing-query.ts';
import type { AgentTrust } from '../market.ts';
import type { DealGraphs } from '../risk/deal-graphs.ts';

/** Most sellers that are put first by their rank; whoever comes after them has next to none. */
const MAX_RANKED = 1_000;

/** What {@link TrustDesk} needs. */
export interface TrustNeeds {
  readonly graphs: DealGraphs;
  readonly proofs: (author: PublicKey) => Promise<readonly Uint8Array[]>;
  readonly search: (query: ListingQuery) => readonly Listing[];
}

/** Answers what this node's deals say of others. */
export class TrustDesk {
  readonly #needs: TrustNeeds;

  constructor(needs: TrustNeeds) {
    this.#needs = needs;
  }

  async trust(agent: PublicKey, currency: CurrencyId): Promise<AgentTrust> {
    const { graphs, proofs } = this.#needs;
    const rank = graphs.meritRank(currency);
    const found = await proofs(agent);
    return {
      agent,
      currency,
      ...explainScore(graphs.netFlow(currency), agent),
      hits: rank.hits(agent),
      walks: rank.walks,
      proofs: found,
    };
  }

  /** Listings that a query wants; sorted by trust, those of ranked sellers first, each seller's in order of price. */
  listings(query: ListingQuery): readonly Listing[] {
    const { search } = this.#needs;
    if (query.sort !== 'trust') return search(query);
    const { offset, limit } = prepareQuery(query);
    const wanted = offset + limit;
    const found: Listing[] = [];
    const ranked = this.#ranked(query);
    const plain: ListingQuery = { ...query, sort: 'price', offset: 0, limit: MAX_RESULTS };
    for (const { agent, currency } of ranked.values()) {
      if (found.length >= wanted) break;
      found.push(...search({ ...plain, currency, seller: agent }));
    }
    for (let skipped = 0; found.length < wanted; skipped += MAX_RESULTS) {
      const page = search({ ...plain, offset: skipped });
      found.push(...page.filter((each) => !ranked.has(nameOf(each.seller, each.price.currency))));
      if (page.length < MAX_RESULTS) break;
    }
    return found.slice(offset, wanted);
  }

  /** Sellers that a query admits and that walks come to, the most often reached first. */
  #ranked(query: ListingQuery): ReadonlyMap<string, Ranked> {
    const { graphs } = this.#needs;
    const only = query.currency ?? query.maxPrice?.currency;
    const seller = query.seller === undefined ? undefined : publicKeyToHex(query.seller);
    const all = graphs
      .currencies()
      .filter((currency) => only === undefined || currency === only)
      .flatMap((currency) =>
        graphs
          .meritRank(currency)
          .all()
          .slice(0, MAX_RANKED)
          .map((each) => ({ ...each, currency })),
      )
      .filter(({ agent }) => seller === undefined || publicKeyToHex(agent) === seller)
      // Ties by key, then by currency: the same deals give the same list everywhere.
      .sort((a, b) => b.hits - a.hits || byName(a, b));
    return new Map(all.slice(0, MAX_RANKED).map((each) => [nameOf(each.agent, each.currency), each]));
  }
}

interface Ranked {
  readonly agent: PublicKey;
  readonly currency: CurrencyId;
}

function byName(a: Ranked, b: Ranked): number {
  const [first, second] = [nameOf(a.agent, a.currency), nameOf(b.agent, b.currency)];
  return first < second ? -1 : Number(first > second);
}

function nameOf(seller: PublicKey, currency: CurrencyId): `${PublicKeyHex} ${CurrencyId}` {
  return `${publicKeyToHex(seller)} ${currency}`;
}
