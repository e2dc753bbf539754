/** A directed graph for flows: every edge as two arcs, one there and one back. */
export interface FlowTopology {
  readonly nodes: number;
  /** First arc of each node; the last entry ends the last node. */
  readonly first: Int32Array;
  /** Node that an arc leads to. */
  readonly head: Int32Array;
  /** The same edge's other arc. */
  readonly mate: Int32Array;
  /** Arc of each edge, in the order in which the edges were given. */
  readonly arcOf: Int32Array;
}

/** Arranges edges, in their order, as compressed sparse rows. */
export function flowTopology(nodes: number, from: Int32Array, to: Int32Array): FlowTopology {
  const edges = from.length;
  const first = new Int32Array(nodes + 1);
  for (let edge = 0; edge < edges; edge++) {
    const tail = (from[edge] as number) + 1;
    const head = (to[edge] as number) + 1;
    first[tail] = (first[tail] as number) + 1;
    first[head] = (first[head] as number) + 1;
  }
  for (let node = 0; node < nodes; node++) {
    first[node + 1] = (first[node + 1] as number) + (first[node] as number);
  }
  const next = first.slice(0, nodes);
  const head = new Int32Array(2 * edges);
  const mate = new Int32Array(2 * edges);
  const arcOf = new Int32Array(edges);
  for (let edge = 0; edge < edges; edge++) {
    const a = from[edge] as number;
    const b = to[edge] as number;
    const there = next[a] as number;
    next[a] = there + 1;
    const back = next[b] as number;
    next[b] = back + 1;
    head[there] = b;
    head[back] = a;
    mate[there] = back;
    mate[back] = there;
    arcOf[edge] = there;
  }
  return { nodes, first, head, mate, arcOf };
}
