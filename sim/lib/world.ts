import {
  type Crypto,
  isEdmpError,
  type KeyValueStore,
  type PublicKey,
  publicKeyToHex,
  type SeededRandom,
  seededRandom,
  type VirtualEnvironment,
  virtualEnvironment,
} from '../../packages/interface/src/index.ts';
import type { MarketEvent } from '../../packages/market/src/index.ts';
import {
  longTailLatency,
  type SimulatedNetworks,
  simulatedNetworks,
} from '../../packages/trustchain/src/simulated.ts';
import { sharedCrypto } from './crypto.ts';
import { DEAD_CODE } from './disk.ts';
import { Findings } from './findings.ts';
import { Links } from './links.ts';
import { type Heard, type NodeOptions, SimNode } from './node.ts';
import { Outages } from './outages.ts';
import { Plan } from './plan.ts';
import { Tally } from './tally.ts';
import { Trace } from './trace.ts';

/** Start of every history, ms since the epoch. */
export const START = Date.UTC(2026, 0, 1);

let sharedProvider: Crypto | undefined;

/** Wraps a store that a notary's statements rest on, to hear what is written. */
export type StatementTap = (node: SimNode, store: KeyValueStore) => KeyValueStore;

/** How a world is run. */
export interface WorldOptions {
  /** Gets every line of the trace. */
  readonly print?: ((line: string) => void) | undefined;
  /** Labels of what may happen, everything by default; see {@link Plan}. */
  readonly within?: ReadonlySet<string> | undefined;
}

/** Hears of what leaves no event; what it does may change nothing in a run. */
export interface WorldWitness {
  readonly onStart: (node: SimNode) => void;
  readonly onAsked: (node: SimNode, body: Uint8Array) => (answer: Uint8Array) => void;
}

/** One simulated world: a clock, a network, nodes on disks, and everything that is noted of them. */
export class World {
  readonly seed: number;
  readonly crypto: Crypto;
  readonly environment: VirtualEnvironment;
  readonly random: SeededRandom;
  readonly networks: SimulatedNetworks;
  readonly links: Links;
  readonly faults = new Tally();
  readonly findings = new Findings();
  /** What would have been a finding but for a rule that excuses it, by that rule. */
  readonly excused = new Tally();
  readonly outages = new Outages();
  readonly plan: Plan;
  readonly nodes: SimNode[] = [];
  readonly #names = new Map<string, string>();
  /** The same by the very object: nearly every event names keys that were seen before. */
  readonly #seenKeys = new WeakMap<PublicKey, string>();
  /** Whether somebody reads the trace: then it says more. */
  readonly isTraced: boolean;
  readonly #trace: Trace;
  readonly #listeners: ((heard: Heard) => void)[] = [];
  readonly #witnesses: WorldWitness[] = [];
  #tap: StatementTap | undefined;
  readonly #frames: SeededRandom;

  constructor(seed: number, options: WorldOptions = {}) {
    const { print } = options;
    this.seed = seed;
    this.plan = new Plan(options.within);
    sharedProvider ??= sharedCrypto();
    this.crypto = sharedProvider;
    this.random = seededRandom(seed);
    this.#frames = this.random.fork('frames');
    this.environment = virtualEnvironment({ seed, start: START });
    this.isTraced = print !== undefined;
    this.#trace = new Trace(START, print);
    this.networks = simulatedNetworks({
      environment: this.environment,
      seed,
      latency: longTailLatency({ medianMs: 20, maxMs: 1_500 }),
      onEvent: ({ type, from, to, name, bytes }) => {
        this.#trace.note(
          this.environment.now(),
          `${type} ${this.#nameOf(from)} ${this.#nameOf(to)} ${name ?? ''} ${bytes ?? ''}`,
        );
        if (type === 'lose') this.faults.add('topic-loss');
        else if (type === 'duplicate') this.faults.add('topic-duplication');
      },
    });
    this.links = new Links(this.environment, this.networks, () => this.nodes, this.outages);
  }

  #nameOf(key: PublicKey | undefined): string {
    if (key === undefined) return '-';
    const seen = this.#seenKeys.get(key);
    if (seen !== undefined) return seen;
    const hex = publicKeyToHex(key);
    // Of strangers the first bytes of the key: whole ones would be most of the trace.
    const name = this.#names.get(hex) ?? hex.slice(0, 12);
    this.#seenKeys.set(key, name);
    return name;
  }

  /** Has every notary's store pass through `tap`. */
  tapStatements(tap: StatementTap): void {
    this.#tap = tap;
  }

  tapped(node: SimNode, store: KeyValueStore): KeyValueStore {
    return this.#tap?.(node, store) ?? store;
  }

  /** Lets lost frames, one-way cuts and the node's own lies act on what it sends. */
  watchFrames(node: SimNode): void {
    this.networks.tamper(node.key, (frame) => {
      if (this.links.swallows(frame)) {
        this.faults.add('one-way');
        return undefined;
      }
      const { frameLoss } = this.links;
      if (frameLoss > 0 && frame.kind !== 'topic' && this.#frames.unit() < frameLoss) {
        this.faults.add('frame-loss');
        return undefined;
      }
      for (const sender of node.senders) {
        const sent = sender(frame);
        if (sent !== undefined) return sent;
      }
      return frame.body;
    });
  }

  /** Has the trace call a key by a name. To be called before anything is heard of it. */
  name(key: PublicKey, name: string): void {
    this.#names.set(publicKeyToHex(key), name);
  }

  /** A node that is not started. */
  add(options: NodeOptions): SimNode {
    const node = new SimNode(this, options);
    this.nodes.push(node);
    this.name(node.key, node.name);
    return node;
  }

  /** Hears what markets report. */
  on(listener: (heard: Heard) => void): void {
    this.#listeners.push(listener);
  }

  /** Has `witness` hear of starts, and of what notaries are asked and answer. */
  watch(witness: WorldWitness): void {
    this.#witnesses.push(witness);
  }

  /** A node is up: its market has read what is on its disk, and has asked nobody yet. */
  started(node: SimNode): void {
    for (const { onStart } of this.#witnesses) onStart(node);
  }

  /** A notary is asked. Returns what hears its answer. */
  asked(node: SimNode, body: Uint8Array): (answer: Uint8Array) => void {
    const listeners = this.#witnesses.map(({ onAsked }) => onAsked(node, body));
    return (answer) => {
      for (const listener of listeners) listener(answer);
    };
  }

  hear(node: SimNode, event: MarketEvent): void {
    for (const listener of this.#listeners) listener({ node, event });
  }

  trace(text: string): void {
    this.#trace.note(this.environment.now(), text);
  }

  fault(kind: string, who = ''): void {
    this.faults.add(kind);
    this.trace(`fault ${kind} ${who}`);
  }

  digest(): string {
    return this.#trace.digest();
  }

  /** Moves the clock. What a timer throws is a finding. */
  async advance(ms: number): Promise<void> {
    try {
      await this.environment.advance(ms);
    } catch (error) {
      this.findings.add('violations', 'thrown-in-timer', textOf(error));
    }
  }

  /** Moves the clock until `condition` holds or `limitMs` passed; whether it holds. */
  async until(condition: () => boolean, limitMs: number, stepMs = 1_000): Promise<boolean> {
    const limit = this.environment.now() + limitMs;
    while (!condition()) {
      if (this.environment.now() >= limit) return false;
      await this.advance(stepMs);
    }
    return true;
  }

  /** A rejection that nobody handled. Those of dead processes, which can reach no disk, are none. */
  onRejection(error: unknown): void {
    if (isEdmpError(error, DEAD_CODE)) return;
    this.findings.add('violations', 'unhandled-rejection', textOf(error));
  }

  /** Ends every process. */
  async stop(): Promise<void> {
    for (const node of this.nodes) node.crash();
    await this.environment.settle();
  }
}

/** An error's code and text, in one line. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = isEdmpError(error) ? error.code : error.name;
  const at = isEdmpError(error) ? '' : ` ${(error.stack ?? '').split('\n')[1]?.trim() ?? ''}`;
  return `${code}: ${error.message}${at}`;
}
