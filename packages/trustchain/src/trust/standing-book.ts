import type { FlowNetworks, Sums } from './flow-networks.ts';
import { FLOW_WORK, type FlowWork } from './flow-work.ts';
import { MAX_FLOW } from './limits.ts';
import { type FlowEnd, type MaxFlow, UNKNOWN } from './max-flow.ts';
import type { Neighbourhood } from './neighbourhood.ts';

/** Why a flow is known to be the largest; 0: it is not known. */
const ENDS: readonly (FlowEnd | null)[] = [null, 'source', 'sink', 'cut', 'limit', 'work'];

/** Flows of one network by local number, each with what showed that it is the largest. */
class KnownFlows {
  readonly amounts: Float64Array;
  readonly ends: Uint8Array;

  constructor(nodes: number) {
    this.amounts = new Float64Array(nodes);
    this.ends = new Uint8Array(nodes);
  }

  /** The largest flow from an agent, or `short` of one that took too much work; {@link UNKNOWN} when all work is done. */
  of(local: number, flow: () => MaxFlow, work: FlowWork, short: (sent: number) => number): number {
    if (this.ends[local] === 0) {
      const { left } = work;
      if (left <= 0) {
        work.isShort = true;
        return UNKNOWN;
      }
      const network = flow();
      work.left = Math.min(left, FLOW_WORK);
      const sent = network.send(local, MAX_FLOW);
      work.left += left - Math.min(left, FLOW_WORK);
      const { end } = network;
      network.reset();
      // What others left of the work says nothing of this flow: the next question begins it anew.
      if (end === 'work' && left < FLOW_WORK) return UNKNOWN;
      this.amounts[local] = end === 'work' ? short(sent) : sent;
      this.ends[local] = ENDS.indexOf(end);
    }
    if (ENDS[this.ends[local] as number] === 'work') work.isShort = true;
    return this.amounts[local] as number;
  }
}

/** Standings φ of the agents of one neighbourhood, scaled by α, computed when they are asked for and kept. */
export class StandingBook {
  readonly #networks: FlowNetworks;
  readonly #isCheat: (local: number) => boolean;
  readonly #truncated: boolean;
  readonly #work: FlowWork;
  readonly #given: KnownFlows;
  readonly #taken: KnownFlows;

  constructor(
    part: Neighbourhood,
    networks: FlowNetworks,
    isCheat: (local: number) => boolean,
    work: FlowWork,
  ) {
    this.#networks = networks;
    this.#work = work;
    this.#isCheat = isCheat;
    this.#truncated = part.truncated !== null;
    this.#given = new KnownFlows(part.nodes.length);
    this.#taken = new KnownFlows(part.nodes.length);
  }

  /**
   * Standing of an agent; 0 of a cheat. Where a flow takes too much work it is what it is at least: by what was found of
   * what it gave, and by what the deals around it and the evaluator let it have taken at most. {@link UNKNOWN} when there
   * is no work left to look.
   */
  of(local: number): number {
    if (this.#isCheat(local)) return 0;
    const { sums, given, taken } = this.#networks;
    if (sums.given[local] === 0) return 0;
    const gave = this.#given.of(local, given, this.#work, (sent) => sent);
    if (gave === 0 || gave === UNKNOWN) return gave;
    const most = Math.min(sums.taken[local] as number, sums.takenAtEvaluator, MAX_FLOW);
    const took = this.#taken.of(local, taken, this.#work, () => most);
    return took === UNKNOWN ? UNKNOWN : Math.max(0, gave - took);
  }

  /**
   * Takes over what it knew of an earlier state of the same graph, which has only grown since. A flow that was as large as
   * all capacity around its source, or around the evaluator, is still the largest if that has not changed.
   */
  keep(before: Neighbourhood, book: StandingBook, localOf: (id: number) => number): void {
    if (this.#truncated || book.#truncated) return;
    const now = this.#networks.sums;
    const then = book.#networks.sums;
    for (let old = 1; old < before.nodes.length; old++) {
      const local = localOf(before.nodes[old] as number);
      if (local === -1) continue;
      if (isStillLargest(book.#given.ends[old] as number, now, then, 'given', local, old)) {
        this.#given.amounts[local] = book.#given.amounts[old] as number;
        this.#given.ends[local] = book.#given.ends[old] as number;
      }
      if (isStillLargest(book.#taken.ends[old] as number, now, then, 'taken', local, old)) {
        this.#taken.amounts[local] = book.#taken.amounts[old] as number;
        this.#taken.ends[local] = book.#taken.ends[old] as number;
      }
    }
  }
}

function isStillLargest(
  end: number,
  now: Sums,
  then: Sums,
  side: 'given' | 'taken',
  local: number,
  old: number,
): boolean {
  switch (ENDS[end]) {
    case 'source':
      return now[side][local] === then[side][old];
    case 'sink':
      return now[`${side}AtEvaluator`] === then[`${side}AtEvaluator`];
    default:
      return false;
  }
}
