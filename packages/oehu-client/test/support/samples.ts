import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ReadMeterFileOptions } from '@edmp/oehu-client';

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
const SAMPLES_TAKEN: number = Date.UTC(2026, 10, 1);

/** What a sample does not tell of itself and has to be told, by kind. */
const DECLARED: Readonly<Record<string, ReadMeterFileOptions>> = {
  'han-dlms': { keys: { encryption: '000102030405060708090A0B0C0D0E0F' } },
  'home-assistant': { commodity: 'electricity' },
  'home-assistant-csv': { commodity: 'electricity' },
  'us-green-button-csv': { zone: 'America/Los_Angeles' },
};

/** Options that a sample is read with. */
export function sampleOptions(kind: string): ReadMeterFileOptions {
  return { receivedAt: SAMPLES_TAKEN, ...DECLARED[kind] };
}
