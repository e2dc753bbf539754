import { type Commodity, type Flow, Quality, type QualityCode } from '@edmp/interface';
import { microFromNumber, microFromText } from '../decimal.ts';
import { MeterError } from '../errors.ts';
import { isJsonObject, type Json } from '../oehu/json.ts';
import type { IntervalReading, MeterReading } from '../reading.ts';
import { isoInstant } from './iso-time.ts';
import type { SourceIssue } from './issues.ts';
import type { MeterFile } from './meter-file.ts';
import { sourceUnit } from './units.ts';
import { child, descendants, parseXml, textAt } from './xml.ts';

const objects = (value: Json | undefined): readonly { readonly [key: string]: Json | undefined }[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : [];

const MAX_INTERVAL = 400 * 86_400_000;

/**
 * Reads the daily registers of the Dutch grid operators' portal "Mijn Aansluiting" (CIM-shaped JSON): one register a
 * meter and OBIS code. Throws `ERR_METER_SCHEMA` when it has another shape.
 */
export function readMijnAansluiting(json: Json): MeterFile {
  const issues: SourceIssue[] = [];
  const readings: MeterReading[] = [];
  for (const [p, entry] of objects(json).entries()) {
    const point = entry.MarketEvaluationPoint;
    for (const [r, register] of objects(isJsonObject(point) ? point.RegisterList : undefined).entries()) {
      const obis = typeof register.MRID === 'string' ? register.MRID : '';
      const match = /^([12])\.8\.(\d)$/.exec(obis);
      const meter = isJsonObject(register.Meter) ? String(register.Meter.MRID ?? '') : '';
      const path = `[${p}].MarketEvaluationPoint.RegisterList[${r}]`;
      if (match === null) {
        issues.push({ code: 'skipped', at: path, message: 'Expected an OBIS register 1.8.x or 2.8.x' });
        continue;
      }
      for (const [i, reading] of objects(register.ReadingList).entries()) {
        const at = isoInstant(
          isJsonObject(reading.DateAndOrTime) ? reading.DateAndOrTime.DateTime : undefined,
        );
        const type = isJsonObject(reading.ReadingType) ? reading.ReadingType : {};
        const unit = sourceUnit(`${String(type.Multiplier ?? '')}${String(type.Unit ?? '')}`);
        const where = `${path}.ReadingList[${i}]`;
        if (
          at === undefined ||
          unit === undefined ||
          typeof reading.Value !== 'number' ||
          reading.Value < 0
        ) {
          const code = at === undefined ? 'bad-time' : unit === undefined ? 'unknown-unit' : 'bad-value';
          issues.push({ code, at: where, message: 'Expected a time with offset, a unit and a number' });
          continue;
        }
        readings.push({
          commodity: unit.unit === 'uM3' ? 'gas' : 'electricity',
          flow: match[1] === '1' ? 'import' : 'export',
          tariff: match[2] === '0' ? 'total' : Number(match[2]),
          at,
          value: microFromNumber(reading.Value * 10 ** unit.power).value,
          unit: unit.unit,
          trust: 'unsigned',
          record: `${meter}@${at}`,
          meter: `${meter}:${obis}`,
        });
      }
    }
  }
  if (readings.length === 0) throw nothing('Mijn Aansluiting');
  return { kind: 'nl-mijn-aansluiting', readings, issues };
}

/** Whether a document has the shape of {@link readMijnAansluiting}. */
export function isMijnAansluiting(json: Json): boolean {
  return Array.isArray(json) && isJsonObject(json[0]) && 'MarketEvaluationPoint' in json[0];
}

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
 */
export function readFluvius(json: Json): MeterFile {
  const data = isJsonObject(json) && isJsonObject(json.data) ? json.data : undefined;
  const head = data !== undefined && isJsonObject(data.headpoint) ? data.headpoint : undefined;
  if (head === undefined) throw nothing('Fluvius');
  const issues: SourceIssue[] = [];
  const readings: IntervalReading[] = [];
  const commodity: Commodity = head.energyType === 'G' ? 'gas' : 'electricity';
  const read = (list: Json | undefined, meter: string, path: string): void => {
    for (const [i, quarter] of objects(list).entries()) {
      const where = `${path}[${i}]`;
      const start = isoInstant(quarter.start);
      const end = isoInstant(quarter.end);
      if (start === undefined || end === undefined || end <= start || end - start > MAX_INTERVAL) {
        issues.push({ code: 'bad-time', at: where, message: 'Expected start < end, both with an offset' });
        continue;
      }
      for (const measurement of objects(quarter.measurements)) {
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
                at: `${where}.${name}`,
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
              meter,
              quality: VALIDATION[String(amount.validationState)] ?? Quality.estimated,
            });
          }
        }
      }
    }
  };
  read(head.quarterHourlyEnergy, String(head.ean ?? 'headpoint'), 'data.headpoint.quarterHourlyEnergy');
  const inner = [...objects(head.physicalMeters), ...objects(head.subHeadpoints)];
  if (readings.length === 0) {
    for (const [i, meter] of objects(head.physicalMeters).entries()) {
      const path = `data.headpoint.physicalMeters[${i}].quarterHourlyEnergy`;
      read(meter.quarterHourlyEnergy, String(meter.meterID ?? i), path);
    }
  } else if (inner.length > 0) {
    const message = `${inner.length} meters behind the head point measure the same energy again`;
    issues.push({ code: 'skipped', at: 'data.headpoint', message });
  }
  if (readings.length === 0) throw nothing('Fluvius');
  return { kind: 'be-fluvius', readings, issues };
}

/** Whether a document has the shape of {@link readFluvius}. */
export function isFluvius(json: Json): boolean {
  return isJsonObject(json) && isJsonObject(json.data) && isJsonObject(json.data.headpoint);
}

// EDA "Messmethode": L1 measured, L2 calculated or replaced, L3 estimated.
const METHODS: Readonly<Record<string, QualityCode>> = {
  L1: Quality.measured,
  L2: Quality.edited,
  L3: Quality.estimated,
};

/**
 * Reads an Austrian EDA `ConsumptionRecord`: interval amounts with times that tell their offset. Throws
 * `ERR_METER_FORMAT` when it is no XML and `ERR_METER_SCHEMA` when it has another shape.
 */
export function readConsumptionRecord(text: string): MeterFile {
  const root = parseXml(text);
  const directory = child(root, 'ProcessDirectory');
  const issues: SourceIssue[] = [];
  const readings: IntervalReading[] = [];
  const point = textAt(directory, 'MeteringPoint') ?? 'eda';
  for (const [d, data] of (directory === undefined ? [] : descendants(directory, 'EnergyData')).entries()) {
    const code = data.attributes.MeterCode ?? '';
    const unit = sourceUnit(data.attributes.UOM ?? '');
    const match = /:([12])\.\d/.exec(code);
    if (unit === undefined || match === null) {
      issues.push({
        code: 'unknown-unit',
        at: `EnergyData[${d}]`,
        message: 'Expected an OBIS meter code and a unit',
      });
      continue;
    }
    for (const [i, position] of data.children.filter((one) => one.name === 'EP').entries()) {
      const start = isoInstant(textAt(position, 'DTF'));
      const end = isoInstant(textAt(position, 'DTT'));
      const where = `EnergyData[${d}].EP[${i}]`;
      if (start === undefined || end === undefined || end <= start || end - start > MAX_INTERVAL) {
        issues.push({ code: 'bad-time', at: where, message: 'Expected DTF < DTT, both with an offset' });
        continue;
      }
      try {
        const value = microFromText(textAt(position, 'BQ') ?? '', unit.power);
        if (value < 0) throw new MeterError('ERR_METER_RANGE', 'negative');
        readings.push({
          commodity: unit.unit === 'uM3' ? 'gas' : 'electricity',
          flow: match[1] === '1' ? 'import' : 'export',
          tariff: 'total',
          start,
          duration: end - start,
          value,
          unit: unit.unit,
          trust: 'unsigned',
          record: `${point}@${start}`,
          meter: code,
          quality: METHODS[textAt(position, 'MM') ?? ''] ?? Quality.estimated,
        });
      } catch {
        issues.push({
          code: 'bad-value',
          at: where,
          message: 'Expected a decimal number that is not negative',
        });
      }
    }
  }
  if (readings.length === 0) throw nothing('EDA');
  return { kind: 'at-eda', readings, issues };
}

function nothing(source: string): MeterError {
  return new MeterError('ERR_METER_SCHEMA', `Expected a ${source} document with readings, found none`);
}
