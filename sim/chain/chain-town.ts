import {
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type Network,
  type PublicKey,
  publicKeyToHex,
  type SeededRandom,
  type Signer,
  seededRandom,
  softwareSigner,
  type Trustchain,
  type VirtualEnvironment,
  virtualEnvironment,
} from '../../packages/interface/src/index.ts';
import { createTrustchain, memoryBlockStore } from '../../packages/trustchain/src/index.ts';
import { type SimulatedNetworks, simulatedNetworks } from '../../packages/trustchain/src/simulated.ts';
import { sharedCrypto } from '../lib/crypto.ts';
import { Plan } from '../lib/plan.ts';
import { Trace } from '../lib/trace.ts';

/** Connections of a node on average. */
const DEGREE = 8;
/** Time in which all nodes have compared what they know, ms. */
const GREETING_MS = 5_000;
/** First moment of every town, ms since the epoch. */
const START = Date.UTC(2026, 0, 1);

/** One node: a chain on a network, and a memory that outlives its process. */
export interface TownNode {
  readonly name: string;
  readonly signer: Signer;
  readonly store: ReturnType<typeof memoryBlockStore>;
  network: Network;
  chain: Trustchain;
}

/** How a town is made. */
export interface ChainTownOptions {
  readonly seed: number;
  readonly nodes: number;
  /** Whether nodes agree to every proposal that comes to them. Default no. */
  readonly agrees?: boolean;
  /** Gets every line of the trace. */
  readonly print?: ((line: string) => void) | undefined;
  /** Labels of the cheats that may come, all by default; see {@link Plan}. */
  readonly within?: ReadonlySet<string> | undefined;
  /** Stands between the first node and the network: a bug on purpose, that has to be found. */
  readonly planted?: ((network: Network) => Network) | undefined;
}

/** What an answer to a proposal came to: `agreed`, or the code of the error. */
export interface Answered {
  readonly node: TownNode;
  readonly proposal: HalfBlock;
  readonly how: string;
}

/** Hears what the chains of a town tell. */
export interface TownListener {
  /** A node knows that `author` is a proven cheat. */
  onFraud?(node: TownNode, author: PublicKey): void;
  /** A node asked `author` for blocks before a proposal, and did not get them. */
  onGap?(node: TownNode, author: PublicKey): void;
  onAnswer?(answered: Answered): void;
}

/**
 * Many nodes that run a chain and nothing else, randomly linked, on one virtual clock. Everything that happens on the
 * network and everything that chains tell goes into one trace, so that two runs of a seed can be compared whole.
 */
export class ChainTown {
  readonly environment: VirtualEnvironment;
  readonly random: SeededRandom;
  readonly crypto = sharedCrypto();
  readonly networks: SimulatedNetworks;
  readonly nodes: TownNode[] = [];
  readonly plan: Plan;
  readonly #planted: ChainTownOptions['planted'];
  readonly #trace: Trace;
  readonly #listeners: TownListener[] = [];
  readonly #agrees: boolean;
  readonly #names = new WeakMap<PublicKey, string>();

  private constructor({ seed, agrees = false, print, within, planted }: ChainTownOptions) {
    this.plan = new Plan(within);
    this.#planted = planted;
    this.environment = virtualEnvironment({ seed, start: START });
    this.random = seededRandom(seed).fork('town');
    this.#agrees = agrees;
    this.#trace = new Trace(START, print);
    this.networks = simulatedNetworks({
      environment: this.environment,
      seed,
      onEvent: ({ type, from, to, name, bytes }) =>
        this.note(`${type} ${this.#nameOf(from)} ${this.#nameOf(to)} ${name ?? ''} ${bytes ?? ''}`),
    });
  }

  /** A town of which every node is up and has greeted its neighbours. */
  static async open(options: ChainTownOptions): Promise<ChainTown> {
    const town = new ChainTown(options);
    for (let n = 0; n < options.nodes; n++) {
      const signer = town.signer(`node ${n}`);
      const store = memoryBlockStore();
      const node: TownNode = { name: `n${n}`, signer, store, ...(await town.#run(signer, store, n === 0)) };
      town.nodes.push(node);
      town.#watch(node);
    }
    town.networks.linkRandomly(DEGREE);
    await town.environment.advance(GREETING_MS);
    return town;
  }

  /** The key that `name` always has in a run of this seed. */
  signer(name: string): Signer {
    return softwareSigner({ crypto: this.crypto, secretKey: this.random.fork(`key of ${name}`).bytes(32) });
  }

  /** Hears what all chains tell from now on. */
  on(listener: TownListener): void {
    this.#listeners.push(listener);
  }

  /** One more line of the trace. */
  note(text: string): void {
    this.#trace.note(this.environment.now(), text);
  }

  /** SHA-256 over the whole trace. */
  digest(): string {
    return this.#trace.digest();
  }

  /** Ends a node's process as a power cut does, and starts it over the same store `ms` later. */
  async restart(node: TownNode, ms: number): Promise<void> {
    this.networks.crash(node.signer.publicKey);
    node.chain.stop().catch(() => undefined);
    await this.environment.advance(ms);
    Object.assign(node, await this.#run(node.signer, node.store, node === this.nodes[0]));
    this.#watch(node);
    this.networks.linkRandomly(DEGREE);
  }

  /** Ends all processes. */
  async stop(): Promise<void> {
    for (const { signer, chain } of this.nodes) {
      this.networks.crash(signer.publicKey);
      chain.stop().catch(() => undefined);
    }
    await this.environment.settle();
  }

  async #run(
    signer: Signer,
    store: TownNode['store'],
    isFirst: boolean,
  ): Promise<Pick<TownNode, 'network' | 'chain'>> {
    const { environment, crypto } = this;
    const made = this.networks.create({ self: signer.publicKey });
    await made.start();
    const network = (isFirst ? this.#planted?.(made) : undefined) ?? made;
    return { network, chain: await createTrustchain({ signer, crypto, store, network, environment }) };
  }

  #watch(node: TownNode): void {
    const { chain } = node;
    chain.on((event) => {
      if (chain !== node.chain) return; // Of a process that ended.
      if (event.type === 'fraud') {
        this.note(`${node.name} knows of fraud by ${publicKeyToHex(event.author)}`);
        for (const { onFraud } of this.#listeners) onFraud?.(node, event.author);
      }
      if (event.type === 'gap') for (const { onGap } of this.#listeners) onGap?.(node, event.author);
      if (this.#agrees && event.type === 'block' && !event.own) this.#answer(node, event.block);
    });
  }

  #answer(node: TownNode, proposal: HalfBlock): void {
    const { peer, link } = proposal.core;
    if (link !== null || peer === null || !equalBytes(peer, node.signer.publicKey)) return;
    const { chain } = node;
    const tell = (how: string): void => {
      if (node.chain !== chain) return; // Of a process that ended.
      this.note(`${node.name} answers ${proposal.id}: ${how}`);
      for (const { onAnswer } of this.#listeners) onAnswer?.({ node, proposal, how });
    };
    chain.agree(proposal.id).then(
      () => tell('agreed'),
      (error: unknown) => tell(isEdmpError(error) ? error.code : 'untyped'),
    );
  }

  /** The first bytes of a key: whole ones would be most of the trace. */
  #nameOf(key: PublicKey | undefined): string {
    if (key === undefined) return '-';
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = publicKeyToHex(key).slice(0, 12);
    this.#names.set(key, name);
    return name;
  }
}
