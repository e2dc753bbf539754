import { type PublicKey, publicKey } from '@edmp/interface';
import { TrustError, wholeOption } from './errors.ts';
import { grownDoubles, grownInts } from './grown.ts';
import { InEdges } from './in-edges.ts';
import { KeyTable } from './key-table.ts';
import { DEAL_GRAPH_LIMITS, type DealGraphLimits, MAX_EDGE_AMOUNT } from './limits.ts';

/** A deal that both sides finished: its buyer signed the receipt, or its witnesses paid. */
export interface CompletedDeal {
  readonly seller: PublicKey;
  readonly buyer: PublicKey;
  /** What was paid, minor units of the graph's currency, above zero. */
  readonly amount: bigint;
}

/** A completed deal with its place in its source. */
export interface ArrivedDeal extends CompletedDeal {
  /** Strictly increasing, first ≥ 1. */
  readonly arrival: number;
}

/** Where completed deals of one currency come from: each comes once, and stays. */
export interface DealSource {
  /** Deals after the cursor `after`, in order of arrival, at most `limit`. */
  since(after: number, limit: number): readonly ArrivedDeal[];
}

/** Deals read from a source at a time. */
const PAGE = 1_024;
/** Changed edges that are remembered; who looks less often looks at everything. */
const REMEMBERED_CHANGES = 1_024;
const FIRST_EDGES = 64;

/**
 * Completed deals of one currency as a graph: an edge from a seller to a buyer, as large as all that was paid. Amounts
 * are capped at 2^49 − 1 minor units an edge. What is asked of it does not depend on the order in which deals came.
 *
 * A proven cheat's edges give nothing ({@link DealGraph.condemn}): nobody gets trust through it. What others owe because
 * of them stays owed, so that nobody gets rid of a debt by having an accomplice caught.
 */
export class DealGraph {
  readonly #limits: DealGraphLimits;
  readonly #keys = new KeyTable();
  readonly #inEdges = new InEdges();
  #from: Int32Array<ArrayBuffer> = new Int32Array(FIRST_EDGES);
  #to: Int32Array<ArrayBuffer> = new Int32Array(FIRST_EDGES);
  #amount: Float64Array<ArrayBuffer> = new Float64Array(FIRST_EDGES);
  #table: Int32Array<ArrayBuffer> = new Int32Array(FIRST_EDGES * 2).fill(-1);
  #edges = 0;
  readonly #cheats = new Set<number>();
  readonly #changed = new Int32Array(REMEMBERED_CHANGES);
  #changes = 0;
  #dropped = 0;
  #cursor = 0;

  constructor(limits: DealGraphLimits) {
    this.#limits = limits;
  }

  /** Agents that took part in a deal or were condemned. */
  get agents(): number {
    return this.#keys.size;
  }

  /** Pairs of a seller and a buyer. */
  get edges(): number {
    return this.#edges;
  }

  /** Deals that found no room. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Increases with everything that changes the graph. */
  get version(): number {
    return this.#changes + this.#cheats.size;
  }

  /** Cheats condemned so far. */
  get cheats(): number {
    return this.#cheats.size;
  }

  /**
   * Adds a completed deal; one with oneself gives nothing. Throws `ERR_TRUST_ARGUMENT` unless the amount is a bigint
   * above zero, `ERR_INVALID_ARGUMENT` for what is no key.
   */
  add(deal: CompletedDeal): void {
    const { amount } = deal;
    if (typeof amount !== 'bigint' || amount <= 0n) {
      throw new TrustError(
        'ERR_TRUST_ARGUMENT',
        'The amount of a deal is a bigint above zero, in minor units',
      );
    }
    const seller = publicKey(deal.seller);
    const buyer = publicKey(deal.buyer);
    if (!this.#hasRoom(seller, buyer)) {
      this.#dropped += 1;
      return;
    }
    const from = this.#keys.intern(seller);
    const to = this.#keys.intern(buyer);
    if (from === to) return;
    this.#inEdges.addNodes(this.#keys.size);
    const edge = this.#edgeOf(from, to);
    const more = amount >= BigInt(MAX_EDGE_AMOUNT) ? MAX_EDGE_AMOUNT : Number(amount);
    this.#amount[edge] = Math.min(MAX_EDGE_AMOUNT, (this.#amount[edge] as number) + more);
    this.#changed[this.#changes % REMEMBERED_CHANGES] = edge;
    this.#changes += 1;
  }

  /** Adds what a source has after what was read of it before; a graph follows one source. Returns how many deals. */
  update(source: DealSource): number {
    let read = 0;
    for (;;) {
      const page = source.since(this.#cursor, PAGE);
      for (const deal of page) {
        this.add(deal);
        this.#cursor = deal.arrival;
      }
      read += page.length;
      if (page.length < PAGE) return read;
    }
  }

  /** Fraud by an agent is proven, for good: it has no trust, and its edges give none. */
  condemn(cheat: PublicKey): void {
    const id = this.#keys.find(publicKey(cheat));
    if (id === -1 && this.#keys.size >= this.#limits.agents) return;
    this.#cheats.add(id === -1 ? this.#keys.intern(cheat) : id);
    this.#inEdges.addNodes(this.#keys.size);
  }

  /** Whether fraud by an agent is proven. */
  isCondemned(agent: PublicKey): boolean {
    return this.#cheats.has(this.#keys.find(publicKey(agent)));
  }

  /** What a seller was paid by a buyer, minor units, at most 2^49 − 1. */
  paid(seller: PublicKey, buyer: PublicKey): bigint {
    const from = this.#keys.find(publicKey(seller));
    const to = this.#keys.find(publicKey(buyer));
    const edge = from === -1 || to === -1 ? -1 : (this.#table[this.#slotOf(from, to)] as number);
    return edge === -1 ? 0n : BigInt(this.#amount[edge] as number);
  }

  /** @hidden Number of an agent; -1 when it is unknown. */
  idOf(agent: PublicKey): number {
    return this.#keys.find(agent);
  }

  /** @hidden */
  keyOf(id: number): PublicKey {
    return this.#keys.key(id);
  }

  /** @hidden Order of two agents by their keys. */
  compareKeys(a: number, b: number): number {
    return this.#keys.compare(a, b);
  }

  /** @hidden */
  isCheat(id: number): boolean {
    return this.#cheats.size > 0 && this.#cheats.has(id);
  }

  /** @hidden Seller of an edge. */
  sellerOf(edge: number): number {
    return this.#from[edge] as number;
  }

  /** @hidden Buyer of an edge. */
  buyerOf(edge: number): number {
    return this.#to[edge] as number;
  }

  /** @hidden Minor units. */
  amountOf(edge: number): number {
    return this.#amount[edge] as number;
  }

  /** @hidden How many edges an agent has as a buyer. */
  purchases(id: number): number {
    return this.#inEdges.count(id);
  }

  /** @hidden Writes the edges that an agent has as a buyer into `into`, which has room; returns how many. */
  purchasesOf(id: number, into: Int32Array): number {
    return this.#inEdges.read(id, into);
  }

  /** @hidden Changes so far: what {@link changedSince} takes. */
  get changes(): number {
    return this.#changes;
  }

  /** @hidden Edges that grew since `changes`, some of them twice; undefined when that is too long ago. */
  changedSince(changes: number): readonly number[] | undefined {
    if (this.#changes - changes > REMEMBERED_CHANGES) return undefined;
    const found: number[] = [];
    for (let i = changes; i < this.#changes; i++) found.push(this.#changed[i % REMEMBERED_CHANGES] as number);
    return found;
  }

  #hasRoom(seller: PublicKey, buyer: PublicKey): boolean {
    const { agents, edges } = this.#limits;
    if (this.#keys.size + 2 <= agents && this.#edges < edges) return true;
    const from = this.#keys.find(seller);
    const to = this.#keys.find(buyer);
    const more = (from === -1 ? 1 : 0) + (to === -1 ? 1 : 0);
    if (this.#keys.size + more > agents) return false;
    return this.#edges < edges || (more === 0 && this.#table[this.#slotOf(from, to)] !== -1);
  }

  /** Place of an edge in the hash table, or the free place where it belongs. */
  #slotOf(from: number, to: number): number {
    const mask = this.#table.length - 1;
    let slot = mixed(from, to) & mask;
    for (;;) {
      const edge = this.#table[slot] as number;
      if (edge === -1 || (this.#from[edge] === from && this.#to[edge] === to)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #edgeOf(from: number, to: number): number {
    const slot = this.#slotOf(from, to);
    const known = this.#table[slot] as number;
    if (known !== -1) return known;
    const edge = this.#edges;
    this.#table[slot] = edge;
    if (edge === this.#from.length) this.#grow();
    this.#from[edge] = from;
    this.#to[edge] = to;
    this.#edges += 1;
    if (this.#edges * 2 > this.#table.length) this.#rehash();
    this.#inEdges.add(edge, to, this.#to);
    return edge;
  }

  #grow(): void {
    const length = this.#from.length * 2;
    this.#from = grownInts(this.#from, length);
    this.#to = grownInts(this.#to, length);
    this.#amount = grownDoubles(this.#amount, length);
  }

  #rehash(): void {
    this.#table = new Int32Array(this.#table.length * 2).fill(-1);
    for (let edge = 0; edge < this.#edges; edge++) {
      this.#table[this.#slotOf(this.#from[edge] as number, this.#to[edge] as number)] = edge;
    }
  }
}

function mixed(from: number, to: number): number {
  let hash = Math.imul(from ^ 0x5bd1e995, 0x9e3779b1) ^ to;
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** An empty graph of completed deals of one currency. Throws `ERR_TRUST_ARGUMENT` on limits out of range. */
export function createDealGraph(limits: Partial<DealGraphLimits> = {}): DealGraph {
  const { agents, edges } = { ...DEAL_GRAPH_LIMITS, ...limits };
  return new DealGraph({
    agents: wholeOption(agents, 2, 2 ** 25, 'limits.agents'),
    edges: wholeOption(edges, 1, 2 ** 27, 'limits.edges'),
  });
}
