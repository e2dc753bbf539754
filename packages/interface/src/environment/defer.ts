import type { Environment } from './types.ts';

/** Calls `callback` when the code that runs now has ended: by {@link Environment.defer}, or in a microtask. */
export function defer(environment: Environment, callback: () => void): void {
  if (environment.defer === undefined) queueMicrotask(callback);
  else environment.defer(callback);
}
