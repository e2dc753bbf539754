import {
  type Crypto,
  type KeyValueStore,
  type Network,
  type PublicKey,
  type Settlement,
  type Signer,
  softwareSigner,
  type Trustchain,
  utf8ToBytes,
} from '../../packages/interface/src/index.ts';
import {
  createMarket,
  type Market,
  type MarketEvent,
  type MarketOptions,
  marketRules,
} from '../../packages/market/src/index.ts';
import { notary } from '../../packages/market/src/notary.ts';
import { createTrustchain } from '../../packages/trustchain/src/index.ts';
import type { OutgoingFrame } from '../../packages/trustchain/src/simulated.ts';
import type { GoodsParts } from '../goods/goods.ts';
import { type NodeClock, nodeClock } from './clock.ts';
import { type DiskImage, type OpenDisk, SimulatedDisk } from './disk.ts';
import { tracedNotary, watchedNotary } from './notary-trace.ts';
import type { World } from './world.ts';

/** What a node runs while it is up. */
export interface Running {
  readonly network: Network;
  readonly trustchain: Trustchain;
  readonly market: Market;
  readonly stores: OpenDisk;
}

/** Both disks of a node as they were at one moment. */
export interface Backup {
  readonly disk: DiskImage;
  readonly statements: DiskImage;
}

/** How a node of a simulation is made. */
export interface NodeOptions {
  readonly name: string;
  /** The settlement of a process that starts. */
  readonly settlement: (parts: GoodsParts) => Settlement;
  /** Options of its market, asked at every start. */
  readonly market: () => Partial<MarketOptions>;
  /** Serves as notary and witness, with a disk of its own for it. */
  readonly notary?: boolean;
  /** Changes one of the things that its market is made of, as a liar's software would. */
  readonly wrapNetwork?: (network: Network) => Network;
  readonly wrapStatements?: (store: KeyValueStore) => KeyValueStore;
  readonly wrapRecords?: (store: KeyValueStore) => KeyValueStore;
}

/** Comparing heads and proofs less often than by default: a simulated hour has to be cheap. */
const RECONCILE_MS = 8 * 60_000;

/** One node: its identity and disks survive, what runs on them comes and goes. */
export class SimNode {
  readonly name: string;
  readonly signer: Signer;
  readonly key: PublicKey;
  readonly clock: NodeClock;
  readonly disk: SimulatedDisk;
  /** Where its notary keeps its statements. */
  readonly statements: SimulatedDisk;
  readonly isNotary: boolean;
  /** Lies about something; its own losses do not count. */
  byzantine: string | null = null;
  /** Starts that failed. */
  startFailures = 0;
  /** Alters or swallows what it sends; the first that answers otherwise than with the frame itself decides. */
  readonly senders: ((frame: OutgoingFrame) => readonly Uint8Array[] | undefined)[] = [];
  readonly #options: NodeOptions;
  readonly #world: World;
  #running: Running | null = null;
  #starts = 0;
  /** Whether a start is under way. */
  #opening = false;

  constructor(world: World, options: NodeOptions) {
    this.#world = world;
    this.#options = options;
    this.name = options.name;
    this.isNotary = options.notary === true;
    const secretKey = world.crypto.sha256(utf8ToBytes(`${world.seed} ${options.name}`));
    this.signer = softwareSigner({ crypto: world.crypto, secretKey });
    this.key = this.signer.publicKey;
    this.clock = nodeClock(world.environment);
    const disk = (label: string): SimulatedDisk =>
      new SimulatedDisk({
        environment: world.environment,
        random: world.random.fork(`${options.name} ${label}`),
        note: (fault) => world.fault(fault, this.name),
      });
    this.disk = disk('disk');
    this.statements = disk('statements');
  }

  get crypto(): Crypto {
    return this.#world.crypto;
  }

  get isUp(): boolean {
    return this.#running !== null;
  }

  /** How often it was started. */
  get starts(): number {
    return this.#starts;
  }

  /** What runs; null while it is down. */
  get running(): Running | null {
    return this.#running;
  }

  /** Starts the process over what is on its disks. Does nothing when it is up or starting. */
  async start(): Promise<void> {
    if (this.#running !== null || this.#opening) return;
    this.#opening = true;
    const mine = ++this.#starts;
    const world = this.#world;
    const { crypto } = world;
    try {
      const network = world.networks.create({ self: this.key });
      await network.start();
      world.watchFrames(this);
      const watched = this.isNotary ? watchedNotary(network, (body) => world.asked(this, body)) : network;
      const used = this.#options.wrapNetwork?.(watched) ?? watched;
      const stores = await this.disk.open();
      const records = this.#options.wrapRecords?.(stores.records) ?? stores.records;
      const trustchain = await createTrustchain({
        signer: this.signer,
        crypto,
        store: stores.blocks,
        network: used,
        environment: this.clock,
        rules: marketRules(world.crypto),
        limits: { reconcileMs: RECONCILE_MS },
      });
      const market = await createMarket({
        trustchain,
        // Also when nobody reads: a run that is looked at must be the same run.
        network: this.isNotary
          ? tracedNotary(used, world.isTraced, (text) => world.trace(`${this.name} ${text}`))
          : used,
        settlement: this.#options.settlement({ network: used, records, environment: this.clock, crypto }),
        environment: this.clock,
        crypto,
        signer: this.signer,
        records,
        ...(this.isNotary ? { notary: notary({ store: await this.#openStatements() }) } : {}),
        ...this.#options.market(),
      });
      this.#running = { network, trustchain, market, stores };
      world.started(this);
      world.outages.up(this.name, world.environment.now());
      market.on((event) => {
        if (this.#starts === mine && this.#running !== null) world.hear(this, event);
      });
      world.trace(`${this.name} up`);
    } catch (error) {
      // A process that cannot start leaves nothing behind.
      world.networks.crash(this.key);
      throw error;
    } finally {
      this.#opening = false;
    }
    world.links.redial();
  }

  /** What is on its disks now. */
  backup(): Backup {
    return { disk: this.disk.snapshot(), statements: this.statements.snapshot() };
  }

  /** Puts a backup in the place of what is on its disks; the node has to be down. */
  restore({ disk, statements }: Backup): void {
    if (this.#running !== null) throw new Error(`${this.name} has to be down to be restored`);
    this.disk.restore(disk);
    this.statements.restore(statements);
  }

  async #openStatements(): Promise<KeyValueStore> {
    const { records } = await this.statements.open();
    const tapped = this.#world.tapped(this, records);
    return this.#options.wrapStatements?.(tapped) ?? tapped;
  }

  /** Power cut: nothing that the process does after this moment has an effect. */
  crash(): void {
    const running = this.#running;
    if (running === null) return;
    this.#world.trace(`${this.name} down`);
    this.#running = null;
    this.#world.outages.down(this.name, this.#world.environment.now());
    this.#world.networks.crash(this.key);
    this.disk.crash();
    if (this.isNotary) this.statements.crash();
    // Only to end the timers of the dead process; it can reach neither disk nor network.
    running.market.stop().catch(() => undefined);
    running.trustchain.stop().catch(() => undefined);
  }
}

/** An event of a node's market, and the node. */
export interface Heard {
  readonly node: SimNode;
  readonly event: MarketEvent;
}
