import { readFileSync } from 'node:fs';
import { sharedPath } from '../../../interface/test/support/shared.ts';

/** Bytes of a meter fixture that lies beside the repository, or undefined when it is absent. */
export function fixture(name: string): Uint8Array | undefined {
  const path = sharedPath(`fixtures/meters/${name}`);
  return path === undefined ? undefined : new Uint8Array(readFileSync(path));
}

/** Text of a meter fixture; throws when absent, so use it only where `hasFixtures` holds. */
export function fixtureText(name: string): string {
  const bytes = fixture(name);
  if (bytes === undefined) throw new Error(`fixture ${name} is absent`);
  return new TextDecoder().decode(bytes);
}

/** Whether the shared fixtures lie beside the repository; suites over them are skipped when not. */
export const hasFixtures: boolean = fixture('dsmr-v5.txt') !== undefined;
