import { Quality, type QualityCode } from '@edmp/interface';
import { isJsonObject, type Json } from '../../oehu/json.ts';
import type { IntervalReading } from '../../reading.ts';
import type { FormatOptions, MeterFormat } from '../format.ts';
import { issueList, nothingRead } from '../issues.ts';
import { jsonAmount } from '../json-amount.ts';
import { objectsOf } from '../json-objects.ts';
import type { MeterFile } from '../meter-file.ts';
import { intervalOf } from '../readings.ts';
import { rowInstants } from '../wall-rows.ts';

const HOUR = 3_600_000;
const QUALITIES: Readonly<Record<string, QualityCode>> = {
  real: Quality.measured,
  estimada: Quality.estimated,
};
const FIELDS = [
  ['consumptionKWh', 'import'],
  ['surplusEnergyKWh', 'export'],
] as const;

/** The list of hours, with or without the envelope of newer versions. */
function hoursOf(json: Json): Json | undefined {
  const list = isJsonObject(json) ? json.timeCurve : json;
  const first = Array.isArray(list) ? list[0] : undefined;
  return isJsonObject(first) && 'consumptionKWh' in first && 'obtainMethod' in first ? list : undefined;
}

/**
 * Reads hours of the Datadis API: `date` and `time` on the Spanish wall clock, the time being the end of the hour, 24:00
 * the last. Throws `ERR_METER_SCHEMA` when it has another shape.
 */
export function readDatadis(json: Json, options: FormatOptions = {}): MeterFile {
  const issues = issueList();
  const rows = objectsOf(hoursOf(json));
  const where = (index: number): string => `[${index}]`;
  const ends = rowInstants(
    rows.map((row) => `${String(row.date ?? '').slice(0, 10)} ${String(row.time ?? '').slice(0, 5)}`),
    options.zone ?? 'Europe/Madrid',
    where,
    issues,
  );
  const readings: IntervalReading[] = [];
  for (const [i, row] of rows.entries()) {
    const end = ends[i];
    if (end === undefined) continue;
    for (const [field, flow] of FIELDS) {
      if (row[field] === undefined || row[field] === null) continue;
      const value = jsonAmount(row[field], 0);
      if (value === undefined) {
        issues.push({ code: 'bad-value', at: `${where(i)}.${field}`, message: 'Expected a number of kWh' });
        continue;
      }
      readings.push(
        intervalOf({
          commodity: 'electricity',
          flow,
          start: end - HOUR,
          duration: HOUR,
          value,
          unit: 'uKWh',
          serial: typeof row.cups === 'string' ? row.cups : undefined,
          register: field,
          quality: QUALITIES[String(row.obtainMethod).toLowerCase()] ?? Quality.estimated,
        }),
      );
    }
  }
  if (readings.length === 0) throw nothingRead('Datadis hours with readings', issues);
  return { kind: 'es-datadis-json', readings, issues };
}

/** The data service of the Spanish distributors. */
export const datadisJsonFormat: MeterFormat = {
  kind: 'es-datadis-json',
  title: 'Hourly consumption and surplus of the Datadis API (ES) as JSON',
  proof: 'unproven',
  looksLike(content) {
    const json = content.jsonOrUndefined();
    return json !== undefined && hoursOf(json) !== undefined;
  },
  read: (content, options) => readDatadis(content.json(), options),
};
