import { ATTESTATION_LEVELS, type IntervalSeries, Quality } from '@edmp/interface';
import { areGapsTold, INTERVAL_STEPS, toldGaps } from '@edmp/interface/dataset';
import { type BranchOptions, branch, readMeterFile, zoneOf } from '@edmp/oehu-client';
import { type HouseholdParameters, simulateDay } from '@edmp/oehu-client/emulator';
import {
  cellArea,
  coarseCell,
  DEFAULT_LISTING_STEP,
  geohash,
  OTHERS_IN_CELL,
  SMALLEST_CELL_KM2,
  screenText,
  whatThisReveals,
  wholeDays,
} from '@edmp/oehu-client/privacy';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const zone = zoneOf('Europe/Amsterdam');
const options: BranchOptions = {
  accuracy: 200,
  location: { latitude: 51.9175, longitude: 4.4549 },
  household: null,
  pseudonymKey: new Uint8Array(32).fill(7),
  listing: 'listing 1',
  device: 'E0042007123',
  licence: 'EDMP-personal-1',
  purposes: ['research'],
  title: 'A house',
  consent: null,
};

function hours(start: number, values: readonly (number | null)[]): IntervalSeries {
  const quality = Uint8Array.from(values, (value) => (value === null ? Quality.missing : Quality.measured));
  const common = { commodity: 'electricity', flow: 'import', unit: 'uKWh', trust: 'unsigned' } as const;
  return { ...common, start, step: 'PT1H', zone: zone.name, values, quality, verified: 0 };
}
const day = zone.midnight('2026-01-13');
const HOUR = 3_600_000;

it('default step: a listing has days unless its owner chooses a finer step', () => {
  expect(DEFAULT_LISTING_STEP).toBe('P1D');
  expect(INTERVAL_STEPS).toContain(DEFAULT_LISTING_STEP);
});

it('unsigned sources have a level of their own, the lowest, and no verified reading', () => {
  const header = 'start,seconds,commodity,flow,tariff,value,unit,quality';
  const row = '2026-01-13T00:00:00Z,3600,electricity,import,total,0.125,kWh,measured';
  const file = readMeterFile(new TextEncoder().encode(`${header}\n${row}\n`));
  expect(file.readings.map(({ trust }) => trust)).toEqual(['unsigned']);
  expect(ATTESTATION_LEVELS[0]).toBe('unsigned');
  const { descriptor } = branch(hours(day, new Array<number>(24).fill(1)), options);
  expect([descriptor.attestation, descriptor.verified]).toEqual(['unsigned', 0]);
});

describe('title and free text', () => {
  it.each([
    ['Power at Kerkstraat 12', 'address', 'Kerkstraat 12'],
    ['Hauptstr. 5, first floor', 'address', 'Hauptstr. 5'],
    ['12 Baker Street', 'address', '12 Baker Street'],
    ['12, rue de la Paix', 'address', '12, rue'],
    ['Calle de Alcalá 45 in spring', 'address', 'Calle de Alcalá 45'],
    ['Via Garibaldi n. 3', 'address', 'Via Garibaldi n. 3'],
    ['Strandvej 7b', 'address', 'Strandvej 7b'],
    ['my home, 3011 AB', 'address', '3011 AB'],
    ['SW1A 1AA', 'address', 'SW1A 1AA'],
    ['flat in 10115 Berlin', 'address', '10115 Berlin'],
    ['A-1010, second floor', 'address', 'A-1010'],
    ['write to jan.de.vries@example.org', 'e-mail', 'jan.de.vries@example.org'],
    ['jan (at) example.org', 'e-mail', 'jan (at) example.org'],
    ['call +31 6 12345678', 'phone', '+31 6 12345678'],
    ['call 06-1234 5678', 'phone', '06-1234 5678'],
    ['0049 (30) 901820', 'phone', '0049 (30) 901820'],
    ['(555) 123-4567', 'phone', '(555) 123-4567'],
    ['EAN 871687110000123456', 'meter number', '871687110000123456'],
    ['8716 8711 0000 1234 56', 'meter number', '8716 8711 0000 1234 56'],
    ['meter E0042007123', 'meter number', 'E0042007123'],
    ['serial no. 12-3456', 'meter number', 'serial no. 12-3456'],
    ['４２００７１２３４５', 'meter number', '4200712345'],
    ['51.9175, 4.4549', 'coordinates', '51.9175, 4.4549'],
    ['Kerkstraat12', 'address', 'Kerkstraat12'],
    ['Kerkstraat, nr. 12', 'address', 'Kerkstraat, nr. 12'],
    ['Kerk\u200bstraat\u00ad 12', 'address', 'Kerkstraat 12'],
    ['Via Roma, 5', 'address', 'Via Roma, 5'],
    ['C/ Mayor 12', 'address', 'C/ Mayor 12'],
    ['Unter den Linden 77', 'address', 'Linden 77'],
    ['Lange Gasse 4', 'address', 'Gasse 4'],
    ['Hauptstr 5', 'address', 'Hauptstr 5'],
    ['flat, 3011ab', 'address', '3011ab'],
    ['SW1A1AA and sw1a 1aa', 'address', 'SW1A1AA | sw1a 1aa'],
    ['75001 PARIS', 'address', '75001 PARIS'],
    ['1EMH0012345678', 'meter number', '1EMH0012345678'],
    ['1 EMH 00 1234 5678', 'meter number', '1 EMH 00 1234 5678'],
    ['pay to NL91ABNA0417164300', 'meter number', 'NL91ABNA0417164300'],
    ['the one with E00-4200 7123', 'meter number', 'E0042007123'],
    ['jan at example dot org', 'e-mail', 'jan at example dot org'],
    ['N52 22.4 E4 53', 'coordinates', 'N52 22.4 E4'],
  ])('screened: %s', (text, kind, words) => {
    const found = screenText(text, ['E0042007123']);
    expect(found.map((one) => one.kind)).toContain(kind);
    expect(found.map((one) => one.words).join(' | ')).toContain(words);
  });

  it.each([
    'Household smart-meter data',
    'Electricity used, 12 January 2026',
    'Electricity used, 2026-01-10 to 2026-01-31',
    'Gas, 01-02-2026 – 28-02-2026',
    'Four people, heat pump, 8 kWp solar, 2 cars',
    'A flat of 85 m² from 1974, 3 500 kWh a year',
    'Energy community Sun 2026, part 3 of 12',
    'EDMP-personal-1',
    'research',
    'Smart meter 2026 readings',
    '2025 PV production of a house',
    'A heat pump of 5000 VA',
    'One 50 kW charger on the way to work',
    'Measured during 2026, and in spring 2025',
    'Close to 5 people, all 24 hours of a day',
    'Solar 4500wp and 3500 kWh, 35040 values',
    'Onderweg 2026',
    '',
  ])('passes: %s', (text) => {
    expect(screenText(text)).toEqual([]);
  });

  it('a listing with such words is refused, by code and with the words, unless that is allowed expressly', () => {
    const series = hours(day, new Array<number>(24).fill(1));
    const personal = { ...options, title: 'Kerkstraat 12', purposes: ['mail jan@example.org'] };
    expect(() => branch(series, personal)).toThrowError(
      expect.objectContaining({
        code: 'ERR_PRIVACY_TEXT',
        message: expect.stringContaining('"Kerkstraat 12" in title looks like an address'),
        details: {
          findings: [
            { field: 'title', kind: 'address', words: 'Kerkstraat 12' },
            { field: 'purposes', kind: 'e-mail', words: 'jan@example.org' },
          ],
        },
      }),
    );
    expect(() => branch(series, { ...options, title: `of ${options.device}` })).toThrowError(
      expect.objectContaining({ code: 'ERR_PRIVACY_TEXT' }),
    );
    const mounted = { ...options, device: 'house/E0042007123' };
    expect(branch(series, { ...mounted, title: 'A house' }).descriptor.title).toBe('A house');
    expect(() => branch(series, { ...mounted, title: 'of E0042007123' })).toThrowError(/meter number/);
    expect(branch(series, { ...personal, allowPersonalText: true }).descriptor.title).toBe('Kerkstraat 12');
  });

  it('is looked at in little time, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
        for (const { words } of screenText(text)) {
          // Also where nothing can be seen between them.
          expect(text.normalize('NFKC').replace(/\p{Cf}/gu, '')).toContain(words);
        }
      }),
    );
    for (const text of [
      'a'.repeat(5_000),
      '1 '.repeat(3_000),
      'straat '.repeat(500),
      '@'.repeat(4_000),
      '+1-'.repeat(1_500),
      'A1'.repeat(1_000),
      'rue a '.repeat(400),
      'straat, nr. '.repeat(200),
    ])
      screenText(text);
  });
});

describe('partial days', () => {
  it('are left out at both ends, and what is inside stays', () => {
    const whole = hours(day, new Array<number>(48).fill(3));
    expect(wholeDays(whole)).toBe(whole);
    const from14 = hours(day - 10 * HOUR, new Array<number>(10 + 24 + 7).fill(3));
    expect(wholeDays(from14)).toMatchObject({ start: day, values: new Array<number>(24).fill(3) });
    expect(wholeDays(hours(day + HOUR, [1, 2, 3])).values).toEqual([]);
    expect(() => branch(hours(day + HOUR, [1, 2, 3]), options)).toThrowError(
      expect.objectContaining({ code: 'ERR_METER_RANGE' }),
    );
  });

  it('do not give the hidden start away: the listing is the same wherever in the day the data begins', () => {
    const listed = [1, 5, 13, 23].map((missing) => {
      const series = hours(day - (24 - missing) * HOUR, new Array<number>(24 - missing + 48).fill(3));
      const { descriptor, consumption } = branch(series, options);
      return {
        from: descriptor.from,
        to: descriptor.to,
        count: descriptor.count,
        offset: consumption.offsetMinutes,
      };
    });
    expect(new Set(listed.map((one) => JSON.stringify(one))).size).toBe(1);
  });
});

describe('gap counts', () => {
  it('are told in twentieths, rounded up, and none is none', () => {
    expect([0, 1, 5, 6, 96].map((gaps) => toldGaps(96, gaps))).toEqual([0, 5, 5, 10, 96]);
    expect([0, 1, 2].map((gaps) => toldGaps(7, gaps))).toEqual([0, 1, 2]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.nat(1e6), (count, some) => {
        const gaps = some % (count + 1);
        const told = toldGaps(count, gaps);
        expect(told).toBeGreaterThanOrEqual(gaps);
        expect(told).toBeLessThanOrEqual(count);
        expect(told - gaps).toBeLessThan(Math.max(1, Math.ceil(count / 20)));
        expect(toldGaps(count, told)).toBe(told);
        expect(areGapsTold(count, told, gaps) && areGapsTold(count, gaps, gaps)).toBe(true);
      }),
    );
    expect(areGapsTold(96, 10, 5)).toBe(false);
    expect(areGapsTold(96, 5, 6)).toBe(false);
    expect(areGapsTold(96, 7, 6)).toBe(false);
  });

  it('tell the same of a day with one gap as of one with two', () => {
    const of = (gaps: number): number => {
      const values = Array.from({ length: 24 }, (_, i) => (i < gaps ? null : 3));
      return branch(hours(day, values), options).descriptor.gaps;
    };
    expect([of(0), of(1), of(2), of(3)]).toEqual([0, 2, 2, 4]);
  });
});

describe('place cells', () => {
  it('are chosen by area, not by length: cells of five characters shrink northwards', () => {
    const at = (latitude: number) => coarseCell({ latitude, longitude: 10 }, 200);
    expect([0, 40, 59, 61, 70].map((latitude) => at(latitude)?.length)).toEqual([5, 5, 5, 4, 4]);
    fc.assert(
      fc.property(
        fc.double({ min: -90, max: 90, noNaN: true }),
        fc.double({ min: -180, max: 180, noNaN: true }),
        fc.double({ min: 0, max: 49_999, noNaN: true }),
        (latitude, longitude, accuracy) => {
          const cell = coarseCell({ latitude, longitude }, accuracy);
          if (cell === null) return;
          expect(cellArea(cell)).toBeGreaterThanOrEqual(SMALLEST_CELL_KM2);
          expect(cellArea(cell)).toBeGreaterThanOrEqual(Math.PI * (accuracy / 1000) ** 2);
          expect(geohash({ latitude, longitude }, cell.length)).toBe(cell);
        },
      ),
    );
    // The areas of all cells together are that of the earth.
    const letters = [...'0123456789bcdefghjkmnpqrstuvwxyz'];
    const earth = letters.reduce((sum, cell) => sum + cellArea(cell), 0);
    expect(earth / (4 * Math.PI * 6371 ** 2)).toBeCloseTo(1, 9);
  });

  it('by the k-rule are no finer than a region until five others sell within', () => {
    const point = { latitude: 51.92, longitude: 4.45 };
    const among = (street: number, town: number) =>
      coarseCell(point, 200, { othersIn: (cell) => (cell.length === 5 ? street : town) });
    expect(OTHERS_IN_CELL).toBe(5);
    expect([among(0, 0), among(4, 4), among(4, 5), among(5, 9)]).toEqual(['u15', 'u15', 'u15p', 'u15pm']);
    const { descriptor } = branch(hours(day, new Array<number>(24).fill(1)), {
      ...options,
      othersIn: () => 4,
    });
    expect(descriptor.cell).toBe('u15');
  });
});

describe('what a series reveals, beside the published plateaus', () => {
  const household: HouseholdParameters = {
    seed: 1,
    occupants: 2,
    annualKwh: 3_000,
    shiftHours: 0,
    solarWatts: 0,
    carWatts: 0,
    gas: false,
    heating: 1,
  };

  /** Minutes of two weeks of a household, as import or as what its panels feed in. */
  function minutes(seed: number): IntervalSeries {
    const own = { ...household, seed, occupants: 1 + (seed % 4), annualKwh: 1_800 + 500 * (seed % 6) };
    const values: number[] = [];
    const start = zone.midnight('2026-01-12');
    for (let n = 0, at = start; n < 14; n++, at = zone.nextDay(at))
      for (const watts of simulateDay(own, zone, at).load) values.push(Math.round((watts * 1000) / 60));
    return { ...hours(start, values), step: 'PT1M' };
  }

  it('an hour hides little more about the people than a quarter of an hour, and a day hides nearly all', () => {
    const habits = (series: IntervalSeries, step: 'PT15M' | 'PT1H' | 'P1D'): string[] =>
      whatThisReveals(series, step)
        .found.filter(({ sensitivity }) => sensitivity === 'high')
        .map(({ kind }) => kind)
        .sort();
    let [quarter, hour, whole, same] = [0, 0, 0, 0];
    const homes = 12;
    for (let seed = 1; seed <= homes; seed++) {
      const series = minutes(seed);
      const found = [habits(series, 'PT15M'), habits(series, 'PT1H'), habits(series, 'P1D')] as const;
      quarter += found[0].length;
      hour += found[1].length;
      whole += found[2].length;
      if (found[0].join() === found[1].join()) same++;
    }
    expect(same / homes).toBeGreaterThanOrEqual(0.75);
    expect(hour / quarter).toBeGreaterThanOrEqual(0.8);
    expect(whole / hour).toBeLessThanOrEqual(0.35);
  });

  it('says nothing of absence in what is fed in: a dark day is not an empty house', () => {
    const bright = new Array<number>(24).fill(0).map((_, hour) => (hour > 8 && hour < 18 ? 900_000 : 0));
    const dark = bright.map((value) => value / 20);
    const values = [bright, bright, dark, bright, bright, bright, dark].flat();
    const series: IntervalSeries = { ...hours(day, values), flow: 'export' };
    for (const step of ['PT1H', 'P1D'] as const)
      expect(whatThisReveals(series, step).found.map(({ kind }) => kind)).not.toContain('absence');
    const used: IntervalSeries = { ...series, flow: 'import' };
    expect(whatThisReveals(used, 'P1D').found.map(({ kind }) => kind)).toContain('absence');
  });
});
