import { isJsonObject, type Json } from '../../../oehu/json.ts';
import type { MeterReading } from '../../../reading.ts';
import type { FormatOptions, MeterFormat } from '../../format.ts';
import { isoInstant } from '../../iso-time.ts';
import { issueList, nothingRead, type SourceIssue } from '../../issues.ts';
import { jsonAmount } from '../../json-amount.ts';
import { objectsOf } from '../../json-objects.ts';
import type { MeterFile } from '../../meter-file.ts';
import { registerOf } from '../../readings.ts';
import { type Quantity, quantityOf } from './quantity.ts';

type JsonObject = { readonly [key: string]: Json | undefined };

/** One entity of an export with its rows. */
interface Entity {
  readonly id: string;
  readonly rows: readonly JsonObject[];
}

const ENTITY = /^[a-z_0-9]+[.:][a-z0-9_]+$/;
const MISSING = new Set(['unknown', 'unavailable', '']);

/** The entities of an answer: history of the REST API (lists), history and statistics of the WebSocket API (an object). */
function entitiesOf(json: Json): Entity[] {
  if (Array.isArray(json)) {
    return json.flatMap((list) => {
      const rows = objectsOf(list);
      const id = rows[0]?.entity_id;
      return typeof id === 'string' && ENTITY.test(id) ? [{ id, rows }] : [];
    });
  }
  const body = isJsonObject(json) && isJsonObject(json.result) ? json.result : json;
  if (!isJsonObject(body)) return [];
  return Object.entries(body).flatMap(([id, list]) => {
    const rows = objectsOf(list);
    const [first] = rows;
    const isKnown = first !== undefined && (isStatistic(first) || 's' in first);
    return ENTITY.test(id) && isKnown ? [{ id, rows }] : [];
  });
}

const isStatistic = (row: JsonObject): boolean =>
  'start' in row && ('sum' in row || 'state' in row || 'change' in row || 'mean' in row);

/** An ISO time with its offset, or ms since the epoch; of the compressed history seconds. */
function timeOf(value: Json | undefined, isSeconds: boolean): number | undefined {
  if (typeof value === 'number') {
    const at = Math.round(isSeconds ? value * 1000 : value);
    return Number.isSafeInteger(at) ? at : undefined;
  }
  return isoInstant(value);
}

/** Moment and value of a row; undefined with the reason in `issues`, or without one where there is nothing to read. */
function pointOf(row: JsonObject, where: string, issues: SourceIssue[]): readonly [number, Json] | undefined {
  const statistic = isStatistic(row);
  // A statistic is that of the end of its period.
  const at = statistic
    ? timeOf(row.end, false)
    : (timeOf(row.last_updated ?? row.last_changed, false) ?? timeOf(row.lu ?? row.lc, true));
  const value = statistic ? (row.sum ?? row.state) : (row.state ?? row.s);
  if (value === undefined || value === null || (typeof value === 'string' && MISSING.has(value)))
    return undefined;
  if (at === undefined) {
    issues.push({ code: 'bad-time', at: where, message: 'Expected a time with an offset' });
    return undefined;
  }
  return [at, value];
}

function textIn(row: JsonObject | undefined, key: string): string | undefined {
  const attributes = row === undefined ? undefined : (row.attributes ?? row.a);
  const value = isJsonObject(attributes) ? attributes[key] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function readEntity(
  { id, rows }: Entity,
  { commodity, flow, unit }: Quantity,
  issues: SourceIssue[],
): MeterReading[] {
  return rows.flatMap((row, i) => {
    const where = `${id}[${i}]`;
    const point = pointOf(row, where, issues);
    if (point === undefined) return [];
    const [at, told] = point;
    const value = jsonAmount(told, unit.power);
    if (value === undefined) {
      issues.push({ code: 'bad-value', at: where, message: 'Expected a number that is not negative' });
      return [];
    }
    return [
      registerOf({
        commodity,
        flow,
        at,
        value,
        unit: unit.unit,
        serial: id,
        register: 'sum' in row ? 'sum' : 'state',
      }),
    ];
  });
}

/**
 * Reads what Home Assistant tells of counters: history (`/api/history/period`, `history/history_during_period`) and
 * statistics (`recorder/statistics_during_period`), whose `sum` goes on over resets and stands for the end of its period.
 * Entities of other quantities are left out, which issues tell. Throws `ERR_METER_SCHEMA` when none is left.
 */
export function readHomeAssistant(json: Json, options: FormatOptions = {}): MeterFile {
  const issues = issueList();
  const readings = entitiesOf(json).flatMap((entity) => {
    const first = entity.rows.find((row) => textIn(row, 'unit_of_measurement') !== undefined);
    const facts = { unit: textIn(first, 'unit_of_measurement'), deviceClass: textIn(first, 'device_class') };
    const quantity = quantityOf(entity.id, facts, options, issues);
    return quantity === undefined ? [] : readEntity(entity, quantity, issues);
  });
  if (readings.length === 0) throw nothingRead('an export of Home Assistant with counters of energy', issues);
  return { kind: 'home-assistant', readings, issues };
}

/** History and statistics of Home Assistant. */
export const homeAssistantFormat: MeterFormat = {
  kind: 'home-assistant',
  title: 'History and long-term statistics of Home Assistant as JSON of its APIs',
  proof: 'unproven',
  declare: 'commodity and flow, where units and names do not tell (statistics tell no unit)',
  looksLike(content) {
    const json = content.jsonOrUndefined();
    return json !== undefined && entitiesOf(json).length > 0;
  },
  read: (content, options) => readHomeAssistant(content.json(), options),
};
