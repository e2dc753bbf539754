import type { AbortOptions } from '@edmp/interface';

/** Why a part of the deals was not looked at: further away than is looked, more than is looked at, or more work than is done. */
export const TRUNCATIONS = ['hops', 'edges', 'work'] as const;

/** A way along which somebody is good for something. */
export interface TrustPathView {
  /** Public keys, hex: from it, over whom each sold to, to this node. */
  readonly agents: readonly string[];
  /** Minor units. */
  readonly amount: bigint;
}

/** What bounds a score: what `seller` was paid by `buyer`, or what `agent` itself is good for. Keys in hex, minor units. */
export type TrustBoundView =
  | { readonly kind: 'deals'; readonly seller: string; readonly buyer: string; readonly amount: bigint }
  | { readonly kind: 'standing'; readonly agent: string; readonly amount: bigint };

/** What would raise a score; keys in hex. */
export type TrustAdviceView =
  | { readonly kind: 'buy-from-it' | 'more-deals'; readonly seller: string; readonly buyer: string }
  | { readonly kind: 'more-standing'; readonly agent: string };

/** What completed deals in one currency say of somebody, as this node sees them. */
export interface TrustView {
  readonly currency: string;
  readonly currencyLabel: string;
  /** NetFlow: what may be at risk with it by what it sold towards this node, minor units. */
  readonly score: bigint;
  /** What it gave towards this node less what it took, minor units. */
  readonly standing: bigint;
  /** MeritRank: of `walks` random walks along deals, those that come to it. */
  readonly hits: number;
  readonly walks: number;
  /** Its fraud is proven: it has no trust. */
  readonly condemned: boolean;
  /** Canonical fraud proofs against it. */
  readonly proofs: readonly Uint8Array[];
  readonly truncated: (typeof TRUNCATIONS)[number] | null;
  readonly paths: readonly TrustPathView[];
  readonly morePaths: number;
  readonly bounds: readonly TrustBoundView[];
  readonly moreBounds: number;
  readonly advice: readonly TrustAdviceView[];
}

/** What a node knows of others by their deals. */
export interface TrustReading {
  /** What completed deals say of a key (hex), one entry for each currency that this node's owner chose. Throws `ERR_HTTP_INPUT`. */
  trust(key: string, options?: AbortOptions): Promise<readonly TrustView[]>;
}
