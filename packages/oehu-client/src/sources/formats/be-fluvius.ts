import { type Commodity, type Flow, Quality, type QualityCode } from '@edmp/interface';
import { microFromNumber } from '../../decimal.ts';
import { isJsonObject, type Json } from '../../oehu/json.ts';
import type { IntervalReading } from '../../reading.ts';
import type { MeterFormat } from '../format.ts';
import { isoInstant } from '../iso-time.ts';
import { issueList, nothingRead } from '../issues.ts';
import { MAX_INTERVAL_MS, objectsOf } from '../json-objects.ts';
import type { MeterFile } from '../meter-file.ts';
import { sourceUnit } from '../units.ts';

const VALIDATION: Readonly<Record<string, QualityCode>> = {
  READ: Quality.measured,
  EST: Quality.estimated,
  VAL: Quality.measured,
  NVAL: Quality.estimated,
};
const TARIFFS: Readonly<Record<string, number | 'total'>> = { total: 'total', day: 1, night: 2 };

/**
 * Reads the quarter hours of Fluvius (Belgium): head point first, physical meters only when it has none; tariff 1 is
 * day there. Reactive energy is left out. Throws `ERR_METER_SCHEMA` when it has another shape.
 *
 * @param json - The parsed document; anything may be given.
 */
export function readFluvius(json: Json): MeterFile {
  const data = isJsonObject(json) && isJsonObject(json.data) ? json.data : undefined;
  const head = data !== undefined && isJsonObject(data.headpoint) ? data.headpoint : undefined;
  const issues = issueList();
  if (head === undefined) throw nothingRead('a Fluvius document with a head point', issues);
  const readings: IntervalReading[] = [];
  const commodity: Commodity = head.energyType === 'G' ? 'gas' : 'electricity';
  const read = (list: Json | undefined, meter: string, path: string): void => {
    for (const [i, quarter] of objectsOf(list).entries()) {
      const where = `${path}[${i}]`;
      const start = isoInstant(quarter.start);
      const end = isoInstant(quarter.end);
      if (start === undefined || end === undefined || end <= start || end - start > MAX_INTERVAL_MS) {
        issues.push({ code: 'bad-time', at: where, message: 'Expected start < end, both with an offset' });
        continue;
      }
      for (const measurement of objectsOf(quarter.measurements)) {
        for (const [name, flow] of [
          ['offtake', 'import'],
          ['injection', 'export'],
        ] as const) {
          const group = measurement[name];
          if (!isJsonObject(group)) continue;
          for (const [key, amount] of Object.entries(group)) {
            const tariff = TARIFFS[key];
            const unit = isJsonObject(amount) ? sourceUnit(String(amount.unit ?? '')) : undefined;
            if (
              tariff === undefined ||
              unit === undefined ||
              !isJsonObject(amount) ||
              typeof amount.value !== 'number' ||
              amount.value < 0
            ) {
              const code = tariff === undefined ? 'skipped' : 'bad-value';
              issues.push({
                code,
                at: `${where}.${name}.${key.slice(0, 40)}`,
                message: 'Expected total, day or night with a number and a unit',
              });
              continue;
            }
            readings.push({
              commodity,
              flow: flow satisfies Flow,
              tariff,
              start,
              duration: end - start,
              value: microFromNumber(amount.value * 10 ** unit.power).value,
              unit: unit.unit,
              trust: 'unsigned',
              record: `${meter}@${start}`,
              serial: meter,
              register: name,
              quality: VALIDATION[String(amount.validationState)] ?? Quality.estimated,
            });
          }
        }
      }
    }
  };
  read(head.quarterHourlyEnergy, String(head.ean ?? 'headpoint'), 'data.headpoint.quarterHourlyEnergy');
  const inner = [...objectsOf(head.physicalMeters), ...objectsOf(head.subHeadpoints)];
  if (readings.length === 0) {
    for (const [i, meter] of objectsOf(head.physicalMeters).entries()) {
      const path = `data.headpoint.physicalMeters[${i}].quarterHourlyEnergy`;
      read(meter.quarterHourlyEnergy, String(meter.meterID ?? i), path);
    }
  } else if (inner.length > 0) {
    const message = `${inner.length} meters behind the head point measure the same energy again`;
    issues.push({ code: 'skipped', at: 'data.headpoint', message });
  }
  if (readings.length === 0) throw nothingRead('a Fluvius document with readings', issues);
  return { kind: 'be-fluvius', readings, issues };
}

/** Whether a document has the shape of {@link readFluvius}. */
export function isFluvius(json: Json): boolean {
  return isJsonObject(json) && isJsonObject(json.data) && isJsonObject(json.data.headpoint);
}

/** The Belgian grid operator Fluvius. */
export const fluviusFormat: MeterFormat = {
  kind: 'be-fluvius',
  title: 'Quarter hours of Fluvius (BE) as JSON of its API',
  proof: 'real',
  looksLike(content) {
    const json = content.jsonOrUndefined();
    return json !== undefined && isFluvius(json);
  },
  read: (content) => readFluvius(content.json()),
};
