import { grownInts } from './grown.ts';

/** Edges that wait outside the sorted part before it is made anew: a few, or a quarter of all. */
const FEW = 1_024;

/**
 * For every agent the edges that end at it: compressed sparse rows over the edges up to the last sorting, and chains over
 * those since. What is added costs no more than a few writes, on average.
 */
export class InEdges {
  #start: Int32Array<ArrayBuffer> = new Int32Array(1);
  #sorted: Int32Array<ArrayBuffer> = new Int32Array(0);
  /** Nodes that the sorted part knows. */
  #nodes = 0;
  /** Edges in the sorted part: those with lower numbers. */
  #inSorted = 0;
  /** Newest edge of a node outside the sorted part, and the one before each. */
  #newest: Int32Array<ArrayBuffer> = new Int32Array(64).fill(-1);
  #before: Int32Array<ArrayBuffer> = new Int32Array(64);
  #counts: Int32Array<ArrayBuffer> = new Int32Array(64);

  /** Makes room for nodes with numbers below `count`. */
  addNodes(count: number): void {
    if (count <= this.#counts.length) return;
    const length = Math.max(count, this.#counts.length * 2);
    this.#newest = grownInts(this.#newest, length, -1);
    this.#counts = grownInts(this.#counts, length);
  }

  /** Adds an edge, numbered one above the last; `to` has the end of every edge. */
  add(edge: number, node: number, to: Int32Array): void {
    const extra = edge - this.#inSorted;
    if (extra === this.#before.length) this.#before = grownInts(this.#before, extra * 2);
    this.#before[extra] = this.#newest[node] as number;
    this.#newest[node] = edge;
    this.#counts[node] = (this.#counts[node] as number) + 1;
    if (extra + 1 >= Math.max(FEW, this.#inSorted >> 2)) this.#sort(edge + 1, to);
  }

  count(node: number): number {
    return this.#counts[node] ?? 0;
  }

  /** Writes the edges that end at `node` into `into`; returns how many. */
  read(node: number, into: Int32Array): number {
    let size = 0;
    if (node < this.#nodes) {
      const end = this.#start[node + 1] as number;
      for (let i = this.#start[node] as number; i < end; i++) into[size++] = this.#sorted[i] as number;
    }
    const first = this.#newest[node] ?? -1;
    for (let edge = first; edge !== -1; edge = this.#before[edge - this.#inSorted] as number) {
      into[size++] = edge;
    }
    return size;
  }

  #sort(edges: number, to: Int32Array): void {
    const nodes = this.#counts.length;
    const start = new Int32Array(nodes + 1);
    for (let node = 0; node < nodes; node++) {
      start[node + 1] = (start[node] as number) + (this.#counts[node] as number);
    }
    const next = start.slice(0, nodes);
    const sorted = new Int32Array(edges);
    for (let edge = 0; edge < edges; edge++) {
      const node = to[edge] as number;
      const place = next[node] as number;
      sorted[place] = edge;
      next[node] = place + 1;
    }
    this.#start = start;
    this.#sorted = sorted;
    this.#nodes = nodes;
    this.#inSorted = edges;
    this.#newest.fill(-1);
  }
}
