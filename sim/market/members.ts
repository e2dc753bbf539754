import type { IssuedCurrency } from '../../packages/market/src/ledger.ts';
import type { Goods, Stock } from '../goods/goods.ts';
import type { SimNode } from '../lib/node.ts';
import type { World } from '../lib/world.ts';

/** What a node does in a history. */
export type Party = 'issuer' | 'notary' | 'witness' | 'seller' | 'buyer';

/** One node and its part. */
export interface Member {
  readonly party: Party;
  readonly node: SimNode;
  readonly goods: Goods;
}

/** Who takes part in a history. */
export interface Cast {
  readonly world: World;
  readonly members: readonly Member[];
  /** What was put up for sale. */
  readonly stock: Stock;
  /** The community's token; set once its issuer has opened it. */
  sun: IssuedCurrency | null;
  /** How many more of the notaries may fail in ways that no disk should. */
  spareFailures: number;
  /** Names of the nodes whose notary a statement key belongs to, by the key in hex. */
  readonly statementKeys: Map<string, string>;
  /** Whether all nodes are switched off: none starts again by itself. */
  isOff: boolean;
  /** Whether the year that certificates may be kept back for is over. */
  isYearOver: boolean;
  /** How many notaries, and thus liars among them, there can be. */
  readonly notaries: 1 | 4 | 7;
  /** Phases of the trades. */
  readonly durations: { readonly accept: number; readonly release: number; readonly complain: number };
  readonly deltaMs: number;
}

/** Members of some parties. */
export function membersOf(cast: Cast, ...parties: readonly Party[]): readonly Member[] {
  return cast.members.filter(({ party }) => parties.includes(party));
}

/** A member by its node. */
export function memberOf(cast: Cast, node: SimNode): Member | undefined {
  return cast.members.find((member) => member.node === node);
}

/** Nodes whose statements decide: notaries and witnesses. */
export function deciders(cast: Cast): readonly SimNode[] {
  return cast.members.filter(({ node }) => node.isNotary).map(({ node }) => node);
}
