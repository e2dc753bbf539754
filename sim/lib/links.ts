import {
  type Environment,
  equalBytes,
  type PublicKey,
  publicKeyToHex,
} from '../../packages/interface/src/index.ts';
import type { OutgoingFrame, SimulatedNetworks } from '../../packages/trustchain/src/simulated.ts';
import type { Outages } from './outages.ts';

/** How long a break lasts before both ends dial again, ms. */
const REDIAL_MS = 1_000;

interface Cut {
  readonly a: PublicKey;
  readonly b: PublicKey;
  readonly oneWay: boolean;
}

/** What links two nodes need: who is up. */
export interface LinkNode {
  readonly name: string;
  readonly key: PublicKey;
  readonly isUp: boolean;
}

/**
 * Who can talk to whom: cuts that end by themselves, one-way ones among them, frames lost by chance. Nodes dial again a
 * second after they could.
 */
export class Links {
  readonly #environment: Environment;
  readonly #networks: SimulatedNetworks;
  readonly #nodes: () => readonly LinkNode[];
  readonly #outages: Outages;
  readonly #cuts = new Set<Cut>();
  #redialling = false;
  /** Probability that one request or response frame is lost. */
  frameLoss = 0;
  /** Whether two nodes know of each other at all. Default: everybody does. */
  wanted: (a: PublicKey, b: PublicKey) => boolean = () => true;

  constructor(
    environment: Environment,
    networks: SimulatedNetworks,
    nodes: () => readonly LinkNode[],
    outages: Outages,
  ) {
    this.#outages = outages;
    this.#environment = environment;
    this.#networks = networks;
    this.#nodes = nodes;
  }

  /** Cuts all links between two groups for `ms`; `oneWay`: only what goes from `left` to `right` is lost. */
  cut(left: readonly PublicKey[], right: readonly PublicKey[], ms: number, oneWay = false): void {
    const mine: Cut[] = [];
    for (const a of left) {
      for (const b of right) if (publicKeyToHex(a) !== publicKeyToHex(b)) mine.push({ a, b, oneWay });
    }
    for (const cut of mine) this.#cuts.add(cut);
    const now = this.#environment.now();
    this.#outages.cut(this.#namesOf(left), this.#namesOf(right), now, now + ms);
    this.#apply();
    this.#environment.schedule(ms, () => {
      for (const cut of mine) this.#cuts.delete(cut);
      this.#apply();
      this.redial();
    });
  }

  /** Ends every cut and loss. */
  heal(): void {
    this.#cuts.clear();
    this.#outages.heal(this.#environment.now());
    this.frameLoss = 0;
    this.#networks.heal();
    this.redial();
  }

  /** Whether frames of one node to another are being swallowed. */
  swallows({ from, to }: OutgoingFrame): boolean {
    for (const { a, b, oneWay } of this.#cuts) {
      if (oneWay && equalBytes(a, from) && equalBytes(b, to)) return true;
    }
    return false;
  }

  /** Whether two nodes that are up can talk, both ways. */
  joins(a: PublicKey, b: PublicKey): boolean {
    const [x, y] = [publicKeyToHex(a), publicKeyToHex(b)];
    return ![...this.#cuts].some((cut) => {
      const [left, right] = [publicKeyToHex(cut.a), publicKeyToHex(cut.b)];
      return (left === x && right === y) || (left === y && right === x);
    });
  }

  /** Has all nodes that could talk connect again soon. */
  redial(): void {
    if (this.#redialling) return;
    this.#redialling = true;
    this.#environment.schedule(REDIAL_MS, () => {
      this.#redialling = false;
      this.connect();
    });
  }

  /** Connects whoever is up and not cut off. */
  connect(): void {
    const up = this.#nodes().filter(({ isUp }) => isUp);
    for (const [index, a] of up.entries()) {
      for (const b of up.slice(index + 1)) {
        const open = [...this.#cuts].every((cut) => cut.oneWay || !isPair(cut, a.key, b.key));
        if (open && this.wanted(a.key, b.key)) this.#networks.link(a.key, b.key);
      }
    }
  }

  #namesOf(keys: readonly PublicKey[]): readonly string[] {
    return this.#nodes()
      .filter(({ key }) => keys.some((wanted) => equalBytes(wanted, key)))
      .map(({ name }) => name);
  }

  #apply(): void {
    this.#networks.heal();
    for (const { a, b, oneWay } of this.#cuts) if (!oneWay) this.#networks.cut(a, b);
  }
}

function isPair(cut: Cut, x: PublicKey, y: PublicKey): boolean {
  const [a, b] = [publicKeyToHex(cut.a), publicKeyToHex(cut.b)];
  const [left, right] = [publicKeyToHex(x), publicKeyToHex(y)];
  return (a === left && b === right) || (a === right && b === left);
}
