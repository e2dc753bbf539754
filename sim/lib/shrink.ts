/** What {@link shrink} came to. */
export interface Shrunk {
  /** What has to happen for it to fail. */
  readonly needed: readonly string[];
  readonly runs: number;
}

/**
 * Leaves things out as long as a run still fails: halves first, then quarters, down to single ones (delta debugging,
 * Zeller and Hildebrandt 2002). What is left cannot lose any single thing, unless `maxRuns` came first.
 * `fails` gets what is left out.
 */
export async function shrink(
  labels: readonly string[],
  fails: (without: ReadonlySet<string>) => Promise<boolean>,
  maxRuns: number,
): Promise<Shrunk> {
  let needed = [...labels];
  let runs = 0;
  for (let size = Math.ceil(needed.length / 2); size >= 1 && runs < maxRuns; ) {
    let removed = false;
    for (let at = 0; at < needed.length && runs < maxRuns; ) {
      const rest = [...needed.slice(0, at), ...needed.slice(at + size)];
      const kept = new Set(rest);
      runs++;
      if (await fails(new Set(labels.filter((label) => !kept.has(label))))) {
        needed = rest;
        removed = true;
      } else at += size;
    }
    if (size === 1 && !removed) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
  }
  return { needed, runs };
}
