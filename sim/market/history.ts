import { Calls } from '../lib/calls.ts';
import { HONEST_DISK } from '../lib/disk.ts';
import type { Finding } from '../lib/findings.ts';
import type { SimNode } from '../lib/node.ts';
import { World } from '../lib/world.ts';
import { Backups } from './backups.ts';
import type { ByzantineRole } from './byzantine/role.ts';
import { createCast } from './cast.ts';
import { checkEnd, countLies, countTrades, Watch } from './checks.ts';
import { aimsOf, Marksman } from './disturbance.ts';
import { Excuses } from './excuses.ts';
import { KeptWords } from './kept-words.ts';
import { type Cast, membersOf } from './members.ts';
import { Operations, startAgain } from './operations.ts';
import type { Surroundings } from './surroundings.ts';
import { Universe } from './universe.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const YEAR = 365 * 24 * 60 * MINUTE;

/** What one history came to. */
export interface HistoryResult {
  readonly seed: number;
  readonly operations: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly calls: Readonly<Record<string, number>>;
  readonly trades: number;
  readonly completed: number;
  /** False complaints that honest sellers proved. */
  readonly lies: number;
  readonly findings: readonly Finding[];
  /** What would have been findings, by the rule that excuses them. */
  readonly excused: Readonly<Record<string, number>>;
  /** Everything that was done to the nodes, in order: what `within` can choose from. */
  readonly labels: readonly string[];
  /** SHA-256 of everything that happened. */
  readonly digest: string;
}

/** How a history is run. */
export interface HistoryOptions {
  readonly seed: number;
  /** Kinds of faults; all by default. */
  readonly only?: ReadonlySet<string> | undefined;
  /** A bug on purpose; see `Lies`. */
  readonly planted?: ByzantineRole | undefined;
  /** A role that all members of its parties play, as liars. */
  readonly role?: ByzantineRole | undefined;
  /** Gets every line of the trace. */
  readonly print?: ((line: string) => void) | undefined;
  /** Labels of what may happen, everything by default; see `Plan`. */
  readonly within?: ReadonlySet<string> | undefined;
  /** Operations at most, whatever `faults` says. Default {@link MAX_OPERATIONS}. */
  readonly mostOperations?: number | undefined;
  /** What lives around the market in the same world. */
  readonly around?: ((world: World) => Surroundings) | undefined;
  /** Operations go on until so many faults have struck, or {@link MAX_OPERATIONS} were made. */
  readonly faults?: number | undefined;
  /** Messages and frames are lost in every history, not in some. */
  readonly isDense?: boolean | undefined;
  /** Households' series are sealed, delivered and opened by the data-settlement package; else deliveries are pretended. */
  readonly isSealed?: boolean | undefined;
}

/** Operations of one history at most. */
const MAX_OPERATIONS = 2_000;

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
  'backups',
  'year',
] as const;
/** One of {@link FAULT_KINDS}. */
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Runs one history: from one seed, always the same. */
export async function runHistory(options: HistoryOptions): Promise<HistoryResult> {
  const world = new World(options.seed, options);
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
    const liars = {
      areDrawn: this.#has('byzantine') && random.below(2) === 0,
      planted: this.#options.planted,
      role: this.#options.role,
    };
    const cast = await createCast(world, this.#universe, liars, this.#options.isSealed === true);
    const watch = new Watch(cast, this.#universe);
    const words = new KeptWords(world, this.#universe);
    const marksman = new Marksman(cast, this.#has('aimed') ? aimsOf(cast) : []);
    const operations = new Operations(cast, this.#calls);
    const around = this.#options.around?.(world);
    await around?.start();
    const backups = this.#has('backups') ? new Backups(cast) : undefined;
    operations.mint();
    await world.advance(5 * SECOND);
    this.#beginFaults(cast);
    if (this.#has('crashes') && random.below(3) === 0) marksman.aimAtStatements(this.#universe, 20);
    for (let i = 0; i < 2; i++) operations.run('sell');
    const count = 12 + random.below(16);
    const { faults = 0, mostOperations = MAX_OPERATIONS } = this.#options;
    for (let i = 0; i < count || (i < mostOperations && world.faults.total < faults); i++) {
      if (i > count) marksman.aimAgain();
      around?.step();
      await world.advance(random.below(4) === 0 ? random.below(4 * MINUTE) : random.below(20 * SECOND));
      backups?.before(i);
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
    if (this.#has('year') && random.below(12) === 0 && world.plan.allows('year'))
      await this.#letYearPass(cast);
    cast.isYearOver = true;
    await this.#heal(cast);
    await this.#settle(cast, watch);
    await around?.heal();
    await around?.check();
    words.check();
    await checkEnd(cast, this.#universe, new Excuses(cast, this.#universe, watch.toldBack));
    const lies = await countLies(cast);
    for (const open of this.#calls.open()) world.findings.add('stuck', 'call-open', open);
    const { trades, completed } = countTrades(world, watch);
    return {
      seed: world.seed,
      operations: operations.count,
      faults: world.faults.toRecord(),
      calls: this.#calls.ends.toRecord(),
      trades,
      completed,
      lies,
      findings: world.findings.all(),
      excused: world.excused.toRecord(),
      labels: world.plan.labels(),
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
    const chance = (kind: FaultKind, oneIn: number, whose = ''): boolean =>
      random.below(oneIn) === 0 && this.#has(kind) && world.plan.allows(`${kind} ${whose} one in ${oneIn}`);
    const isDense = this.#options.isDense === true;
    if (chance('topics', isDense ? 1 : 2)) {
      world.networks.setTopicFaults({ loss: 0.15, duplication: 0.1, reordering: 0.2 });
      world.faults.add('topic-reordering');
    }
    if (this.#has('disks')) this.#beginRot(cast);
    if (chance('frames', isDense ? 1 : 4)) world.links.frameLoss = 0.02;
    for (const node of world.nodes) {
      if (chance('disks', 4, node.name)) {
        node.disk.setFaults({ slowMs: 40 });
        node.statements.setFaults({ slowMs: 40 });
        world.faults.add('disk-slow');
      }
      if (chance('disks', 12, node.name)) node.disk.setFaults({ full: 0.01 });
      if (chance('disks', 13, node.name)) node.statements.setFaults({ full: 0.01 });
      const skew = random.below(40_001) - 20_000;
      if (chance('clocks', 3, node.name)) this.#skew(node, skew);
    }
  }

  /** Disks of up to f of the notaries lie about their syncs, or rot: whatever these then say is their fault. */
  #beginRot(cast: Cast): void {
    const random = this.#world.random.fork('rot');
    for (const { node } of membersOf(cast, 'notary')) {
      if (cast.spareFailures === 0 || node.byzantine !== null || random.below(3) > 0) continue;
      const isSynced = random.below(2) === 0;
      if (!this.#world.plan.allows(`rotten disk of ${node.name}`)) continue;
      cast.spareFailures--;
      node.byzantine = 'rotten-disk';
      node.statements.setFaults(isSynced ? { lostSync: 4 } : { bitRot: 2 });
    }
  }

  #skewOne(cast: Cast): void {
    const random = this.#world.random.fork(`skew ${this.#world.environment.now()}`);
    const member = cast.members[random.below(cast.members.length)];
    const label = `clock ${this.#world.environment.now()}`;
    if (member === undefined || !this.#world.plan.allows(label)) return;
    this.#skew(member.node, random.below(40_001) - 20_000);
  }

  #skew(node: SimNode, ms: number): void {
    node.clock.set(ms);
    this.#world.fault('clock-skew', `${node.name} ${ms}`);
  }

  /** Everybody is switched off for a year: what somebody kept back until then still has to count, and only once. */
  async #letYearPass(cast: Cast): Promise<void> {
    const world = this.#world;
    world.fault('year-passes');
    cast.isOff = true;
    await world.advance(10 * SECOND);
    for (const { node } of cast.members) node.crash();
    await world.advance(YEAR);
    cast.isYearOver = true;
    cast.isOff = false;
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
    for (const { node } of membersOf(cast, 'issuer', 'seller', 'buyer')) {
      const market = node.running?.market;
      if (market === undefined || node.byzantine !== null) continue;
      const { available } = await world.environment.run(market.balance(node.key, sun.id));
      // The mint stands below zero and pays all the same.
      const honest = membersOf(cast, 'seller', 'buyer').find((member) => member.node.byzantine === null);
      const payee = node === issuer.node ? honest : issuer;
      if (payee === undefined || (node !== issuer.node && available < 1n)) continue;
      const id = await this.#calls.make(node, 'last-transfer', (open) => {
        const paying = open.transfer({ currency: sun.id, to: payee.node.key, amount: 1n });
        return world.environment.run(paying, 3 * MINUTE);
      });
      await world.advance(10 * SECOND);
      if (id === undefined) world.findings.add('stuck', 'cannot-spend', `${node.name} has ${available}`);
      else payments.push([node.name, id.toString()]);
    }
    return payments;
  }
}
