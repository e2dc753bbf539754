import { type Environment, sleep } from '@edmp/interface';

/**
 * Runs `round` now and then at every full multiple of `everyMs`, one after the other, until it throws or the signal fires:
 * at full minutes there are readings where quarters and hours begin.
 */
export async function eachRound(
  environment: Environment,
  everyMs: number,
  signal: AbortSignal,
  round: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    await round();
    if (signal.aborted) return;
    await sleep(environment, everyMs - (environment.now() % everyMs), { signal });
  }
}
