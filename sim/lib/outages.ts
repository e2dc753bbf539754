/** A span of virtual time, ms since the epoch; `to` is infinite while it lasts. */
interface Span {
  readonly from: number;
  to: number;
}

interface Cut extends Span {
  readonly left: ReadonlySet<string>;
  readonly right: ReadonlySet<string>;
}

/** Who was down, and who was cut off from whom, when: what excuses of a history rest on. Nodes go by their names. */
export class Outages {
  readonly #downs = new Map<string, Span[]>();
  readonly #cuts: Cut[] = [];

  /** A node's process ends, or has not begun yet. */
  down(name: string, from: number): void {
    const spans = this.#downs.get(name) ?? [];
    if (spans.at(-1)?.to !== Number.POSITIVE_INFINITY) spans.push({ from, to: Number.POSITIVE_INFINITY });
    this.#downs.set(name, spans);
  }

  up(name: string, at: number): void {
    const last = this.#downs.get(name)?.at(-1);
    if (last?.to === Number.POSITIVE_INFINITY) last.to = at;
  }

  /** Two groups lose each other, or one the way to the other, which is no better for a question and its answer. */
  cut(left: readonly string[], right: readonly string[], from: number, to: number): void {
    this.#cuts.push({ left: new Set(left), right: new Set(right), from, to });
  }

  /** All cuts end. */
  heal(at: number): void {
    for (const cut of this.#cuts) cut.to = Math.min(cut.to, at);
  }

  /** How long in all two nodes could not talk between two moments, ms. */
  apart(a: string, b: string, from: number, to: number): number {
    return merged(this.#between(a, b), from, to).reduce((sum, span) => sum + span.to - span.from, 0);
  }

  /** The longest time between two moments in which a node could talk to at least `least` of some others, ms. */
  longestTogether(name: string, others: readonly string[], least: number, from: number, to: number): number {
    const gaps = others.map((other) => merged(this.#between(name, other), from, to));
    const edges = [from, to, ...gaps.flat().flatMap((span) => [span.from, span.to])].sort((x, y) => x - y);
    let longest = 0;
    let current = 0;
    for (const [index, edge] of edges.slice(0, -1).entries()) {
      const next = edges[index + 1] ?? edge;
      if (next === edge) continue;
      const reached = gaps.filter(
        (spans) => !spans.some((span) => span.from <= edge && span.to > edge),
      ).length;
      current = reached >= least ? current + next - edge : 0;
      longest = Math.max(longest, current);
    }
    return longest;
  }

  #between(a: string, b: string): readonly Span[] {
    const cuts = this.#cuts.filter(
      ({ left, right }) => (left.has(a) && right.has(b)) || (left.has(b) && right.has(a)),
    );
    return [...(this.#downs.get(a) ?? []), ...(this.#downs.get(b) ?? []), ...cuts];
  }
}

/** Spans within two moments, in order, those that touch as one. */
function merged(spans: readonly Span[], from: number, to: number): readonly Span[] {
  const out: Span[] = [];
  const inside = spans
    .map((span) => ({ from: Math.max(span.from, from), to: Math.min(span.to, to) }))
    .filter((span) => span.from < span.to)
    .sort((x, y) => x.from - y.from);
  for (const span of inside) {
    const last = out.at(-1);
    if (last !== undefined && span.from <= last.to) last.to = Math.max(last.to, span.to);
    else out.push({ ...span });
  }
  return out;
}
