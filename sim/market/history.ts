import { publicKeyToHex } from '../../packages/interface/src/index.ts';
import type { Trade } from '../../packages/market/src/index.ts';
import { Calls } from '../lib/calls.ts';
import { HONEST_DISK } from '../lib/disk.ts';
import type { Finding } from '../lib/findings.ts';
import type { SimNode } from '../lib/node.ts';
import { World } from '../lib/world.ts';
import type { ByzantineRole } from './byzantine/role.ts';
import { createCast } from './cast.ts';
import { checkEnd, countTrades, type Excuses, Watch } from './checks.ts';
import { aimsOf, Marksman } from './disturbance.ts';
import { type Cast, deciders, membersOf } from './members.ts';
import { Operations, startAgain } from './operations.ts';
import { Universe } from './universe.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** What one history came to. */
export interface HistoryResult {
  readonly seed: number;
  readonly operations: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly calls: Readonly<Record<string, number>>;
  readonly trades: number;
  readonly completed: number;
  readonly findings: readonly Finding[];
  /** SHA-256 of everything that happened. */
  readonly digest: string;
}

/** How a history is run. */
export interface HistoryOptions {
  readonly seed: number;
  /** Kinds of faults; all by default. */
  readonly only?: ReadonlySet<string> | undefined;
  /** A bug on purpose; see `Lies`. */
  readonly planted?: ByzantineRole;
  /** Gets every line of the trace. */
  readonly print?: (line: string) => void;
}

/** Kinds of faults that `only` chooses from. */
export const FAULT_KINDS = [
  'topics',
  'frames',
  'partitions',
  'aimed',
  'crashes',
  'disks',
  'clocks',
  'byzantine',
] as const;
/** One of {@link FAULT_KINDS}. */
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Runs one history: from one seed, always the same. */
export async function runHistory(options: HistoryOptions): Promise<HistoryResult> {
  const world = new World(options.seed, options.print);
  const onRejection = (error: unknown): void => world.onRejection(error);
  process.on('unhandledRejection', onRejection);
  try {
    return await new History(world, options).run();
  } finally {
    await world.stop();
    process.off('unhandledRejection', onRejection);
  }
}

class History {
  readonly #world: World;
  readonly #options: HistoryOptions;
  readonly #universe: Universe;
  readonly #calls: Calls;

  constructor(world: World, options: HistoryOptions) {
    this.#world = world;
    this.#options = options;
    this.#universe = new Universe(world);
    this.#calls = new Calls(world);
  }

  async run(): Promise<HistoryResult> {
    const world = this.#world;
    const random = world.random.fork('history');
    const cast = await createCast(world, this.#universe, {
      areDrawn: this.#has('byzantine') && random.below(2) === 0,
      planted: this.#options.planted,
    });
    const watch = new Watch(cast, this.#universe);
    const marksman = new Marksman(cast, this.#has('aimed') ? aimsOf(cast) : []);
    const operations = new Operations(cast, this.#calls);
    operations.mint();
    await world.advance(5 * SECOND);
    this.#beginFaults(cast);
    if (this.#has('crashes') && random.below(3) === 0) marksman.aimAtStatements(this.#universe, 20);
    for (let i = 0; i < 2; i++) operations.sell();
    const count = 12 + random.below(16);
    for (let i = 0; i < count; i++) {
      await world.advance(random.below(4) === 0 ? random.below(4 * MINUTE) : random.below(20 * SECOND));
      operations.next();
      if (this.#has('partitions') && random.below(24) === 0) marksman.partition();
      if (this.#has('clocks') && random.below(12) === 0) this.#skewOne(cast);
      await watch.check();
    }
    const { accept, release, complain } = cast.durations;
    const quiet = random.below(3) === 0 ? accept + release + complain : random.below(10 * MINUTE);
    await world.advance(quiet);
    await watch.check();
    marksman.disarm();
    await this.#heal(cast);
    await this.#settle(cast, watch);
    await checkEnd(cast, this.#universe, excuses(cast, marksman));
    for (const open of this.#calls.open()) world.findings.add('stuck', 'call-open', open);
    const { trades, completed } = countTrades(world, watch);
    return {
      seed: world.seed,
      operations: operations.count,
      faults: world.faults.toRecord(),
      calls: this.#calls.ends.toRecord(),
      trades,
      completed,
      findings: world.findings.all(),
      digest: world.digest(),
    };
  }

  #has(kind: FaultKind): boolean {
    const { only } = this.#options;
    return only === undefined || only.has(kind);
  }

  /** Faults that last for the whole history, drawn for it. */
  #beginFaults(cast: Cast): void {
    const world = this.#world;
    const random = world.random.fork('faults');
    const chance = (kind: FaultKind, oneIn: number): boolean => random.below(oneIn) === 0 && this.#has(kind);
    if (chance('topics', 2)) {
      world.networks.setTopicFaults({ loss: 0.15, duplication: 0.1, reordering: 0.2 });
      world.faults.add('topic-reordering');
    }
    if (this.#has('disks')) this.#beginRot(cast);
    if (chance('frames', 4)) world.links.frameLoss = 0.02;
    for (const node of world.nodes) {
      if (chance('disks', 4)) {
        node.disk.setFaults({ slowMs: 40 });
        node.statements.setFaults({ slowMs: 40 });
        world.faults.add('disk-slow');
      }
      if (chance('disks', 12)) node.disk.setFaults({ full: 0.01 });
      if (chance('disks', 12)) node.statements.setFaults({ full: 0.01 });
      if (chance('clocks', 3)) this.#skew(node, random.below(40_001) - 20_000);
    }
  }

  /** Disks of up to f of the notaries lie about their syncs, or rot: whatever these then say is their fault. */
  #beginRot(cast: Cast): void {
    const random = this.#world.random.fork('rot');
    for (const { node } of membersOf(cast, 'notary')) {
      if (cast.spareFailures === 0 || node.byzantine !== null || random.below(3) > 0) continue;
      cast.spareFailures--;
      node.byzantine = 'rotten-disk';
      node.statements.setFaults(random.below(2) === 0 ? { lostSync: 4 } : { bitRot: 2 });
    }
  }

  #skewOne(cast: Cast): void {
    const random = this.#world.random.fork(`skew ${this.#world.environment.now()}`);
    const member = cast.members[random.below(cast.members.length)];
    if (member !== undefined) this.#skew(member.node, random.below(40_001) - 20_000);
  }

  #skew(node: SimNode, ms: number): void {
    node.clock.set(ms);
    this.#world.fault('clock-skew', `${node.name} ${ms}`);
  }

  /** Ends all faults and starts whoever is down, and everybody else anew. */
  async #heal(cast: Cast): Promise<void> {
    const world = this.#world;
    world.trace('heal');
    world.networks.setTopicFaults({ loss: 0, duplication: 0, reordering: 0 });
    world.links.heal();
    for (const { node } of cast.members) {
      node.crash();
      node.disk.setFaults(HONEST_DISK);
      node.statements.setFaults(HONEST_DISK);
      startAgain(cast, node);
      await world.advance(10);
    }
    await world.until(() => world.nodes.every(({ isUp }) => isUp), MINUTE);
  }

  /** Lets all deadlines pass; then everybody takes what it was paid. */
  async #settle(cast: Cast, watch: Watch): Promise<void> {
    const world = this.#world;
    const { accept, release, complain } = cast.durations;
    const busy = (): boolean =>
      cast.members.some(
        ({ node }) => node.running?.market.trades().some(({ finished }) => !finished) === true,
      );
    const last = accept + release + complain + 12 * cast.deltaMs;
    await world.advance(MINUTE);
    // What is still wanted would go on being bought: everybody closes its orders.
    for (const { node } of membersOf(cast, 'seller', 'buyer')) {
      for (const { id, status } of node.running?.market.orders() ?? []) {
        if (status === 'open') void this.#calls.make(node, 'last-cancel', (market) => market.cancel(id));
      }
    }
    await world.until(() => !busy(), last, MINUTE);
    await watch.check();
    // A notary client may just have begun its longest pause, a chain its longest time between two comparisons.
    await world.advance(10 * MINUTE);
    for (let round = 0; round < 2; round++) {
      for (const { node } of membersOf(cast, 'seller', 'buyer')) {
        for (const currency of ['DUM1', 'DUM2', cast.sun?.id ?? '']) {
          void this.#calls.make(node, 'last-claim', (market) => market.claim(currency));
        }
      }
      await world.advance(MINUTE);
    }
    const payments = await this.#spendOnce(cast);
    await world.advance(2 * MINUTE);
    await watch.check();
    for (const [name, id] of payments) {
      if (!this.#universe.has('spend', id)) world.findings.add('stuck', 'not-certified', `${name} ${id}`);
    }
  }

  /** Every honest account that has money can still spend it: whose payments its notaries then have to certify. */
  async #spendOnce(cast: Cast): Promise<readonly (readonly [name: string, id: string])[]> {
    const payments: (readonly [string, string])[] = [];
    const [issuer] = membersOf(cast, 'issuer');
    const { sun } = cast;
    if (issuer === undefined || sun === null) return payments;
    const world = this.#world;
    for (const { node } of membersOf(cast, 'seller', 'buyer')) {
      const market = node.running?.market;
      if (market === undefined || node.byzantine !== null) continue;
      const { available } = await world.environment.run(market.balance(node.key, sun.id));
      if (available < 1n) continue;
      const id = await this.#calls.make(node, 'last-transfer', (open) => {
        const paying = open.transfer({ currency: sun.id, to: issuer.node.key, amount: 1n });
        return world.environment.run(paying, 3 * MINUTE);
      });
      await world.advance(10 * SECOND);
      if (id === undefined) world.findings.add('stuck', 'cannot-spend', `${node.name} has ${available}`);
      else payments.push([node.name, id.toString()]);
    }
    return payments;
  }
}

/** What excuses the ends of trades, by what was done to whom and when. */
function excuses(cast: Cast, marksman: Marksman): Excuses {
  const names = (trade: Trade): readonly string[] => {
    const keys = new Set(trade.witnesses.map(publicKeyToHex));
    return deciders(cast)
      .filter(
        ({ running }) => running?.market.notaryKeys.some((key) => keys.has(publicKeyToHex(key))) === true,
      )
      .map(({ name }) => name);
  };
  const touches = (some: readonly string[], from: number, to: number): boolean =>
    marksman.spans.some(
      (span) => span.from <= to && span.to >= from && span.names.some((name) => some.includes(name)),
    );
  const rounds = 6 * cast.deltaMs;
  return {
    liars: (trade) =>
      [trade.seller, trade.buyer].some((key) => {
        const node = cast.members.find(
          (member) => publicKeyToHex(member.node.key) === publicKeyToHex(key),
        )?.node;
        return node !== undefined && node.byzantine !== null;
      }) || deciders(cast).some(({ name, byzantine }) => byzantine !== null && names(trade).includes(name)),
    away: (node, trade) =>
      touches([node.name, ...names(trade)], trade.deadlines.accept, trade.deadlines.complain + rounds),
    split: (trade) =>
      trade.witnesses.length > 1 &&
      (touches(names(trade), trade.deadlines.release - rounds, trade.deadlines.release + rounds) ||
        touches(names(trade), trade.deadlines.complain - rounds, trade.deadlines.complain + rounds)),
  };
}
