import type { AbortOptions } from '@edmp/interface';

/** The practice neighbour: a second party inside this program that trades in test money alone. */
export interface PracticeView {
  readonly on: boolean;
  /** Public key of the neighbour, hex; null while it is off. */
  readonly key: string | null;
  /** Public key of its witness, hex; null while it is off. Neither is a peer of anybody else. */
  readonly witness: string | null;
}

/** Somebody to try a trade with before there is anybody else. */
export interface Practising {
  /** Whether the practice neighbour is there. */
  practice(options?: AbortOptions): Promise<PracticeView>;
  /**
   * Lets the practice neighbour in, or sends it away: it sells an invented day and buys what this node offers in test
   * money, at any price, and never touches another currency. Throws `ERR_NODE_CONFLICT` while a deal with it runs.
   */
  setPractice(on: boolean, options?: AbortOptions): Promise<PracticeView>;
}
