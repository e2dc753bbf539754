import { type Flow, Quality, type QualityCode } from '@edmp/interface';
import { MeterError } from '../../errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../../oehu/json.ts';
import type { IntervalReading } from '../../reading.ts';
import { zoneOf } from '../../time/zone.ts';
import type { FormatOptions, MeterFormat } from '../format.ts';
import { issueList, nothingRead, type SourceIssue } from '../issues.ts';
import { durationMs, jsonAmount } from '../json-amount.ts';
import { objectsOf } from '../json-objects.ts';
import type { MeterFile } from '../meter-file.ts';
import { intervalOf } from '../readings.ts';
import { rowInstants } from '../wall-rows.ts';

const HALF_HOUR = 1_800_000;
const DAY = 86_400_000;

/** Measures: B as counted, C corrected by the operator. */
const QUALITIES: Readonly<Record<string, QualityCode>> = { B: Quality.measured, C: Quality.edited };

/** The part of the answer that holds the readings, with or without its envelope. */
function meterReading(json: Json): JsonObject | undefined {
  if (!isJsonObject(json)) return undefined;
  const inner = isJsonObject(json.meter_reading) ? json.meter_reading : json;
  return Array.isArray(inner.interval_reading) && isJsonObject(inner.reading_type) ? inner : undefined;
}

/**
 * Reads an answer of Enedis DataConnect (or a gateway to it): the load curve, whose mean watts are told at the end of
 * their step, and daily energies. The answer does not say whether it is consumption or production: consumption unless
 * `flow` says otherwise, which an issue tells. Throws `ERR_METER_SCHEMA` for other shapes and units.
 */
export function readEnedisJson(json: Json, options: FormatOptions = {}): MeterFile {
  const reading = meterReading(json);
  const issues = issueList();
  if (reading === undefined) throw nothingRead('an Enedis answer with interval_reading', issues);
  const zone = options.zone ?? 'Europe/Paris';
  const type = isJsonObject(reading.reading_type) ? reading.reading_type : {};
  const unit = String(type.unit ?? '').slice(0, 20);
  if (unit !== 'W' && unit !== 'Wh') {
    throw new MeterError(
      'ERR_METER_SCHEMA',
      `Expected energy in Wh or mean power in W, got unit ${JSON.stringify(unit)}`,
    );
  }
  const flow: Flow = options.flow ?? 'import';
  if (options.flow === undefined) {
    const message =
      'The answer does not say whether it is consumption or production; read as drawn from the grid';
    issues.push({ code: 'assumed', at: '$', message });
  }
  const rows = objectsOf(reading.interval_reading);
  const where = (index: number): string => `interval_reading[${index}]`;
  const instants = rowInstants(
    rows.map((row) => String(row.date ?? '').slice(0, 40)),
    zone,
    where,
    issues,
  );
  if (unit === 'W') tellStarts(instants, zone, issues);
  const serial = typeof reading.usage_point_id === 'string' ? reading.usage_point_id : undefined;
  const readings: IntervalReading[] = [];
  for (const [i, row] of rows.entries()) {
    const at = instants[i];
    if (at === undefined) continue;
    const amount = jsonAmount(row.value, -3);
    if (amount === undefined) {
      issues.push({
        code: 'bad-value',
        at: where(i),
        message: `Expected a number of ${unit} that is not negative`,
      });
      continue;
    }
    const span = unit === 'W' ? stepBefore(row, at) : dayFrom(at, zone);
    if (span === undefined) {
      const message = `Expected an interval_length such as PT30M, got ${JSON.stringify(String(row.interval_length).slice(0, 20))}`;
      issues.push({ code: 'bad-time', at: where(i), message });
      continue;
    }
    readings.push(
      intervalOf({
        commodity: 'electricity',
        flow,
        ...span,
        value: unit === 'W' ? Math.round((amount * span.duration) / 3_600_000) : amount,
        unit: 'uKWh',
        serial,
        register: unit === 'W' ? 'load_curve' : 'daily',
        quality: QUALITIES[String(row.measure_type ?? 'B')] ?? Quality.estimated,
      }),
    );
  }
  if (readings.length === 0) throw nothingRead('an Enedis answer with readings', issues);
  return { kind: 'fr-enedis-json', readings, issues };
}

/** Tells when the times look like starts of their steps: the first at midnight, the last not. */
function tellStarts(instants: readonly (number | undefined)[], zone: string, issues: SourceIssue[]): void {
  const times = instants.filter((at) => at !== undefined).sort((a, b) => a - b);
  const [first] = times;
  const last = times[times.length - 1];
  if (first === undefined || last === undefined || first === last) return;
  const calendar = zoneOf(zone);
  if (calendar.startOfDay(first) !== first || calendar.startOfDay(last) === last) return;
  const message =
    'The times are read as ends of their steps, but the first one is midnight, as if they were starts';
  issues.push({ code: 'clock', at: '$', message });
}

function stepBefore(row: JsonObject, at: number): { start: number; duration: number } | undefined {
  const duration = row.interval_length === undefined ? HALF_HOUR : durationMs(row.interval_length);
  return duration === undefined ? undefined : { start: at - duration, duration };
}

function dayFrom(at: number, zone: string): { start: number; duration: number } {
  const next = zoneOf(zone).nextDay(at);
  return { start: at, duration: next - at > 1.1 * DAY ? DAY : next - at };
}

/** The French grid operator's data service. */
export const enedisJsonFormat: MeterFormat = {
  kind: 'fr-enedis-json',
  title: 'Load curve and daily energies of Enedis DataConnect (FR) as JSON, also through gateways',
  proof: 'unproven',
  declare: 'the direction (flow), when it is production',
  looksLike(content) {
    const json = content.jsonOrUndefined();
    return json !== undefined && meterReading(json) !== undefined;
  },
  read: (content, options) => readEnedisJson(content.json(), options),
};
