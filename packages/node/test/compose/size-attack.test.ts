/** What a stranger learns of a household from sizes alone: nothing (review D1, DESIGN §5.1). */

import { type Consumption, type Descriptor, seededRandom } from '@edmp/interface';
import { zoneOf } from '@edmp/oehu-client';
import { type HouseholdParameters, householdParameters, simulateDay } from '@edmp/oehu-client/emulator';
import { describe, expect, it } from 'vitest';
import { descriptorOf } from '../../../data-settlement/test/support/fixtures.ts';
import { sizesOfTrade } from '../../../data-settlement/test/support/trade-sizes.ts';

const HOUSEHOLDS = 200;
const DAYS = ['2026-01-14', '2026-01-15'];
const zone = zoneOf('Europe/Amsterdam');
/** Minutes of an interval, and what every household of an attack is described as. */
interface Described {
  readonly minutes: number;
  readonly descriptor: Descriptor;
}
const described = (step: 'PT1M' | 'PT15M', minutes: number): Described => ({
  minutes,
  descriptor: descriptorOf({
    step,
    from: DAYS[0] ?? '',
    to: DAYS[1] ?? '',
    count: (1440 / minutes) * DAYS.length,
  }),
});

/** A household's use, in micro-kWh an interval; `extra` is a load in W on top, by minute. */
function consumptionOf(
  household: HouseholdParameters,
  { minutes, descriptor }: Described,
  extra: (minute: number) => number = () => 0,
): Consumption {
  const energy = new Float64Array(descriptor.count);
  let minute = 0;
  for (const day of DAYS) {
    const { load } = simulateDay(household, zone, zone.startOfDay(Date.parse(`${day}T12:00:00Z`)));
    for (const watts of load) {
      // 1 W over a minute is 1/60 Wh, and 1 Wh is 1000 micro-kWh.
      const at = Math.floor(minute / minutes);
      energy[at] = (energy[at] ?? 0) + ((watts + extra(minute)) * 1000) / 60;
      minute += 1;
    }
  }
  return { values: [...energy].map(Math.round), quality: new Uint8Array(energy.length), offsetMinutes: 0 };
}

/** Two states of a household that nobody may tell apart. */
interface Secret {
  readonly name: string;
  readonly shown: Described;
  /** Household number `index` in its first or second state. */
  readonly make: (index: number, second: boolean, shown: Described) => Consumption;
}
const SECRETS: readonly Secret[] = [
  {
    name: 'an empty house or a lived-in one',
    shown: described('PT15M', 15),
    make(index, second, shown) {
      const household = householdParameters(41, index, { solar: 0 });
      return consumptionOf(second ? household : { ...household, annualKwh: 60 }, shown);
    },
  },
  {
    name: 'a flat or a house with a heat pump',
    shown: described('PT1M', 1),
    make(index, second, shown) {
      const household = { ...householdParameters(43, index, { solar: 0 }), annualKwh: 1_400 };
      const watts = 1_500 + seededRandom(index).below(3_000);
      return consumptionOf(household, shown, (minute) => (second && minute % 90 < 50 ? watts : 0));
    },
  },
];

type Sample = { readonly features: readonly number[]; readonly second: boolean };

/** Distance-weighted nearest neighbours over standardised features; a tie says "first". */
function guess(known: readonly Sample[], features: readonly number[]): boolean {
  const scale = features.map((_, i) => {
    const column = known.map((sample) => sample.features[i] ?? 0);
    return Math.max(...column) - Math.min(...column) || 1;
  });
  const near = known
    .map(({ features: other, second }) => ({
      second,
      distance: features.reduce((sum, x, i) => sum + Math.abs(x - (other[i] ?? 0)) / (scale[i] ?? 1), 0),
    }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 9);
  return near.filter(({ second }) => second).length > 4;
}

/** How many of the second half a classifier that learnt from the first half puts right. */
function rightGuesses(samples: readonly Sample[]): number {
  const half = samples.length / 2;
  const known = samples.slice(0, half);
  return samples.slice(half).filter(({ features, second }) => guess(known, features) === second).length;
}

/** 95 % of all fair coins fall within this of half of `n` throws. */
const margin = (n: number): number => 1.96 * Math.sqrt(n / 4);

/** Households in random order, half of them in each state in each half of the list. */
function population({ make, shown }: Secret): readonly {
  readonly consumption: Consumption;
  readonly second: boolean;
}[] {
  const random = seededRandom(47);
  return [0, 1].flatMap((half) => {
    const size = HOUSEHOLDS / 2;
    const part = Array.from({ length: size }, (_, i) => ({
      consumption: make(half * size + i, i % 2 === 1, shown),
      second: i % 2 === 1,
      order: random.unit(),
    }));
    return part.sort((a, b) => a.order - b.order);
  });
}

/** Bytes of the values in the shortest form of each, padded to 256: what was sent before sizes were fixed. */
function variableLength({ values }: Consumption): number {
  let bytes = 11;
  for (const value of values) bytes += Math.max(1, Math.ceil(Math.log2((value ?? 0) + 1) / 7));
  return Math.ceil(bytes / 256) * 256;
}

describe.each(SECRETS)('sizes of $name', (secret) => {
  it('tell a classifier no more than a coin does', { timeout: 120_000 }, async () => {
    const samples: Sample[] = [];
    for (const { consumption, second } of population(secret)) {
      samples.push({
        second,
        features: await sizesOfTrade({ descriptor: secret.shown.descriptor, consumption }),
      });
    }
    // Document, acceptance, requests, answers, blocks: there was something to look at.
    expect(samples[0]?.features.length).toBeGreaterThan(8);
    const tested = HOUSEHOLDS / 2;
    expect(Math.abs(rightGuesses(samples) - tested / 2)).toBeLessThanOrEqual(margin(tested));
    // And by the very strictest attack: all vectors of sizes are one.
    expect(new Set(samples.map(({ features }) => features.join())).size).toBe(1);
  });

  it('told the same classifier a lot while lengths followed the values', () => {
    const samples = population(secret).map(({ consumption, second }) => ({
      second,
      features: [variableLength(consumption)],
    }));
    const tested = HOUSEHOLDS / 2;
    expect(rightGuesses(samples) - tested / 2).toBeGreaterThan(2 * margin(tested));
  });
});
