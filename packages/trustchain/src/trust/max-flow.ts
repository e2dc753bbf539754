import type { FlowTopology } from './flow-topology.ts';
import { type FlowWork, LONGEST_WAY, unlimitedWork } from './flow-work.ts';

/** Capacity of an arc that nobody asked for yet. */
export const UNKNOWN = -1;

/** Nodes that a look forward from the source visits before the look back from the sink. */
const LOOK_AHEAD = 96;
/** Arcs that it looks at: an agent that a crowd deals with has more than all others together. */
const LOOK_ARCS = 4_096;

/**
 * What ended a flow: all that the source may send is sent, all that the sink takes has come, the limit, a cut between, or
 * the work that it may take was done: then it need not be the largest.
 */
export type FlowEnd = 'source' | 'sink' | 'limit' | 'cut' | 'work';

/**
 * Maximum flows to one sink: shortest augmenting paths along distance labels that are mended where they are wrong (Ahuja,
 * Orlin 1991), and measured anew when that was done often. The first labels serve every source, and a flow looks
 * at what is near its ways only. (Dinic's phases, which look at the whole graph each, took three times as long.)
 *
 * A flow stays in place until {@link MaxFlow.reset}; several sources one after the other give the largest sum of theirs. A
 * capacity may be {@link UNKNOWN}: `resolve` tells it once a flow wants to go through, or that it is not known yet.
 */
export class MaxFlow {
  readonly #sink: number;
  readonly #nodes: number;
  readonly #first: Int32Array;
  readonly #head: Int32Array;
  readonly #mate: Int32Array;
  readonly #base: Float64Array;
  readonly #left: Float64Array;
  readonly #resolve: (arc: number) => number;
  /** Distances to the sink without any flow; the number of nodes where there is no way. */
  readonly #distance: Int32Array;
  /** Lower bounds of the distances in what is left, and how many nodes have each. */
  readonly #label: Int32Array;
  readonly #labelled: Int32Array;
  /** Nodes whose label is not their distance, unless all were measured anew. */
  readonly #relabelled: Int32Array;
  readonly #relabelledIn: Int32Array;
  #relabelledSize = 0;
  #measured = false;
  /** Arcs looked at in vain since the labels were measured last. */
  #vain = 0;
  /** Arc that a node looks at next, in the flow of this number. */
  readonly #next: Int32Array;
  readonly #nextIn: Int32Array;
  #flow = 0;
  readonly #queue: Int32Array;
  readonly #path: Int32Array;
  readonly #seen: Int32Array;
  #look = 0;
  /** Arcs whose flow changed, each once, and by number of the reset since which it did. */
  readonly #touched: Int32Array;
  readonly #touchedIn: Int32Array;
  #touchedSize = 0;
  #resets = 1;
  readonly #work: FlowWork;
  /** Arcs to the sink that are not full. */
  readonly #openAtStart: number;
  #open: number;
  #end: FlowEnd = 'cut';

  /** `capacity` by arc; it is changed where it was unknown. */
  constructor(
    topology: FlowTopology,
    capacity: Float64Array,
    sink: number,
    resolve: (arc: number) => number = () => 0,
    work: FlowWork = unlimitedWork(),
  ) {
    const { nodes } = topology;
    this.#sink = sink;
    this.#nodes = nodes;
    this.#first = topology.first;
    this.#head = topology.head;
    this.#mate = topology.mate;
    this.#base = capacity;
    this.#left = capacity.slice();
    this.#resolve = resolve;
    this.#work = work;
    this.#relabelled = new Int32Array(nodes);
    this.#relabelledIn = new Int32Array(nodes);
    this.#touched = new Int32Array(capacity.length);
    this.#touchedIn = new Int32Array(capacity.length);
    this.#distance = new Int32Array(nodes);
    this.#labelled = new Int32Array(nodes + 1);
    this.#next = new Int32Array(nodes);
    this.#nextIn = new Int32Array(nodes);
    this.#queue = new Int32Array(nodes);
    this.#path = new Int32Array(nodes + 1);
    this.#seen = new Int32Array(nodes);
    this.#measure(this.#distance);
    this.#label = this.#distance.slice();
    this.#recount();
    this.#openAtStart = this.#countOpen();
    this.#open = this.#openAtStart;
  }

  /** What ended the last flow. */
  get end(): FlowEnd {
    return this.#end;
  }

  /** Sends as much as possible from `source` on top of what flows already, at most `limit`. Returns how much more flows. */
  send(source: number, limit: number): number {
    this.#end = 'limit';
    if (source === this.#sink || limit <= 0) return 0;
    if (this.#open === 0) return this.#ended('sink', 0);
    // Behind a cut that others filled nothing has to be computed.
    if (this.#touchedSize > 0 && this.#isEnclosed(source)) return this.#ended('cut', 0);
    // A crowd behind a cut is told from those before it once, and not one by one.
    if (this.#touchedSize > 0 && this.#vain > this.#head.length) this.#measureAgain();
    // Labels stay lower bounds whatever flows: what an earlier source found out serves this one.
    this.#flow += 1;
    const first = this.#first;
    const head = this.#head;
    const left = this.#left;
    const label = this.#label;
    const next = this.#next;
    const path = this.#path;
    const nodes = this.#nodes;
    const work = this.#work;
    let sent = 0;
    let depth = 0;
    let node = source;
    this.#meet(source);
    const far = Math.min(nodes, LONGEST_WAY);
    while ((label[source] as number) < nodes) {
      if ((label[source] as number) >= far) {
        // Labels are lower bounds, and rise by ones where there is no way at all: the distance itself tells.
        this.#measureAgain();
        if ((label[source] as number) >= nodes) break;
        if ((label[source] as number) >= LONGEST_WAY) return this.#endedShort(sent);
        depth = 0;
        node = source;
        this.#meet(source);
        continue;
      }
      if (work.left <= 0) return this.#endedShort(sent);
      const end = first[node + 1] as number;
      const wanted = (label[node] as number) - 1;
      const begin = next[node] as number;
      let arc = begin;
      for (; arc < end; arc++) {
        const room = left[arc] as number;
        if (room === 0 || label[head[arc] as number] !== wanted) continue;
        if (room !== UNKNOWN || this.#room(arc) > 0) break;
      }
      next[node] = arc;
      work.left -= 1 + arc - begin;
      this.#vain += arc - begin;
      if (arc < end) {
        path[depth++] = arc;
        node = head[arc] as number;
        this.#meet(node);
        if (node !== this.#sink) continue;
        const amount = this.#narrowest(depth, limit - sent);
        sent += amount;
        depth = this.#push(depth, amount);
        if (sent >= limit) return sent;
        if (this.#open === 0) return this.#ended('sink', sent);
        node = this.#tail(path[depth] as number);
        continue;
      }
      if (node === source && this.#isDry(source)) return this.#ended('source', sent);
      if (node === source && this.#isEnclosed(source)) break;
      if (this.#vain > this.#head.length) {
        this.#measureAgain();
        depth = 0;
        node = source;
        this.#meet(source);
        continue;
      }
      if (this.#relabel(node)) {
        for (let i = 0; i < depth; i++) this.#cutOff(this.#tail(path[i] as number));
        this.#cutOff(node);
        break;
      }
      if (node !== source) {
        depth -= 1;
        node = this.#tail(path[depth] as number);
      }
    }
    return this.#ended('cut', sent);
  }

  /** Takes all flow back. */
  reset(): void {
    if (this.#measured) {
      this.#label.set(this.#distance);
      this.#recount();
      this.#measured = false;
    } else {
      for (let i = 0; i < this.#relabelledSize; i++) {
        const node = this.#relabelled[i] as number;
        this.#setLabel(node, this.#distance[node] as number);
      }
    }
    this.#relabelledSize = 0;
    for (let i = 0; i < this.#touchedSize; i++) {
      const arc = this.#touched[i] as number;
      this.#left[arc] = this.#base[arc] as number;
    }
    this.#touchedSize = 0;
    this.#resets += 1;
    this.#vain = 0;
    this.#open = this.#openAtStart;
  }

  /** What flows through an arc. */
  flow(arc: number): number {
    const base = this.#base[arc] as number;
    return base < 0 ? 0 : Math.max(0, base - (this.#left[arc] as number));
  }

  /** Nodes that `source` can still send to, as 1: the source's side of the smallest cut. */
  reached(source: number): Uint8Array {
    const side = new Uint8Array(this.#nodes);
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

  #endedShort(sent: number): number {
    this.#work.isShort = true;
    return this.#ended('work', sent);
  }

  #ended(end: FlowEnd, sent: number): number {
    this.#end = end;
    return sent;
  }

  #meet(node: number): void {
    if (this.#nextIn[node] === this.#flow) return;
    this.#nextIn[node] = this.#flow;
    this.#next[node] = this.#first[node] as number;
  }

  #setLabel(node: number, label: number): void {
    const before = this.#label[node] as number;
    this.#labelled[before] = (this.#labelled[before] as number) - 1;
    this.#labelled[label] = (this.#labelled[label] as number) + 1;
    this.#label[node] = label;
  }

  /** Gives a node without a way on its next label. `true` when no node has the old one any more: all ways are cut then. */
  #relabel(node: number): boolean {
    let lowest = this.#nodes;
    const end = this.#first[node + 1] as number;
    for (let arc = this.#first[node] as number; arc < end; arc++) {
      if (this.#left[arc] === 0) continue;
      const label = (this.#label[this.#head[arc] as number] as number) + 1;
      if (label < lowest) lowest = label;
    }
    this.#work.left -= end - (this.#first[node] as number);
    this.#vain += end - (this.#first[node] as number);
    const before = this.#label[node] as number;
    this.#raise(node, lowest);
    this.#next[node] = this.#first[node] as number;
    return this.#labelled[before] === 0;
  }

  #raise(node: number, label: number): void {
    if (!this.#measured && this.#relabelledIn[node] !== this.#resets) {
      this.#relabelledIn[node] = this.#resets;
      this.#relabelled[this.#relabelledSize++] = node;
    }
    this.#setLabel(node, label);
  }

  /** A node from which nothing leads to the sink any more. */
  #cutOff(node: number): void {
    this.#raise(node, this.#nodes);
  }

  #measureAgain(): void {
    this.#measure(this.#label);
    this.#work.left -= this.#head.length;
    this.#recount();
    this.#measured = true;
    this.#vain = 0;
    this.#flow += 1;
  }

  #recount(): void {
    this.#labelled.fill(0);
    for (const label of this.#label) this.#labelled[label] = (this.#labelled[label] as number) + 1;
  }

  #room(arc: number): number {
    const left = this.#left[arc] as number;
    if (left !== UNKNOWN) return left;
    const capacity = this.#resolve(arc);
    // There was no work left to find it out: what comes later asks again.
    if (capacity === UNKNOWN) return 0;
    this.#vain += this.#nodes; // What a flow in another network may cost.
    this.#base[arc] = capacity;
    this.#left[arc] = capacity;
    return capacity;
  }

  /** Distances to the sink in what is left. */
  #measure(label: Int32Array): void {
    const { length } = label;
    const queue = this.#queue;
    label.fill(length);
    label[this.#sink] = 0;
    let size = 0;
    queue[size++] = this.#sink;
    for (let i = 0; i < size; i++) {
      const node = queue[i] as number;
      const further = (label[node] as number) + 1;
      const end = this.#first[node + 1] as number;
      for (let arc = this.#first[node] as number; arc < end; arc++) {
        const tail = this.#head[arc] as number;
        if (label[tail] !== length || this.#left[this.#mate[arc] as number] === 0) continue;
        label[tail] = further;
        queue[size++] = tail;
      }
    }
  }

  #countOpen(): number {
    let open = 0;
    const end = this.#first[this.#sink + 1] as number;
    for (let arc = this.#first[this.#sink] as number; arc < end; arc++) {
      if (this.#left[this.#mate[arc] as number] !== 0) open += 1;
    }
    return open;
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
      left[back] = (left[back] as number) + amount;
      this.#touch(arc);
      this.#touch(back);
      if (left[arc] !== 0) continue;
      if (narrow === -1) narrow = i;
      if (i === depth - 1) this.#open -= 1;
    }
    this.#work.left -= depth;
    return Math.max(0, narrow);
  }

  #touch(arc: number): void {
    if (this.#touchedIn[arc] === this.#resets) return;
    this.#touchedIn[arc] = this.#resets;
    this.#touched[this.#touchedSize++] = arc;
  }

  #isDry(source: number): boolean {
    const end = this.#first[source + 1] as number;
    for (let arc = this.#first[source] as number; arc < end; arc++) if (this.#left[arc] !== 0) return false;
    return true;
  }

  /** Whether a short look from the source shows that nothing more can leave its surroundings. */
  #isEnclosed(source: number): boolean {
    const look = ++this.#look;
    const seen = this.#seen;
    const queue = this.#queue;
    let size = 0;
    let arcs = 0;
    queue[size++] = source;
    seen[source] = look;
    for (let i = 0; i < size; i++) {
      const node = queue[i] as number;
      const end = this.#first[node + 1] as number;
      this.#work.left -= end - (this.#first[node] as number);
      arcs += end - (this.#first[node] as number);
      if (arcs > LOOK_ARCS) return false;
      for (let arc = this.#first[node] as number; arc < end; arc++) {
        if (this.#left[arc] === 0) continue;
        const head = this.#head[arc] as number;
        if (head === this.#sink) return false;
        if (seen[head] === look || this.#label[head] === this.#nodes) continue;
        if (size >= LOOK_AHEAD) return false;
        seen[head] = look;
        queue[size++] = head;
      }
    }
    for (let i = 0; i < size; i++) this.#cutOff(queue[i] as number);
    return true;
  }
}
