import { type Flow, Quality, type QualityCode } from '@edmp/interface';
import { isJsonObject, type Json, type JsonObject } from '../../oehu/json.ts';
import type { IntervalReading } from '../../reading.ts';
import { zoneOf } from '../../time/zone.ts';
import type { MeterFormat } from '../format.ts';
import { isoInstant } from '../iso-time.ts';
import { issueList, nothingRead, type SourceIssue } from '../issues.ts';
import { durationMs, jsonAmount } from '../json-amount.ts';
import { objectsOf } from '../json-objects.ts';
import type { MeterFile } from '../meter-file.ts';
import { intervalOf } from '../readings.ts';
import { type SourceUnit, sourceUnit } from '../units.ts';

// CIM business types: A01 production, A04 consumption. Others (profiles, exchange) are no meter of a household.
const FLOWS: Readonly<Record<string, Flow>> = { A01: 'export', A04: 'import' };
// CIM Quality: A01 adjusted, A03 estimated, A04 as provided, A05 incomplete; A02 is "not available".
const QUALITIES: Readonly<Record<string, QualityCode>> = {
  A01: Quality.edited,
  A03: Quality.estimated,
  A04: Quality.measured,
  A05: Quality.estimated,
};
const MOST_POINTS = 1500;

function documentsOf(json: Json): readonly JsonObject[] {
  return (isJsonObject(json) ? objectsOf(json.result) : []).flatMap(
    ({ MyEnergyData_MarketDocument: document }) =>
      document !== undefined && isJsonObject(document) ? [document] : [],
  );
}

/**
 * Reads time series of the Danish Eloverblik API (`MyEnergyData_MarketDocument`): points are counted from the start of
 * their period. Throws `ERR_METER_SCHEMA` when it has another shape.
 */
export function readEloverblik(json: Json): MeterFile {
  const issues = issueList();
  const readings: IntervalReading[] = [];
  for (const [d, document] of documentsOf(json).entries()) {
    for (const [s, series] of objectsOf(document.TimeSeries).entries()) {
      const path = `result[${d}].TimeSeries[${s}]`;
      const business = String(series.businessType ?? 'A04');
      const unitName = String(series['measurement_Unit.name'] ?? '');
      const unit = sourceUnit(unitName);
      const flow = Object.hasOwn(FLOWS, business) ? FLOWS[business] : undefined;
      if (flow === undefined) {
        const message = `Expected consumption (A04) or production (A01), got businessType ${JSON.stringify(business.slice(0, 20))}`;
        issues.push({ code: 'unknown-code', at: path, message });
      } else if (unit?.unit !== 'uKWh') {
        issues.push({
          code: 'unknown-unit',
          at: path,
          message: `Expected kWh, got ${JSON.stringify(unitName.slice(0, 20))}`,
        });
      } else {
        const serial = typeof series.mRID === 'string' ? series.mRID : undefined;
        for (const [p, period] of objectsOf(series.Period).entries()) {
          readPeriod(period, { path: `${path}.Period[${p}]`, flow, unit, serial }, readings, issues);
        }
      }
    }
  }
  if (readings.length === 0) throw nothingRead('Eloverblik time series with readings', issues);
  return { kind: 'dk-eloverblik', readings, issues };
}

/** What the points of a period have in common. */
interface PeriodFacts {
  readonly path: string;
  readonly flow: Flow;
  readonly unit: SourceUnit;
  readonly serial: string | undefined;
}

function readPeriod(
  period: JsonObject,
  { path, flow, unit, serial }: PeriodFacts,
  readings: IntervalReading[],
  issues: SourceIssue[],
): void {
  const interval = isJsonObject(period.timeInterval) ? period.timeInterval : {};
  const from = isoInstant(interval.start);
  const isDay = period.resolution === 'P1D' || period.resolution === 'PT1D';
  const step = isDay ? 86_400_000 : durationMs(period.resolution);
  if (from === undefined || step === undefined) {
    const message = `Expected a start with offset and a resolution of at most a day, got ${JSON.stringify(String(period.resolution).slice(0, 20))}`;
    issues.push({ code: 'bad-time', at: path, message });
    return;
  }
  const calendar = zoneOf('Europe/Copenhagen');
  for (const [i, point] of objectsOf(period.Point).entries()) {
    const at = `${path}.Point[${i}]`;
    const position = Number(point.position);
    const quality = String(point['out_Quantity.quality'] ?? 'A04');
    if (quality === 'A02') continue;
    const value = jsonAmount(point['out_Quantity.quantity'], unit.power);
    if (!Number.isInteger(position) || position < 1 || position > MOST_POINTS || value === undefined) {
      issues.push({
        code: 'bad-value',
        at,
        message: 'Expected a position from 1 and a number that is not negative',
      });
      continue;
    }
    const start = isDay && position === 1 ? from : from + (position - 1) * step;
    readings.push(
      intervalOf({
        commodity: 'electricity',
        flow,
        start,
        duration: isDay && position === 1 ? calendar.nextDay(from) - from : step,
        value,
        unit: unit.unit,
        serial,
        register: isDay ? 'P1D' : String(period.resolution),
        quality: QUALITIES[quality] ?? Quality.estimated,
      }),
    );
  }
}

/** The Danish data hub. */
export const eloverblikFormat: MeterFormat = {
  kind: 'dk-eloverblik',
  title: 'Time series of the Eloverblik API (DK) as JSON',
  proof: 'unproven',
  looksLike(content) {
    const json = content.jsonOrUndefined();
    return json !== undefined && documentsOf(json).length > 0;
  },
  read: (content) => readEloverblik(content.json()),
};
