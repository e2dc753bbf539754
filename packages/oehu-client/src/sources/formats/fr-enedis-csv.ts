import type { Flow } from '@edmp/interface';
import { MeterError } from '../../errors.ts';
import type { FormatOptions, MeterFormat } from '../format.ts';
import { isoInstant } from '../iso-time.ts';
import { issueList, nothingRead, type SourceIssue } from '../issues.ts';
import type { AnyReading, MeterFile } from '../meter-file.ts';
import { intervalOf, registerOf } from '../readings.ts';
import { csvNumber } from './csv/number.ts';
import { csvRows, csvText } from './csv/text.ts';

const MINUTE = 60_000;

/** What the lines above the table say. */
interface Preamble {
  readonly point: string | undefined;
  readonly kind: string;
  readonly flow: Flow;
  readonly unit: string;
  readonly stepMs: number | undefined;
}

/** Steps that a load curve may have, minutes; it changes within a file when the operator changes it. */
const STEPS = new Set([5, 10, 15, 30, 60]);

/**
 * Reads a CSV that Enedis gives its customers: the load curve (mean watts, each told at the end of its step, whatever the
 * step just then is) or the daily registers of each tariff. Throws `ERR_METER_SCHEMA` when it is neither.
 */
export function readEnedisCsv(bytes: Uint8Array, options: FormatOptions = {}): MeterFile {
  const issues = issueList();
  const rows = csvRows(csvText(bytes, undefined, issues), ';').map((row) => row.map((cell) => cell.trim()));
  const preamble = preambleOf(rows, options);
  const table = rows.findIndex((row) => /^horodate/i.test(row[0] ?? ''));
  if (table < 0) throw nothingRead('a line that begins with Horodate', issues);
  const headings = rows[table] ?? [];
  const body = rows.slice(table + 1).map((row, i) => ({ row, line: table + 2 + i }));
  const isCurve = headings.length >= 2 && /^valeur|puissance/i.test(headings[1] ?? '');
  const readings = isCurve
    ? curveReadings(body, preamble, issues)
    : registerReadings(body, headings, preamble, issues);
  if (readings.length === 0) throw nothingRead('an Enedis file with readings', issues);
  return { kind: 'fr-enedis-csv', readings, issues };
}

function preambleOf(rows: readonly (readonly string[])[], options: FormatOptions): Preamble {
  const [names = [], values = []] = rows;
  const isPairs = /^\d{14}$/.test(names[1] ?? '');
  const value = (pattern: RegExp): string => {
    const index = names.findIndex((name) => pattern.test(name));
    return (isPairs ? names[index + 1] : index < 0 ? undefined : values[index]) ?? '';
  };
  const point = value(/^identifiant prm$/i);
  const minutes = Number(value(/^pas en minutes$/i));
  return {
    point: point === '' ? undefined : point,
    kind: value(/^type de donn/i),
    flow:
      options.flow ?? (/production|injection/i.test(value(/^grandeur m[eé]tier$/i)) ? 'export' : 'import'),
    unit: value(/^unit[eé]$/i),
    stepMs: STEPS.has(minutes) ? minutes * MINUTE : undefined,
  };
}

/** A row of the table with its line from 1. */
interface Line {
  readonly row: readonly string[];
  readonly line: number;
}

function curveReadings(body: readonly Line[], preamble: Preamble, issues: SourceIssue[]): AnyReading[] {
  if (preamble.unit !== '' && preamble.unit !== 'W') {
    throw new MeterError(
      'ERR_METER_SCHEMA',
      `Expected a load curve in W, got unit ${JSON.stringify(preamble.unit.slice(0, 20))}`,
    );
  }
  const points: { at: number; cell: string; line: number }[] = [];
  for (const { row, line } of body) {
    const [time = '', cell = ''] = row;
    if (time === '') continue;
    const at = isoInstant(time);
    if (at === undefined)
      issues.push({ code: 'bad-time', at: `row ${line}`, message: 'Expected a time with its offset' });
    else points.push({ at, cell, line });
  }
  points.sort((a, b) => a.at - b.at);
  const usual = preamble.stepMs ?? onlyStep(points.map(({ at }) => at));
  const readings: AnyReading[] = [];
  for (const [i, { at, cell, line }] of points.entries()) {
    if (cell === '') continue;
    const watts = csvNumber(cell, -3, { decimal: cell.includes(',') ? ',' : '.' });
    if (watts === undefined || watts < 0) {
      issues.push({ code: 'bad-value', at: `row ${line}`, message: 'Expected a number of watts' });
      continue;
    }
    // The step is the time since the value before; at the start and after a gap that of the file, if it has but one.
    const since = at - (points[i - 1]?.at ?? Number.NEGATIVE_INFINITY);
    const duration = STEPS.has(since / MINUTE) ? since : usual;
    if (duration === undefined) {
      issues.push({ code: 'bad-time', at: `row ${line}`, message: 'Nothing tells the length of the step' });
      continue;
    }
    readings.push(
      intervalOf({
        commodity: 'electricity',
        flow: preamble.flow,
        start: at - duration,
        duration,
        value: Math.round((watts * duration) / (60 * MINUTE)),
        unit: 'uKWh',
        serial: preamble.point,
        register: 'courbe de charge',
      }),
    );
  }
  return readings;
}

/** The step of a load curve, when it is the same throughout. */
function onlyStep(times: readonly number[]): number | undefined {
  const steps = new Set<number>();
  for (let i = 1; i < times.length; i++) {
    const step = (times[i] ?? 0) - (times[i - 1] ?? 0);
    if (STEPS.has(step / MINUTE)) steps.add(step);
  }
  return steps.size === 1 ? [...steps][0] : undefined;
}

/** Daily registers: EAS F1 … of the supplier's tariffs and EAS T of all; EAS D are the grid's own tariffs of the same energy. */
function registerReadings(
  body: readonly Line[],
  headings: readonly string[],
  preamble: Preamble,
  issues: SourceIssue[],
): AnyReading[] {
  if (preamble.unit !== 'Wh' && preamble.unit !== 'kWh') {
    throw new MeterError(
      'ERR_METER_SCHEMA',
      `Expected registers in Wh or kWh, got unit ${JSON.stringify(preamble.unit.slice(0, 20))}`,
    );
  }
  const columns = headings.flatMap((name, index) => {
    const match = /^EA[SI] (?:F(\d{1,2})|T)$/.exec(name);
    return match === null
      ? []
      : [{ index, name, tariff: match[1] === undefined ? ('total' as const) : Number(match[1]) }];
  });
  const readings: AnyReading[] = [];
  for (const { row, line } of body) {
    const at = isoInstant(row[0]);
    // What follows the registers is another table, of the calendar of tariffs.
    if (at === undefined) break;
    for (const { index, name, tariff } of columns) {
      const cell = row[index] ?? '';
      if (cell === '') continue;
      const value = csvNumber(cell, preamble.unit === 'Wh' ? -3 : 0, {});
      if (value === undefined || value < 0) {
        issues.push({ code: 'bad-value', at: `row ${line}, ${name}`, message: 'Expected a register' });
        continue;
      }
      readings.push(
        registerOf({
          commodity: 'electricity',
          flow: name.startsWith('EAI') ? 'export' : preamble.flow,
          tariff,
          at,
          value,
          unit: 'uKWh',
          serial: preamble.point,
          register: name,
        }),
      );
    }
  }
  return readings;
}

/** Files that customers of Enedis download. */
export const enedisCsvFormat: MeterFormat = {
  kind: 'fr-enedis-csv',
  title: 'Load curve (courbe de charge) and daily registers of Enedis (FR) as CSV',
  proof: 'unproven',
  looksLike: ({ head }) => /^identifiant prm;/i.test(head) && /(^|[\r\n])"?horodate/i.test(head),
  read: ({ bytes }, options) => readEnedisCsv(bytes, options),
};
