/** Most work of one flow, and of all flows that one question takes, arcs looked at: some 15 ms, and half a second. */
export const FLOW_WORK: number = 2 ** 22;
export const QUESTION_WORK: number = 2 ** 27;

/**
 * Longest way that a flow takes, arcs, once all shorter ones are full. Who deals with each other is 3 or 4 deals apart;
 * only ladders of made-up agents have more ways behind that.
 */
export const LONGEST_WAY = 64;

/**
 * Work that flows may still take, in arcs looked at. Deals cost their makers next to nothing where they trade with
 * themselves, and can be arranged so that one largest flow takes hours: ladders of which every rung is a way of its own.
 */
export interface FlowWork {
  left: number;
  /** Some flow ended because there was none left: it may not be the largest. */
  isShort: boolean;
}

/** Work without an end. */
export function unlimitedWork(): FlowWork {
  return { left: Number.POSITIVE_INFINITY, isShort: false };
}
