import { availableParallelism } from 'node:os';

/** A machine of two cores is the slowest that the bounds are made for; one core takes twice as long. */
const scale = Math.max(1, 2 / availableParallelism());

/**
 * How long tests wait, ms: the one place for it. Every wait ends as soon as what it waits for is there, so a bound costs
 * time only where something is broken; it must never be what decides. The whole suite took 3.7 minutes on a quiet machine
 * of two cores and 8 on a busy one, single waits up to five times as long, so each bound is ten times and more what its
 * wait takes on a quiet machine. Waits on a virtual clock have nothing to do with these.
 */
export const bounds = {
  /** One test or hook that stays within its process. Slowest ones on a quiet machine: 3 s. */
  test: 60_000 * scale,
  /** One thing awaited of another process, of a page or of a real connection. Usually there within 1 s. */
  wait: 45_000 * scale,
  /** The start of a process until it says that it is ready. Usually 1 to 2 s. */
  start: 60_000 * scale,
  /** One test or hook that leads processes or pages through many such waits. Usually 2 to 15 s. */
  journey: 240_000 * scale,
  /** One test that computes for long: simulations, soaks, thousands of mutations. Usually 10 to 60 s. */
  long: 600_000 * scale,
} as const;
