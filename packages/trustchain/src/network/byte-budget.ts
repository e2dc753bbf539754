/** Limits of a {@link ByteBudget}. */
export interface ByteBudgetOptions {
  /** Most bytes held for one peer. */
  readonly perPeer: number;
  /** Most bytes held for all peers together. */
  readonly total: number;
}

/** Counts the bytes held in memory on behalf of peers. */
export interface ByteBudget {
  /**
   * Takes `bytes` for `peer`; the result gives them back, once. Undefined when the peer would then hold more than its
   * limit, or more than half of what is free: however many peers take all they can, something stays free for the next
   * one (dynamic thresholds, Choudhury and Hahne 1998). Nothing at all can always be taken.
   */
  take(peer: string, bytes: number): (() => void) | undefined;
  /** Bytes held now. */
  readonly held: number;
}

/** A {@link ByteBudget} of which nothing is taken. */
export function byteBudget(options: ByteBudgetOptions): ByteBudget {
  const { perPeer, total } = options;
  const taken = new Map<string, number>();
  let held = 0;
  return {
    get held() {
      return held;
    },
    take(peer, bytes) {
      const mine = (taken.get(peer) ?? 0) + bytes;
      if (bytes > 0 && mine > Math.min(perPeer, (total - held) / 2)) return undefined;
      held += bytes;
      taken.set(peer, mine);
      let given = false;
      return () => {
        if (given) return;
        given = true;
        held -= bytes;
        const left = (taken.get(peer) ?? 0) - bytes;
        if (left <= 0) taken.delete(peer);
        else taken.set(peer, left);
      };
    },
  };
}
