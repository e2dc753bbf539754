import { type PublicKey, type PublicKeyHex, publicKeyFromHex, publicKeyToHex } from '@edmp/interface';
import {
  createDealGraph,
  type DealGraph,
  type MeritRank,
  meritRank,
  type NetFlow,
  netFlow,
} from '@edmp/trustchain/trust';
import type { CurrencyId } from '../asset/currency.ts';
import type { LedgerChange } from '../ledger/changes.ts';
import { type Hold, pays } from '../ledger/hold.ts';

/** The completed deals of one currency, and this node's view of them. */
interface Circle {
  readonly graph: DealGraph;
  /** Holds whose deals are in the graph. */
  readonly holds: Set<string>;
  flow?: NetFlow;
  rank?: MeritRank;
}

/**
 * Completed deals as the ledger tells of them, a graph a currency: what is done in test money raises no score elsewhere. A
 * deal is complete once its hold counts and its buyer signed the receipt or its witnesses paid; neither is ever taken back.
 */
export class DealGraphs {
  readonly #self: PublicKey;
  readonly #isKnown: (currency: CurrencyId) => boolean;
  readonly #circles = new Map<CurrencyId, Circle>();
  readonly #cheats = new Set<PublicKeyHex>();

  /** `self` is the evaluator; `isKnown` tells of a currency that the register did not let go. */
  constructor(self: PublicKey, isKnown: (currency: CurrencyId) => boolean) {
    this.#self = self;
    this.#isKnown = isKnown;
  }

  /** Takes in what changed in the ledger. */
  onChange(change: LedgerChange): void {
    if (change.type !== 'hold' && change.type !== 'outcome') return;
    const { hold } = change;
    if (!isCompleted(hold)) return;
    const { graph, holds } = this.#circle(hold.currency);
    if (holds.has(hold.key)) return;
    holds.add(hold.key);
    graph.add({ seller: hold.seller, buyer: hold.buyer, amount: hold.amount });
  }

  /** Fraud by an agent is proven: it has no trust in any currency. */
  condemn(author: PublicKey): void {
    this.#cheats.add(publicKeyToHex(author));
    for (const { graph } of this.#circles.values()) graph.condemn(author);
  }

  /** Currencies in which deals were completed. */
  currencies(): readonly CurrencyId[] {
    return [...this.#circles.keys()];
  }

  /** What this node may risk with whom, by the deals in one currency. */
  netFlow(currency: CurrencyId): NetFlow {
    const circle = this.#circle(currency);
    circle.flow ??= netFlow(circle.graph, { evaluator: this.#self });
    return circle.flow;
  }

  /** Whose offers come first for this node, by the deals in one currency. */
  meritRank(currency: CurrencyId): MeritRank {
    const circle = this.#circle(currency);
    circle.rank ??= meritRank(circle.graph, { evaluator: this.#self });
    return circle.rank;
  }

  #circle(currency: CurrencyId): Circle {
    const known = this.#circles.get(currency);
    if (known !== undefined) return known;
    for (const id of this.#circles.keys()) if (!this.#isKnown(id)) this.#circles.delete(id);
    const graph = createDealGraph();
    for (const cheat of this.#cheats) graph.condemn(publicKeyFromHex(cheat));
    const circle = { graph, holds: new Set<string>() };
    // Of what is not known there are no deals, so nothing has to be kept.
    if (this.#isKnown(currency)) this.#circles.set(currency, circle);
    return circle;
  }
}

function isCompleted({ counts, outcome, receipt, amount }: Hold): boolean {
  return counts && amount > 0n && (receipt !== null || (outcome !== null && pays(outcome)));
}
