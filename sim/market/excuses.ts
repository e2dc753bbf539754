import { publicKeyToHex } from '../../packages/interface/src/index.ts';
import type { Trade } from '../../packages/market/src/index.ts';
import { faultsOf, type NotaryCount } from '../../packages/market/src/notary.ts';
import type { SimNode } from '../lib/node.ts';
import type { Cast } from './members.ts';
import type { Universe } from './universe.ts';

/** Rules that excuse what would be a finding; each is counted by its name. */
export const EXCUSES = [
  /** A hold may stay held when its honest witnesses lost each other around a deadline (DESIGN §4.4.4). */
  'witnesses-apart',
  /** What a seller that lies loses does not count. */
  'seller-lied',
  /** A release that reached a lying witness and no quorum in time costs the seller its data (§4.4, who can lose what). */
  'release-reached-a-liar',
  /** Acknowledgements of witnesses that lie may never have been told to the seller. */
  'acks-of-liars',
  /** An outcome for which too few honest witnesses have spoken may be known to those whom the liar told, or to nobody. */
  'outcome-needs-a-liar',
  /** A buyer that is away for a whole complaint window pays unseen (§4.4, who can lose what). */
  'buyer-away',
  /** A receipt that a lying buyer signs when its money is back already pays, and the seller was told the end before. */
  'receipt-after-the-end',
] as const;
/** One of {@link EXCUSES}. */
export type Excuse = (typeof EXCUSES)[number];

/** Two witnesses that lost each other for no longer than this had still Δ = 60 s for skews of 20 s each, ms. */
const HARMLESS_MS = 15_000;
/** A node asks again at the latest after five minutes; so long, and a little for the answer, it has to reach them, ms. */
const ASKS_WITHIN_MS = 330_000;
const MINUTE = 60_000;

/** Judges what excuses a trade's end, by what happened to those who took part, and counts it. */
export class Excuses {
  readonly #cast: Cast;
  readonly #universe: Universe;
  readonly #toldBack: ReadonlySet<string>;

  /** `toldBack`: see `Watch`. */
  constructor(cast: Cast, universe: Universe, toldBack: ReadonlySet<string>) {
    this.#cast = cast;
    this.#universe = universe;
    this.#toldBack = toldBack;
  }

  /** A seller's trade that ended as lost and is paid by a receipt: the end was true when it was told. */
  paidAfterAll(node: SimNode, trade: Trade, hold: string): boolean {
    const lies = this.#memberOf(trade.buyer)?.byzantine != null;
    const wasBack = this.#universe.has('none', hold) || this.#universe.has('refund', hold);
    const isTold = this.#toldBack.has(`${node.name} ${trade.id}`);
    return lies && wasBack && isTold && this.#count('receipt-after-the-end');
  }

  /** A hold without an outcome, with four witnesses or more. */
  undecided(trade: Trade): boolean {
    const { outages } = this.#cast.world;
    const honest = this.#witnesses(trade).filter(({ byzantine }) => byzantine === null);
    if (trade.witnesses.length === 1) return false;
    const { deltaMs } = this.#cast;
    const rounds = (faultsOf(trade.witnesses.length as NotaryCount) + 2) * deltaMs;
    const { release, complain } = trade.deadlines;
    const wereApart = honest.some((a, index) =>
      honest
        .slice(index + 1)
        .some((b) =>
          [release, complain].some(
            (deadline) => outages.apart(a.name, b.name, deadline - deltaMs, deadline + rounds) > HARMLESS_MS,
          ),
        ),
    );
    return wereApart && this.#count('witnesses-apart');
  }

  /** Data that an honest buyer has and whose price came back. */
  dataForNothing(trade: Trade, hold: string): boolean {
    if (this.#memberOf(trade.seller)?.byzantine != null) return this.#count('seller-lied');
    const liar = this.#witnesses(trade).some(({ byzantine }) => byzantine !== null);
    const isAcknowledged = this.#universe.acknowledged(hold).length > 0;
    return liar && !isAcknowledged && this.#count('release-reached-a-liar');
  }

  /** An acknowledged release of an honest seller that is not paid; `acks`: whether the seller has the quorum's. */
  unpaid(trade: Trade, hold: string, acks: boolean): boolean {
    const liars = new Set(
      this.#witnesses(trade)
        .filter(({ byzantine }) => byzantine !== null)
        .map(({ name }) => name),
    );
    // An undecided seller may never have had it: the release's deadline passed.
    const held = acks || trade.state === 'waiting' || trade.state === 'completed';
    if (held || liars.size === 0) return false;
    const quorum = 2 * faultsOf(trade.witnesses.length as NotaryCount) + 1;
    const honest = this.#universe
      .acknowledgers(hold)
      .map((key) => this.#cast.statementKeys.get(key))
      .filter((name) => name !== undefined && !liars.has(name));
    return honest.length < quorum && this.#count('acks-of-liars');
  }

  /** Minor units of a node's holds whose outcome stands on what a witness that lies bound itself to. */
  outcomesOfLiars(node: SimNode, currency: string): bigint {
    let sum = 0n;
    const key = publicKeyToHex(node.key);
    for (const { key: hold, money, authorHex } of this.#universe.spendings.values()) {
      const isOurs = authorHex === key || (money.to !== null && publicKeyToHex(money.to) === key);
      if (!isOurs || money.currency !== currency) continue;
      const needsLiar = (['none', 'paid', 'refund'] as const).some(
        (kind) => this.#universe.has(kind, hold) && !this.#universe.has(kind, hold, null, this.#isHonest),
      );
      if (needsLiar) sum += money.pay;
    }
    if (sum > 0n) this.#count('outcome-needs-a-liar');
    return sum;
  }

  readonly #isHonest = (statementKey: string): boolean => {
    const name = this.#cast.statementKeys.get(statementKey);
    return this.#cast.members.find(({ node }) => node.name === name)?.node.byzantine === null;
  };

  /** A buyer that paid for what is not what was promised. */
  lost(node: SimNode, trade: Trade): boolean {
    const { release, complain } = trade.deadlines;
    const honest = this.#witnesses(trade).filter(({ byzantine }) => byzantine === null);
    const quorum = 2 * faultsOf(trade.witnesses.length as NotaryCount) + 1;
    const names = honest.map(({ name }) => name);
    const together = this.#cast.world.outages.longestTogether(node.name, names, quorum, release, complain);
    const needed = Math.min(ASKS_WITHIN_MS, complain - release - MINUTE);
    return together < needed && this.#count('buyer-away');
  }

  #count(rule: Excuse): true {
    this.#cast.world.excused.add(rule);
    return true;
  }

  #witnesses(trade: Trade): readonly SimNode[] {
    const names = new Set(trade.witnesses.map((key) => this.#cast.statementKeys.get(publicKeyToHex(key))));
    return this.#cast.members.filter(({ node }) => names.has(node.name)).map(({ node }) => node);
  }

  #memberOf(key: Trade['seller']): SimNode | undefined {
    const hex = publicKeyToHex(key);
    return this.#cast.members.find(({ node }) => publicKeyToHex(node.key) === hex)?.node;
  }
}
