import type { Commodity, Flow } from '@edmp/interface';
import { isJsonObject, type Json, type JsonObject } from '../../oehu/json.ts';
import type { IntervalReading } from '../../reading.ts';
import type { FormatOptions, MeterFormat } from '../format.ts';
import { issueList, nothingRead, type SourceIssue } from '../issues.ts';
import { jsonAmount } from '../json-amount.ts';
import { objectsOf } from '../json-objects.ts';
import type { MeterFile } from '../meter-file.ts';
import { intervalOf } from '../readings.ts';
import { sourceUnit } from '../units.ts';
import { localMs } from './csv/dates.ts';
import { WallClock } from './csv/wall-clock.ts';

const STEPS: Readonly<Record<string, number>> = { halfhour: 1_800_000, hour: 3_600_000 };

function isN3rgy(json: Json): json is JsonObject {
  if (!isJsonObject(json) || !('availableCacheRange' in json)) return false;
  const [first] = objectsOf(json.values);
  return first !== undefined && 'timestamp' in first && 'value' in first;
}

/** What an answer says of itself in its `resource`: `/electricity/consumption/1`, `/gas/…`, `/electricity/production/…`. */
function metered(json: JsonObject, options: FormatOptions, issues: SourceIssue[]): [Commodity, Flow] {
  const resource = typeof json.resource === 'string' ? json.resource : '';
  const commodity = /\bgas\b/.test(resource)
    ? 'gas'
    : /\belectricity\b/.test(resource)
      ? 'electricity'
      : undefined;
  const flow = /\bproduction\b/.test(resource)
    ? 'export'
    : /\bconsumption\b/.test(resource)
      ? 'import'
      : undefined;
  if (commodity === undefined || flow === undefined) {
    const message =
      'The answer does not say what was metered; what is not told is electricity drawn from the grid';
    issues.push({ code: 'assumed', at: 'resource', message });
  }
  return [commodity ?? options.commodity ?? 'electricity', flow ?? options.flow ?? 'import'];
}

/** `YYYYMMDDhhmm` of the bounds of an answer as wall-clock time. */
function bound(value: Json | undefined): number | undefined {
  return typeof value === 'string' && /^\d{12}$/.test(value) ? localMs(value, 'day-first') : undefined;
}

/**
 * Whether timestamps end their intervals: so they do when one of them is the end of the asked period and none its start.
 * An answer that shows neither is read as stamped at the start, which an issue tells.
 */
function endsIntervals(
  json: JsonObject,
  times: readonly (number | undefined)[],
  issues: SourceIssue[],
): boolean {
  const start = bound(json.start);
  const end = bound(json.end);
  const hasStart = start !== undefined && times.includes(start);
  const hasEnd = end !== undefined && times.includes(end);
  if (hasStart === hasEnd) {
    const message = 'Nothing shows whether timestamps begin or end their intervals; read as their beginning';
    issues.push({ code: 'assumed', at: 'values', message });
  }
  return hasEnd && !hasStart;
}

/**
 * Reads an answer of the n3rgy API (GB): half hours or hours of consumption or production. Its times have no offset and are
 * read as UTC unless `zone` says otherwise, which an issue tells. Throws `ERR_METER_SCHEMA` when it has another shape.
 */
export function readN3rgy(json: Json, options: FormatOptions = {}): MeterFile {
  const issues = issueList();
  const readings: IntervalReading[] = [];
  const answer = isN3rgy(json) ? json : {};
  const rows = objectsOf(answer.values);
  const [commodity, flow] = metered(answer, options, issues);
  const unitName = typeof answer.unit === 'string' ? answer.unit : '';
  const unit = sourceUnit(unitName);
  const granularity = typeof answer.granularity === 'string' ? answer.granularity : '';
  const step = Object.hasOwn(STEPS, granularity) ? STEPS[granularity] : undefined;
  if (unit === undefined || (unit.unit === 'uKWh') !== (commodity === 'electricity') || unit.unit === 'uGJ') {
    const wanted = commodity === 'electricity' ? 'kWh' : 'm3';
    const message = `Expected ${wanted} of ${commodity}, got ${JSON.stringify(unitName.slice(0, 20))}`;
    issues.push({ code: 'unknown-unit', at: 'unit', message });
  } else if (step === undefined) {
    const message = `Expected halfhour or hour, got ${JSON.stringify(granularity.slice(0, 20))}`;
    issues.push({ code: 'unknown-code', at: 'granularity', message });
  } else {
    const times = rows.map(({ timestamp }) =>
      typeof timestamp === 'string' ? localMs(timestamp, 'day-first') : undefined,
    );
    if (options.zone === undefined) {
      const message = 'Times tell no zone and are read as UTC; say zone if they are not';
      issues.push({ code: 'assumed', at: 'values', message });
    }
    const shift = endsIntervals(answer, times, issues) ? step : 0;
    const clock = new WallClock(options.zone ?? 'UTC');
    for (const [i, row] of rows.entries()) {
      const local = times[i];
      const at = local === undefined ? undefined : clock.unique(local);
      const value = jsonAmount(row.value, unit.power);
      if (row.value === null) continue;
      if (at === undefined) {
        const message = 'Expected a time such as 2026-01-10 00:30 that the zone has once';
        issues.push({ code: 'bad-time', at: `values[${i}]`, message });
      } else if (value === undefined) {
        issues.push({
          code: 'bad-value',
          at: `values[${i}]`,
          message: 'Expected a number that is not negative',
        });
      } else {
        const start = at - shift;
        readings.push(
          intervalOf({
            commodity,
            flow,
            start,
            duration: step,
            value,
            unit: unit.unit,
            register: flow === 'import' ? 'consumption' : 'production',
          }),
        );
      }
    }
  }
  if (readings.length === 0) throw nothingRead('an n3rgy answer with readings', issues);
  return { kind: 'gb-n3rgy', readings, issues };
}

/** The British network of smart meters, through n3rgy. */
export const n3rgyFormat: MeterFormat = {
  kind: 'gb-n3rgy',
  title: 'Half hours of the n3rgy API (GB) as JSON',
  proof: 'unproven',
  declare: 'zone, when its times are not UTC',
  looksLike(content) {
    const json = content.jsonOrUndefined();
    return json !== undefined && isN3rgy(json);
  },
  read: (content, options) => readN3rgy(content.json(), options),
};
