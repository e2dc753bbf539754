import { type Consumption, equalBytes, publicKeyToHex } from '../../packages/interface/src/index.ts';
import { isMarketError, type Market, type Trade } from '../../packages/market/src/index.ts';
import { pays } from '../../packages/market/src/ledger.ts';
import type { SimNode } from '../lib/node.ts';
import type { World } from '../lib/world.ts';
import type { Excuses } from './excuses.ts';
import { type Cast, type Member, membersOf } from './members.ts';
import { checkExclusion, recount } from './recount.ts';
import type { Universe } from './universe.ts';

interface Seen {
  readonly state: Trade['state'];
  readonly finished: boolean;
  readonly outcome: string | null;
}

/** Weakest first, as a ledger may replace an outcome in test money by a stronger one. */
const STRENGTH = ['none', 'refund', 'unwitnessed', 'receipt', 'paid'];

/** Holds a history to the invariants while it runs. */
export class Watch {
  readonly #cast: Cast;
  readonly #universe: Universe;
  readonly #seen = new Map<string, Seen>();
  /** Trades of honest nodes by role and last state. */
  readonly trades = new Map<string, Trade>();
  /** Sellers' trades, as `node id`, that ended as lost while their node's own ledger said that the money went back. */
  readonly toldBack = new Set<string>();

  constructor(cast: Cast, universe: Universe) {
    this.#cast = cast;
    this.#universe = universe;
    cast.world.on(({ node, event }) => {
      if (event.type === 'trade') this.#take(node, event.trade);
      if (event.type === 'evidence' && equalBytes(event.evidence.peer, node.key)) {
        this.#background(node, event.evidence.code, event.evidence.reason);
      }
    });
  }

  /** What can be checked at any time. */
  async check(): Promise<void> {
    const { world, sun } = this.#cast;
    await this.#universe.look();
    if (sun !== null) recount(this.#universe, sun, world.findings);
    checkExclusion(this.#universe, world.findings);
    for (const { node } of this.#cast.members) {
      const market = node.running?.market;
      if (market === undefined || node.byzantine !== null) continue;
      const trades = market.trades();
      for (const trade of trades) this.#take(node, trade, market);
      this.#expectKept(node, new Set(trades.map(({ id }) => id)));
    }
  }

  /** A trade in which money was held is never forgotten. */
  #expectKept(node: SimNode, here: ReadonlySet<string>): void {
    for (const [name, trade] of this.trades) {
      if (!name.startsWith(`${node.name} `) || here.has(trade.id) || trade.failure !== undefined) continue;
      if (EARLY.has(trade.state)) continue;
      this.#cast.world.findings.add('lost', 'trade-forgotten', `${name} ${trade.state}`);
    }
  }

  #background(node: SimNode, code: string, reason: string): void {
    if (node.byzantine !== null) return;
    // What became of a bid is told the same way; a bug has no code of its own.
    const isTold = /^ERR_(TRADE|RISK|WALLET|ORDER|CONTENT)_/.test(code) && code !== 'ERR_TRADE_LOCAL';
    if (BACKGROUND.has(code) || isTold) return;
    this.#cast.world.findings.add('violations', 'background-error', `${node.name} ${code} ${reason}`);
  }

  #take(node: SimNode, trade: Trade, market?: Market): void {
    if (node.byzantine !== null) return;
    const { world } = this.#cast;
    const name = `${node.name} ${trade.role} ${trade.id}`;
    const outcome = market === undefined ? null : (market.tradeEvidence(trade.id).outcome?.kind ?? null);
    const before = this.#seen.get(name);
    this.trades.set(name, trade);
    if (trade.role === 'seller' && trade.state === 'lost' && before?.state !== 'lost') {
      const end = node.running?.market.tradeEvidence(trade.id).outcome;
      if (end != null && !pays(end)) this.toldBack.add(`${node.name} ${trade.id}`);
    }
    if (before === undefined || before.state !== trade.state) {
      world.trace(`${name.slice(0, 30)} ${trade.state} ${trade.failure?.code ?? ''}`);
    }
    if (before?.finished === true && before.state !== trade.state) {
      world.findings.add('violations', 'trade-reopened', `${name} was ${before.state}, is ${trade.state}`);
    }
    // A crash may lose the blocks of others that an outcome was known by; another one must never be told.
    if (before !== undefined && before.outcome !== null && outcome !== null) {
      const weaker = STRENGTH.indexOf(outcome) < STRENGTH.indexOf(before.outcome);
      if (weaker)
        world.findings.add('lost', 'outcome-taken-back', `${name}: ${before.outcome} became ${outcome}`);
    }
    this.#seen.set(name, {
      state: trade.state,
      finished: trade.finished,
      outcome: outcome ?? before?.outcome ?? null,
    });
  }
}

/** States in which nothing is at stake. */
const EARLY: ReadonlySet<string> = new Set(['proposing', 'fetching', 'signing', 'offered']);

/** Codes that a node may note about its own work when peers, its disk or its peers' bytes fail it. */
const BACKGROUND: ReadonlySet<string> = new Set([
  'ERR_STORE_FULL',
  'ERR_STORE_CLOSED',
  'ERR_NETWORK_STOPPED',
]);

/** What must be true when everything was healed, all deadlines are over and everybody looked after its money. */
export async function checkEnd(cast: Cast, universe: Universe, excuses: Excuses): Promise<void> {
  const { world } = cast;
  for (const { node } of cast.members) {
    if (node.byzantine === null && !node.isUp) world.findings.add('stuck', 'does-not-start', node.name);
  }
  for (const member of membersOf(cast, 'seller', 'buyer', 'issuer')) {
    const { node } = member;
    const market = node.running?.market;
    if (market === undefined || node.byzantine !== null) continue;
    for (const trade of market.trades()) await checkTrade(cast, universe, member, trade, excuses);
    checkSupply(cast, node, market);
    await checkBalances(cast, universe, member, market, excuses);
  }
}

async function checkTrade(
  cast: Cast,
  universe: Universe,
  { node }: Member,
  trade: Trade,
  excuses: Excuses,
): Promise<void> {
  const { findings } = cast.world;
  const market = node.running?.market;
  if (market === undefined) return;
  const name = `${node.name} ${trade.role} ${trade.state} ${trade.id.slice(0, 8)} ${trade.failure?.code ?? ''}`;
  const evidence = market.tradeEvidence(trade.id);
  const holdId = evidence.hold?.toString();
  const hold = holdId === undefined ? undefined : universe.ledger.hold(holdId);
  if (!trade.finished && !excuses.undecided(trade)) findings.add('stuck', 'trade-open', name);
  const kind = hold?.outcome?.kind ?? null;
  const back = kind === 'none' || kind === 'refund' || kind === 'unwitnessed';
  if (trade.role === 'buyer') {
    if (trade.state === 'completed') {
      const got = await cast.world.environment.run(market.delivery(trade.id).catch(() => undefined));
      if (got === undefined) findings.add('violations', 'completed-without-data', name);
      else if (!isSame(got.consumption, cast.stock.get(trade.asset))) {
        findings.add('violations', 'other-data', name);
      }
      if (back && !excuses.dataForNothing(trade, hold?.key ?? '')) {
        findings.add('unpaid', 'data-for-nothing', `${name}: ${kind}`);
      }
    }
    if (trade.state === 'returned' && hold?.outcome != null && pays(hold.outcome)) {
      findings.add('lost', 'paid-and-told-returned', `${name}: ${kind}`);
    }
    if (trade.state === 'lost' && !excuses.lost(node, trade)) findings.add('lost', 'buyer-lost', name);
    if (trade.state === 'failed' && hold !== undefined && hold.counts && !back) {
      findings.add('lost', 'failed-but-held', `${name}: ${kind}`);
    }
    return;
  }
  if (hold === undefined) return;
  const acked = universe.acknowledged(hold.key).length > 0;
  const paid = hold.outcome !== null && pays(hold.outcome);
  if (acked && !paid && !excuses.unpaid(trade, hold.key, evidence.acks !== null)) {
    findings.add('unpaid', 'acknowledged-and-unpaid', `${name}: ${kind}`);
  }
  if (trade.state === 'completed' && back) findings.add('unpaid', 'completed-and-back', `${name}: ${kind}`);
  if (
    trade.state === 'lost' &&
    paid &&
    !(kind === 'receipt' && excuses.paidAfterAll(node, trade, hold.key))
  ) {
    findings.add('violations', 'paid-and-told-lost', `${name}: ${kind}`);
  }
}

/** Whether a buyer got what its seller put up for sale: the values, and how good each is. */
function isSame(got: Consumption, sold: Consumption | undefined): boolean {
  return (
    sold !== undefined &&
    got.offsetMinutes === sold.offsetMinutes &&
    equalBytes(got.quality, sold.quality) &&
    got.values.length === sold.values.length &&
    got.values.every((value, index) => value === sold.values[index])
  );
}

/** No more licences of an ask are sold than it offered. */
function checkSupply(cast: Cast, node: SimNode, market: Market): void {
  for (const { id, side, quantity } of market.orders()) {
    if (side !== 'ask') continue;
    const sold = market
      .trades()
      .filter(({ ask, role, state }) => role === 'seller' && state === 'completed' && ask.equals(id))
      .reduce((sum, trade) => sum + trade.quantity, 0);
    if (sold <= quantity) continue;
    cast.world.findings.add('violations', 'oversold', `${node.name} sold ${sold} of ${quantity}`);
  }
}

async function checkBalances(
  cast: Cast,
  universe: Universe,
  { node }: Member,
  market: Market,
  excuses: Excuses,
): Promise<void> {
  const { findings, environment } = cast.world;
  const { sun } = cast;
  for (const currency of ['DUM1', 'DUM2', ...(sun === null ? [] : [sun.id])]) {
    const own = await environment.run(market.balance(node.key, currency)).catch((error: unknown) => {
      findings.add(
        'stuck',
        'no-balance',
        `${node.name}: ${isMarketError(error) ? error.code : String(error)}`,
      );
      return undefined;
    });
    if (own === undefined) continue;
    const all = universe.ledger.balance(node.key, currency);
    for (const part of ['available', 'held', 'pending', 'earned'] as const) {
      // What a liar paid and told nobody of is on no chain that this node could know.
      const kept = own[part] < all[part] ? await keptBack(cast, universe, node, currency) : 0n;
      if (own[part] === all[part]) continue;
      // What only a liar's word decides may be known to some and not to others.
      const open = excuses.outcomesOfLiars(node, currency);
      if (own[part] > all[part] + open || own[part] + kept + open < all[part]) {
        const label = currency === sun?.id ? 'SUN' : currency;
        findings.add(
          'violations',
          `balance-differs-${part}`,
          `${node.name} ${label}: own ${own[part]}, of all blocks ${all[part]}`,
        );
      }
    }
    const { state } = universe.ledger.account(node.key, currency);
    if (state !== 'ok')
      findings.add(
        'stuck',
        'account-stopped',
        `${node.name} ${publicKeyToHex(node.key).slice(0, 8)} ${state}`,
      );
  }
}

/** What liars, and traders that were put back, paid a node or hold for it in blocks that it does not have, minor units. */
async function keptBack(cast: Cast, universe: Universe, node: SimNode, currency: string): Promise<bigint> {
  const liars = new Set(
    cast.members
      .filter((member) => member.node.byzantine !== null)
      .map((member) => publicKeyToHex(member.node.key)),
  );
  let sum = 0n;
  for (const { id, kind, authorHex, money } of universe.spendings.values()) {
    const isHidden = liars.has(authorHex) && money.currency === currency;
    if (!isHidden || money.to === null || !equalBytes(money.to, node.key)) continue;
    // In test money a payment counts where its chain is known: a liar that forks shows everybody another one.
    const isTest = kind === 'transfer' && (currency === 'DUM1' || currency === 'DUM2');
    if (isTest || (await node.running?.stores.blocks.has(id)) === false) sum += money.pay;
  }
  return sum;
}

/**
 * How many lies of buyers honest sellers have proven. Nobody who keeps to the protocol may be convicted of one, whatever
 * its witnesses kept, invented or forgot.
 */
export async function countLies(cast: Cast): Promise<number> {
  const { environment, findings } = cast.world;
  let proven = 0;
  for (const { node } of cast.members) {
    const market = node.running?.market;
    if (market === undefined || node.byzantine !== null) continue;
    for (const trade of market.trades()) {
      if (trade.role !== 'seller') continue;
      const proofs = await environment.run(market.tradeProofs(trade.id).catch(() => []));
      if (!proofs.some(({ against, guilty }) => against === 'buyer' && guilty)) continue;
      const buyer = cast.members.find((member) => equalBytes(member.node.key, trade.buyer));
      if (buyer?.node.byzantine === null) {
        findings.add('violations', 'honest-buyer-convicted', `${buyer.node.name} by ${node.name}`);
      } else proven += 1;
    }
  }
  return proven;
}

/** Ends of honest nodes' trades, for the report. */
export function countTrades(
  world: World,
  watch: Watch,
): { readonly trades: number; readonly completed: number } {
  void world;
  const all = [...watch.trades.values()].filter(({ role }) => role === 'buyer');
  return { trades: all.length, completed: all.filter(({ state }) => state === 'completed').length };
}
