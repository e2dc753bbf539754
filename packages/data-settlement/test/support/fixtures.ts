import { type Consumption, type Descriptor, Quality, seededRandom } from '@edmp/interface';

export interface Series {
  readonly descriptor: Descriptor;
  readonly consumption: Consumption;
}

/** Quarter-hour series of `days` whole days in Amsterdam from 2026-01-01 (no clock change before 29 March). */
export function quarterHours(options: { days?: number; seed?: number; gaps?: number } = {}): Series {
  const { days = 1, seed = 7, gaps = 2 } = options;
  const random = seededRandom(seed);
  const count = 96 * days;
  const values: (number | null)[] = [];
  const quality = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const missing = i >= 10 && i < 10 + gaps;
    values.push(missing ? null : random.below(500_000));
    quality[i] = missing ? Quality.missing : i % 40 === 0 ? Quality.estimated : Quality.measured;
  }
  const to = new Date(Date.UTC(2026, 0, days)).toISOString().slice(0, 10);
  return {
    descriptor: descriptorOf({ count, gaps, to }),
    consumption: { values, quality, offsetMinutes: 0 },
  };
}

/** A valid descriptor of one quarter-hour day, with changes. */
export function descriptorOf(changes: Partial<Descriptor> = {}): Descriptor {
  return {
    commodity: 'electricity',
    flow: 'import',
    unit: 'uKWh',
    step: 'PT15M',
    zone: 'Europe/Amsterdam',
    from: '2026-01-01',
    to: '2026-01-01',
    count: 96,
    gaps: 0,
    cell: 'u173z',
    household: { kind: 'house', occupants: '2' },
    attestation: 'signed',
    verified: 90,
    pseudonym: new Uint8Array(16).fill(9),
    licence: 'EDMP-personal-1',
    purposes: ['research'],
    consent: new Uint8Array(32).fill(4),
    title: 'A quarter-hour day in Delft',
    ...changes,
  };
}
