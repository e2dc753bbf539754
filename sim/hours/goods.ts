import {
  type Crypto,
  type IntervalSeries,
  type RegisterReading,
  seededRandom,
} from '../../packages/interface/src/index.ts';
import { type Branches, branch, intervalSeries } from '../../packages/oehu-client/src/index.ts';

const QUARTER = 900_000;
const QUARTERS = 96;

/** A day of quarter hours of a made-up household, in UTC. */
export function dayOf(seed: number, start: number): IntervalSeries {
  const random = seededRandom(seed);
  let value = 1_000_000;
  const readings: RegisterReading[] = Array.from({ length: QUARTERS + 1 }, (_, n) => {
    value += 20_000 + random.below(200_000);
    return {
      commodity: 'electricity',
      flow: 'import',
      tariff: 'total',
      at: start + n * QUARTER,
      value,
      unit: 'uKWh',
      trust: 'unsigned',
      record: `r${n}`,
    };
  });
  return intervalSeries(readings, {
    from: start,
    to: start + QUARTERS * QUARTER,
    commodity: 'electricity',
    flow: 'import',
    step: 'PT15M',
    zone: 'UTC',
  });
}

/** What is put up for sale of a day, under a number of its own. */
export function goodsOf(series: IntervalSeries, number: number, crypto: Pick<Crypto, 'sha256'>): Branches {
  return branch(series, {
    accuracy: 100_000,
    location: null,
    household: null,
    consent: null,
    listing: String(number),
    title: `One day ${number}`,
    licence: 'EDMP-personal-1',
    purposes: ['research'],
    pseudonymKey: crypto.sha256(Uint8Array.of(number & 255, number >> 8)),
  });
}
