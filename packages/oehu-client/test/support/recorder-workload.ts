import type { AnyReading } from '@edmp/oehu-client/sources';
import { sqliteReadingStore } from '@edmp/oehu-client/sqlite';

/** Moment that the workload begins at. */
export const START = Date.UTC(2026, 0, 15);

/** One register of electricity taken from the grid. */
export const registerAt = (at: number, value: number, more: Partial<AnyReading> = {}): AnyReading => ({
  commodity: 'electricity',
  flow: 'import',
  tariff: 1,
  at,
  value,
  unit: 'uKWh',
  trust: 'unsigned',
  record: `E1@${at}`,
  serial: 'E1',
  register: '1-0:1.8.1',
  ...more,
});

/** What each step of the workload adds: new readings, then corrections with new ones. */
export const STEPS: readonly (readonly AnyReading[])[] = Array.from({ length: 6 }, (_, step) => {
  const at = START + step * 120_000;
  const fresh = [registerAt(at, step * 100), registerAt(at + 60_000, step * 100 + 50)];
  return step < 3 ? fresh : [registerAt(at - 360_000, step * 100 - 299), ...fresh];
});

/** Adds the steps one after another, telling each that was accepted. */
export async function recordWorkload(path: string, accepted: (step: number) => void): Promise<void> {
  const store = sqliteReadingStore({ path });
  for (const [step, readings] of STEPS.entries()) {
    await store.add('home', readings, START + step);
    accepted(step);
  }
  await store.close();
}
