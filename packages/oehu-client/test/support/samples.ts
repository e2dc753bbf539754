import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../samples/', import.meta.url));

/** A sample of our own making: `samples/<kind>[.<what>].<ending>`. */
export interface Sample {
  readonly name: string;
  /** The kind that it must be found to be. */
  readonly kind: string;
  readonly bytes: Uint8Array;
}

/** All samples in the order of their names. */
export const samples: readonly Sample[] = readdirSync(folder)
  .filter((name) => !name.startsWith('.'))
  .sort()
  .map((name) => ({
    name,
    kind: name.slice(0, name.indexOf('.')),
    bytes: new Uint8Array(readFileSync(folder + name)),
  }));

/** When the samples are said to have been taken: after everything in them, ms since the epoch. */
export const SAMPLES_TAKEN: number = Date.UTC(2026, 1, 1);
