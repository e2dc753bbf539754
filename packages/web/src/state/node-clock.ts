/**
 * The node's clock as the page knows it: what the node said last, moved on by the time that has passed in the browser
 * since. The only file of the page that asks the browser for time (`scripts/lib/layers.ts`), and it asks for elapsed
 * time, never for the date: consents, orders and days are the node's, and the clock of the computer that shows them may
 * be a day wrong, in another zone, or set while the page is open.
 */
export interface NodeClock {
  /** The node said that its clock is at `now`, ms since the epoch. Too early by as long as the word was on its way. */
  heard(now: number): void;
  /** The node's clock, ms since the epoch; undefined before the node has said anything. */
  now(): number | undefined;
}

/**
 * A clock that knows nothing yet. `elapsed` counts ms from any start and never goes back; a browser may stop it while
 * the computer sleeps, and then the node's next word, at most a quarter of a minute later, sets things right.
 */
export function createNodeClock(elapsed: () => number = () => performance.now()): NodeClock {
  let ahead: number | undefined;
  return {
    heard(now) {
      ahead = now - elapsed();
    },
    now: () => (ahead === undefined ? undefined : Math.floor(ahead + elapsed())),
  };
}
