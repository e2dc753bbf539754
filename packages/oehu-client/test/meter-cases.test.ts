import { readFileSync } from 'node:fs';
import { isEdmpError } from '@edmp/interface';
import {
  formatReading,
  type IntervalSeriesOptions,
  intervalSeries,
  type MeterFile,
  type ReadMeterFileOptions,
  readMeterFile,
  registersOf,
} from '@edmp/oehu-client';
import { formatMicro } from '@edmp/oehu-client/time';
import { describe, expect, it } from 'vitest';
import { sharedPath } from '../../interface/test/support/shared.ts';

/** A case that somebody reported publicly, with the right answer (`cases.json` beside the repository). */
interface MeterCase {
  readonly id: number;
  readonly name: string;
  readonly input: string;
  readonly options: ReadMeterFileOptions;
  readonly series: IntervalSeriesOptions | null;
  readonly expect: {
    readonly readings?: readonly Readonly<Record<string, unknown>>[];
    readonly contains?: readonly Readonly<Record<string, unknown>>[];
    readonly count?: number;
    readonly issues?: 'some';
    readonly flagged?: string;
    readonly values?: readonly (string | null)[];
    readonly export?: readonly [];
    readonly or_refuse?: boolean;
  };
}

const folder = sharedPath('fixtures/meter-cases');
const cases: readonly MeterCase[] =
  folder === undefined ? [] : JSON.parse(readFileSync(`${folder}/cases.json`, 'utf8'));
const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(`${folder}/${name}`));

/** The file, or undefined when it was refused by a typed error that says what is wrong. */
function readOrRefuse(one: MeterCase): MeterFile | undefined {
  try {
    return readMeterFile(bytesOf(one.input), one.options);
  } catch (error) {
    if (!isEdmpError(error) || !error.code.startsWith('ERR_METER_')) throw error;
    return undefined;
  }
}

describe.skipIf(folder === undefined)(
  'publicly reported meter files (fixtures beside the repository)',
  () => {
    it('are thirty', () => expect(cases).toHaveLength(30));

    it.each(cases.map((one) => [one.id, one.name, one] as const))('%i %s', (_id, _name, one) => {
      const wanted = one.expect;
      const file = readOrRefuse(one);
      if (file === undefined) {
        expect(wanted.or_refuse ?? wanted.flagged !== undefined, 'the file was refused').toBe(true);
        return;
      }
      const rows = file.readings.map(formatReading);
      if (wanted.readings !== undefined) expect(rows).toMatchObject(wanted.readings);
      for (const part of wanted.contains ?? []) expect(rows).toContainEqual(expect.objectContaining(part));
      if (wanted.count !== undefined) expect(rows).toHaveLength(wanted.count);
      if (wanted.issues === 'some' || wanted.flagged !== undefined) expect(file.issues).not.toEqual([]);
      if (wanted.export !== undefined) expect(rows.filter((row) => row.flow === 'export')).toEqual([]);
      if (wanted.values !== undefined && one.series !== null) {
        const series = intervalSeries(registersOf(file.readings), one.series);
        expect(series.values.map((value) => (value === null ? null : formatMicro(value)))).toEqual(
          wanted.values,
        );
      }
    });
  },
);
