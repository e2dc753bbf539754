import type { Commodity, EnergyUnit, Flow } from '@edmp/interface';
import { isJsonObject, type Json } from '../../oehu/json.ts';
import type { IntervalReading } from '../../reading.ts';
import type { FormatOptions, MeterFormat } from '../format.ts';
import { isoInstant } from '../iso-time.ts';
import { issueList, nothingRead } from '../issues.ts';
import { jsonAmount } from '../json-amount.ts';
import { MAX_INTERVAL_MS, objectsOf } from '../json-objects.ts';
import type { MeterFile } from '../meter-file.ts';
import { intervalOf } from '../readings.ts';

function isOctopus(json: Json): boolean {
  const [first] = isJsonObject(json) ? objectsOf(json.results) : [];
  return (
    first !== undefined && 'consumption' in first && 'interval_start' in first && 'interval_end' in first
  );
}

/**
 * Reads a page of consumption of the Octopus Energy API. The answer tells neither what was metered nor its unit: kWh of
 * electricity drawn from the grid unless `commodity` and `flow` say otherwise, which an issue tells; gas is taken as m³,
 * as meters of the second generation report it. Throws `ERR_METER_SCHEMA` when it has another shape.
 */
export function readOctopus(json: Json, options: FormatOptions = {}): MeterFile {
  const issues = issueList();
  const commodity: Commodity = options.commodity ?? 'electricity';
  const flow: Flow = options.flow ?? 'import';
  const unit: EnergyUnit = commodity === 'electricity' ? 'uKWh' : 'uM3';
  if (options.commodity === undefined || commodity === 'gas') {
    const what =
      commodity === 'gas' ? 'gas in m³ (older meters report kWh)' : 'electricity drawn from the grid in kWh';
    issues.push({
      code: 'assumed',
      at: '$',
      message: `The answer does not say what was metered; read as ${what}`,
    });
  }
  const readings: IntervalReading[] = [];
  for (const [i, row] of (isJsonObject(json) ? objectsOf(json.results) : []).entries()) {
    const at = `results[${i}]`;
    const start = isoInstant(row.interval_start);
    const end = isoInstant(row.interval_end);
    const value = jsonAmount(row.consumption, 0);
    if (start === undefined || end === undefined || end <= start || end - start > MAX_INTERVAL_MS) {
      issues.push({
        code: 'bad-time',
        at,
        message: 'Expected interval_start < interval_end, both with an offset',
      });
    } else if (value === undefined) {
      issues.push({ code: 'bad-value', at, message: 'Expected a number that is not negative' });
    } else {
      readings.push(
        intervalOf({ commodity, flow, start, duration: end - start, value, unit, register: 'consumption' }),
      );
    }
  }
  if (readings.length === 0) throw nothingRead('Octopus consumption with readings', issues);
  return { kind: 'gb-octopus-json', readings, issues };
}

/** A British supplier's API. */
export const octopusJsonFormat: MeterFormat = {
  kind: 'gb-octopus-json',
  title: 'Half hours of the Octopus Energy API (GB) as JSON',
  proof: 'unproven',
  declare: 'commodity and flow, when it is gas or export',
  looksLike(content) {
    const json = content.jsonOrUndefined();
    return json !== undefined && isOctopus(json);
  },
  read: (content, options) => readOctopus(content.json(), options),
};
