import { microFromText } from '../../decimal.ts';
import { MeterError } from '../../errors.ts';
import type { MeterReading } from '../../reading.ts';
import { arrivalOf } from '../arrival.ts';
import type { FormatOptions, MeterFormat } from '../format.ts';
import { withoutFraming } from '../framing.ts';
import { issueList, nothingRead, type SourceIssue } from '../issues.ts';
import { type MeterFile, NO_TIME } from '../meter-file.ts';
import { registerOf } from '../readings.ts';
import { sourceUnit } from '../units.ts';
import { localMs } from './csv/dates.ts';
import { WallClock } from './csv/wall-clock.ts';

const LINE = /^(?:(\d{1,3}-\d{1,3}):)?([0-9A-FC-L]{1,3}\.\d{1,3}(?:\.\d{1,3})?)(?:\*(\d{1,3}))?\(([^()]*)\)/;

/** Most data sets of a log. */
const MAX_SETS = 100_000;

/** A data set: the identification and its lines. */
interface DataSet {
  readonly index: number;
  /** Text in brackets by identifier; values of earlier billing periods (`*01` …) are left out. */
  readonly values: ReadonlyMap<string, string>;
}

/** Cuts the text at identifications `/XXX…` and ends `!`. */
function dataSets(text: string, issues: SourceIssue[]): DataSet[] {
  const sets: { index: number; values: Map<string, string> }[] = [];
  let current: { index: number; values: Map<string, string> } | undefined;
  for (const [i, raw] of withoutFraming(text)
    .split(/\r\n|\n|\r/)
    .entries()) {
    const line = raw.trim();
    if (/^\/[A-Za-z]{3}/.test(line)) {
      if (current !== undefined && current.values.size > 0) {
        issues.push({
          code: 'truncated',
          at: `line ${i + 1}`,
          message: 'A data set began before the last one had ended',
        });
      }
      current = { index: sets.length, values: new Map() };
    } else if (line.startsWith('!')) {
      if (current !== undefined) sets.push(current);
      current = undefined;
      if (sets.length > MAX_SETS)
        throw new MeterError('ERR_METER_LIMIT', `A log has at most ${MAX_SETS} data sets`);
    } else if (current !== undefined) {
      const match = LINE.exec(line);
      const isEarlier = match?.[3] !== undefined && match[3] !== '255';
      if (match !== null && !isEarlier && !current.values.has(match[2] ?? '')) {
        current.values.set(match[2] ?? '', match[4] ?? '');
      }
    }
  }
  if (current !== undefined && current.values.size > 0) {
    issues.push({ code: 'truncated', at: '$', message: 'The last data set does not end and is left out' });
  }
  return sets;
}

/** The meter's own time: 0.9.1 (time) and 0.9.2 (date), with or without separators and a leading season or weekday. */
function ownTime(values: ReadonlyMap<string, string>, clock: WallClock): number | undefined {
  const digits = (text: string | undefined): string | undefined => text?.replace(/\D/g, '').slice(-6);
  const time = digits(values.get('0.9.1') ?? values.get('C.1.1'));
  const date = digits(values.get('0.9.2'));
  if (time?.length !== 6 || date?.length !== 6) return undefined;
  const day = `20${date.slice(0, 2)}-${date.slice(2, 4)}-${date.slice(4)}`;
  const local = localMs(day, 'day-first', `${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}`);
  return local === undefined ? undefined : (clock.unique(local) ?? clock.pair(local)?.[0]);
}

/**
 * Reads data sets of the optical D0 interface (IEC 62056-21 mode A to D): registers 1.8.x and 2.8.x in kWh. A meter with
 * a clock (0.9.1, 0.9.2) tells its time; otherwise the last data set has the time of arrival and earlier ones that by the
 * declared spacing, else none. Throws `ERR_METER_FORMAT` when there is no whole data set.
 */
export function readD0(text: string, options: FormatOptions = {}): MeterFile {
  const issues = issueList();
  const sets = dataSets(text, issues);
  if (sets.length === 0) {
    throw new MeterError('ERR_METER_FORMAT', 'Expected a data set from a line with / to one with !');
  }
  const clock = new WallClock(options.zone ?? 'Europe/Berlin');
  const readings: MeterReading[] = [];
  let untimed = 0;
  for (const { index, values } of sets) {
    const at = ownTime(values, clock) ?? arrivalOf(index, sets.length, options);
    if (at === NO_TIME) untimed++;
    const serial = values.get('0.0.0') ?? values.get('C.1.0') ?? values.get('96.1.0');
    for (const [code, content] of values) {
      const match = /^([12])\.8\.(\d)$/.exec(code);
      if (match === null) continue;
      const [number = '', unitText = 'kWh'] = content.split('*');
      const unit = sourceUnit(unitText);
      const where = `data set ${index}, ${code}`;
      if (unit?.unit !== 'uKWh') {
        const message = `Expected kWh, got unit ${JSON.stringify(unitText.slice(0, 20))}`;
        issues.push({ code: 'unknown-unit', at: where, message });
        continue;
      }
      let value = -1;
      try {
        value = microFromText(number.trim(), unit.power);
      } catch {
        // Told below.
      }
      if (value < 0) {
        issues.push({ code: 'bad-value', at: where, message: 'Expected a number that is not negative' });
        continue;
      }
      readings.push(
        registerOf({
          commodity: 'electricity',
          flow: match[1] === '1' ? 'import' : 'export',
          tariff: match[2] === '0' ? 'total' : Number(match[2]),
          at,
          value,
          unit: 'uKWh',
          serial: serial === '' ? undefined : serial,
          register: code,
        }),
      );
    }
  }
  if (untimed > 0) {
    const message = `${untimed} data sets tell no time; give the time of arrival and, for a log, the seconds between them`;
    issues.push({ code: 'no-time', at: '$', message });
  }
  if (readings.length === 0) throw nothingRead('data sets with registers of energy', issues);
  return { kind: 'd0', readings, issues };
}

/** The optical interface of older electronic meters. */
export const d0Format: MeterFormat = {
  kind: 'd0',
  title:
    'Read-out of the optical D0 interface (IEC 62056-21) of German and Austrian meters, one data set or a log',
  proof: 'unproven',
  declare: 'the time of arrival, when the meter has no clock; of a log the seconds between data sets',
  looksLike: ({ head }) =>
    /(?:^|[\r\n])\/[A-Za-z]{3}[^\r\n]*\r?\n/.test(head) &&
    /[\r\n][12]\.8\.\d(?:\*255)?\(/.test(withoutFraming(head)),
  read: ({ text }, options) => readD0(text, options),
};
