import { setImmediate } from 'node:timers/promises';

/** Resolves after everything else that waits for the event loop had its turn. */
export function turnOfOthers(): Promise<void> {
  return setImmediate();
}
