import type { FlowTopology } from './flow-topology.ts';

/** Capacity of an arc that nobody asked for yet. */
export const UNKNOWN = -1;

/** Nodes that a look forward from the source visits before the look back from the sink. */
const LOOK_AHEAD = 96;

/** What ended a flow: all that the source may send is sent, all that the sink takes has come, the limit, or a cut between. */
export type FlowEnd = 'source' | 'sink' | 'limit' | 'cut';

/**
 * Maximum flows to one sink: Dinic 1970, from the sink's side, so that the distances of the first phase serve every source.
 * A flow stays in place until {@link MaxFlow.reset}; several sources one after the other give the largest sum of theirs.
 *
 * A capacity may be {@link UNKNOWN}: `resolve` tells it once a flow wants to go through.
 */
export class MaxFlow {
  readonly #sink: number;
  readonly #first: Int32Array;
  readonly #head: Int32Array;
  readonly #mate: Int32Array;
  readonly #base: Float64Array;
  readonly #left: Float64Array;
  readonly #resolve: (arc: number) => number;
  readonly #distance: Int32Array;
  readonly #level: Int32Array;
  readonly #next: Int32Array;
  readonly #nextIn: Int32Array;
  #phase = 0;
  readonly #queue: Int32Array;
  readonly #path: Int32Array;
  readonly #seen: Int32Array;
  #look = 0;
  #touched: number[] = [];
  #end: FlowEnd = 'cut';

  /** `capacity` by arc; it is changed where it was unknown. */
  constructor(
    topology: FlowTopology,
    capacity: Float64Array,
    sink: number,
    resolve: (arc: number) => number = () => 0,
  ) {
    const { nodes } = topology;
    this.#sink = sink;
    this.#first = topology.first;
    this.#head = topology.head;
    this.#mate = topology.mate;
    this.#base = capacity;
    this.#left = capacity.slice();
    this.#resolve = resolve;
    this.#distance = new Int32Array(nodes);
    this.#level = new Int32Array(nodes);
    this.#next = new Int32Array(nodes);
    this.#nextIn = new Int32Array(nodes);
    this.#queue = new Int32Array(nodes);
    this.#path = new Int32Array(nodes + 1);
    this.#seen = new Int32Array(nodes);
    this.#measure(this.#distance, -1);
  }

  /** What ended the last flow. */
  get end(): FlowEnd {
    return this.#end;
  }

  /** Sends as much as possible from `source` on top of what flows already, at most `limit`. Returns how much more flows. */
  send(source: number, limit: number): number {
    let sent = 0;
    if (source === this.#sink || limit <= 0) {
      this.#end = 'limit';
      return 0;
    }
    let level = this.#distance;
    if (this.#touched.length > 0) {
      this.#measure(this.#level, source);
      level = this.#level;
    }
    while ((level[source] as number) >= 0) {
      sent += this.#block(source, limit - sent, level);
      if (sent >= limit) {
        this.#end = 'limit';
        return sent;
      }
      if (this.#isDry(source)) {
        this.#end = 'source';
        return sent;
      }
      if (this.#isFull()) {
        this.#end = 'sink';
        return sent;
      }
      if (this.#isEnclosed(source)) break;
      level = this.#level;
      this.#measure(level, source);
    }
    this.#end = 'cut';
    return sent;
  }

  /** Takes all flow back. */
  reset(): void {
    for (const arc of this.#touched) this.#left[arc] = this.#base[arc] as number;
    this.#touched = [];
  }

  /** What flows through an arc. */
  flow(arc: number): number {
    const base = this.#base[arc] as number;
    return base < 0 ? 0 : Math.max(0, base - (this.#left[arc] as number));
  }

  /** Nodes that `source` can still send to, as 1: the source's side of the smallest cut. */
  reached(source: number): Uint8Array {
    const side = new Uint8Array(this.#level.length);
    const queue = this.#queue;
    let size = 0;
    queue[size++] = source;
    side[source] = 1;
    for (let i = 0; i < size; i++) {
      const node = queue[i] as number;
      const end = this.#first[node + 1] as number;
      for (let arc = this.#first[node] as number; arc < end; arc++) {
        const head = this.#head[arc] as number;
        if (side[head] === 1 || this.#room(arc) <= 0) continue;
        side[head] = 1;
        queue[size++] = head;
      }
    }
    return side;
  }

  #room(arc: number): number {
    const left = this.#left[arc] as number;
    if (left !== UNKNOWN) return left;
    const capacity = this.#resolve(arc);
    this.#base[arc] = capacity;
    this.#left[arc] = capacity;
    return capacity;
  }

  /** Distances to the sink in what is left, of the nodes nearer than `source`; -1 where there is no way. */
  #measure(level: Int32Array, source: number): void {
    const first = this.#first;
    const head = this.#head;
    const mate = this.#mate;
    const left = this.#left;
    const queue = this.#queue;
    level.fill(-1);
    level[this.#sink] = 0;
    let size = 0;
    queue[size++] = this.#sink;
    for (let i = 0; i < size; i++) {
      const node = queue[i] as number;
      const further = (level[node] as number) + 1;
      const end = first[node + 1] as number;
      for (let arc = first[node] as number; arc < end; arc++) {
        const tail = head[arc] as number;
        if ((level[tail] as number) >= 0 || left[mate[arc] as number] === 0) continue;
        level[tail] = further;
        if (tail === source) return;
        queue[size++] = tail;
      }
    }
  }

  /** One phase: a blocking flow along falling distances, path by path. */
  #block(source: number, limit: number, level: Int32Array): number {
    const first = this.#first;
    const head = this.#head;
    const left = this.#left;
    const next = this.#next;
    const nextIn = this.#nextIn;
    const path = this.#path;
    const phase = ++this.#phase;
    let sent = 0;
    let depth = 0;
    let node = source;
    next[source] = first[source] as number;
    nextIn[source] = phase;
    for (;;) {
      if (node === this.#sink) {
        const amount = this.#narrowest(depth, limit - sent);
        sent += amount;
        const narrow = this.#push(depth, amount);
        if (sent >= limit) return sent;
        depth = narrow;
        node = this.#tail(path[depth] as number);
        continue;
      }
      const end = first[node + 1] as number;
      const wanted = (level[node] as number) - 1;
      let arc = next[node] as number;
      for (; arc < end; arc++) {
        const room = left[arc] as number;
        if (room === 0) continue;
        const to = head[arc] as number;
        if (level[to] !== wanted) continue;
        if (room === UNKNOWN && this.#room(arc) === 0) continue;
        if (nextIn[to] === phase) {
          if ((next[to] as number) >= (first[to + 1] as number) && to !== this.#sink) continue;
        } else {
          nextIn[to] = phase;
          next[to] = first[to] as number;
        }
        break;
      }
      next[node] = arc;
      if (arc < end) {
        path[depth++] = arc;
        node = head[arc] as number;
      } else {
        if (depth === 0) return sent;
        depth -= 1;
        node = this.#tail(path[depth] as number);
        next[node] = (next[node] as number) + 1;
      }
    }
  }

  #tail(arc: number): number {
    return this.#head[this.#mate[arc] as number] as number;
  }

  #narrowest(depth: number, limit: number): number {
    let amount = limit;
    for (let i = 0; i < depth; i++) {
      const left = this.#left[this.#path[i] as number] as number;
      if (left < amount) amount = left;
    }
    return amount;
  }

  /** Sends an amount along the path; returns the place of its first arc that is full now. */
  #push(depth: number, amount: number): number {
    const left = this.#left;
    let narrow = -1;
    for (let i = 0; i < depth; i++) {
      const arc = this.#path[i] as number;
      const back = this.#mate[arc] as number;
      left[arc] = (left[arc] as number) - amount;
      // What is unknown has no flow in it, and no flow comes back through an arc without one.
      left[back] = (left[back] as number) + amount;
      this.#touched.push(arc, back);
      if (narrow === -1 && left[arc] === 0) narrow = i;
    }
    return Math.max(0, narrow);
  }

  #isDry(source: number): boolean {
    const end = this.#first[source + 1] as number;
    for (let arc = this.#first[source] as number; arc < end; arc++) if (this.#left[arc] !== 0) return false;
    return true;
  }

  #isFull(): boolean {
    const end = this.#first[this.#sink + 1] as number;
    for (let arc = this.#first[this.#sink] as number; arc < end; arc++) {
      if (this.#left[this.#mate[arc] as number] !== 0) return false;
    }
    return true;
  }

  /** Whether a short look from the source shows that nothing more can leave its surroundings. */
  #isEnclosed(source: number): boolean {
    const look = ++this.#look;
    const seen = this.#seen;
    const queue = this.#queue;
    let size = 0;
    queue[size++] = source;
    seen[source] = look;
    for (let i = 0; i < size; i++) {
      const node = queue[i] as number;
      const end = this.#first[node + 1] as number;
      for (let arc = this.#first[node] as number; arc < end; arc++) {
        if (this.#left[arc] === 0) continue;
        const head = this.#head[arc] as number;
        if (head === this.#sink) return false;
        if (seen[head] === look) continue;
        if (size >= LOOK_AHEAD) return false;
        seen[head] = look;
        queue[size++] = head;
      }
    }
    return true;
  }
}
