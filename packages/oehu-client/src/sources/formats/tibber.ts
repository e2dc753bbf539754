import type { Flow } from '@edmp/interface';
import { isJsonObject, type Json, type JsonObject } from '../../oehu/json.ts';
import type { IntervalReading } from '../../reading.ts';
import type { MeterFormat } from '../format.ts';
import { isoInstant } from '../iso-time.ts';
import { issueList, nothingRead } from '../issues.ts';
import { jsonAmount } from '../json-amount.ts';
import { MAX_INTERVAL_MS, objectsOf } from '../json-objects.ts';
import type { MeterFile } from '../meter-file.ts';
import { intervalOf } from '../readings.ts';
import { sourceUnit } from '../units.ts';

const FIELDS: readonly (readonly [string, Flow])[] = [
  ['consumption', 'import'],
  ['production', 'export'],
];

function homesOf(json: Json): readonly JsonObject[] {
  if (!isJsonObject(json) || !isJsonObject(json.data) || !isJsonObject(json.data.viewer)) return [];
  const { homes, home } = json.data.viewer;
  const all = home !== undefined && isJsonObject(home) ? [home] : objectsOf(homes);
  return all.filter((one) => isJsonObject(one.consumption) || isJsonObject(one.production));
}

/**
 * Reads an answer of the Tibber API: nodes of consumption and production with `from` and `to`. A node without an amount is
 * missing. Throws `ERR_METER_SCHEMA` when it has another shape.
 */
export function readTibber(json: Json): MeterFile {
  const issues = issueList();
  const readings: IntervalReading[] = [];
  for (const [h, home] of homesOf(json).entries()) {
    const serial = typeof home.id === 'string' ? home.id : `home ${h}`;
    for (const [field, flow] of FIELDS) {
      const connection = home[field];
      if (connection === undefined || !isJsonObject(connection)) continue;
      for (const [i, node] of objectsOf(connection.nodes).entries()) {
        const at = `homes[${h}].${field}.nodes[${i}]`;
        const start = isoInstant(node.from);
        const end = isoInstant(node.to);
        const unitName = String(node[`${field}Unit`] ?? 'kWh');
        const unit = sourceUnit(unitName);
        if (node[field] === null || node[field] === undefined) continue;
        const value = unit === undefined ? undefined : jsonAmount(node[field], unit.power);
        if (start === undefined || end === undefined || end <= start || end - start > MAX_INTERVAL_MS) {
          issues.push({ code: 'bad-time', at, message: 'Expected from < to, both with an offset' });
        } else if (unit?.unit !== 'uKWh') {
          issues.push({
            code: 'unknown-unit',
            at,
            message: `Expected kWh, got ${JSON.stringify(unitName.slice(0, 20))}`,
          });
        } else if (value === undefined) {
          issues.push({ code: 'bad-value', at, message: 'Expected a number that is not negative' });
        } else {
          const duration = end - start;
          readings.push(
            intervalOf({
              commodity: 'electricity',
              flow,
              start,
              duration,
              value,
              unit: 'uKWh',
              serial,
              register: field,
            }),
          );
        }
      }
    }
  }
  if (readings.length === 0) throw nothingRead('a Tibber answer with readings', issues);
  return { kind: 'tibber', readings, issues };
}

/** A supplier of the Nordic countries, Germany and the Netherlands. */
export const tibberFormat: MeterFormat = {
  kind: 'tibber',
  title: 'Consumption and production of the Tibber API (NO, SE, DE, NL) as JSON',
  proof: 'unproven',
  looksLike(content) {
    const json = content.jsonOrUndefined();
    return json !== undefined && homesOf(json).length > 0;
  },
  read: (content) => readTibber(content.json()),
};
