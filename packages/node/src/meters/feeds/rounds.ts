import { type Environment, sleep } from '@edmp/interface';

/**
 * Runs `round` now and then at every full multiple of `everyMs`, one after the other, until it throws, says `enough`, or
 * the signal fires: at full minutes there are readings where quarters and hours begin.
 */
export async function eachRound(
  environment: Environment,
  everyMs: number,
  signal: AbortSignal,
  round: () => Promise<unknown>,
): Promise<void> {
  while (!signal.aborted) {
    if ((await round()) === 'enough' || signal.aborted) return;
    await sleep(environment, everyMs - (environment.now() % everyMs), { signal });
  }
}
