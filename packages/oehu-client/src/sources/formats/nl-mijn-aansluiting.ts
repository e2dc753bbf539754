import { microFromNumber } from '../../decimal.ts';
import { isJsonObject, type Json } from '../../oehu/json.ts';
import type { MeterReading } from '../../reading.ts';
import type { MeterFormat } from '../format.ts';
import { isoInstant } from '../iso-time.ts';
import { issueList, nothingRead } from '../issues.ts';
import { objectsOf } from '../json-objects.ts';
import type { MeterFile } from '../meter-file.ts';
import { sourceUnit } from '../units.ts';

/**
 * Reads the daily registers of the Dutch grid operators' portal "Mijn Aansluiting" (CIM-shaped JSON): one register a
 * meter and OBIS code. Throws `ERR_METER_SCHEMA` when it has another shape.
 *
 * @param json - The parsed document; anything may be given.
 */
export function readMijnAansluiting(json: Json): MeterFile {
  const issues = issueList();
  const readings: MeterReading[] = [];
  for (const [p, entry] of objectsOf(json).entries()) {
    const point = entry.MarketEvaluationPoint;
    for (const [r, register] of objectsOf(isJsonObject(point) ? point.RegisterList : undefined).entries()) {
      const obis = typeof register.MRID === 'string' ? register.MRID : '';
      const match = /^([12])\.8\.(\d)$/.exec(obis);
      const meter = isJsonObject(register.Meter) ? String(register.Meter.MRID ?? '') : '';
      const path = `[${p}].MarketEvaluationPoint.RegisterList[${r}]`;
      if (match === null) {
        issues.push({ code: 'skipped', at: path, message: 'Expected an OBIS register 1.8.x or 2.8.x' });
        continue;
      }
      for (const [i, reading] of objectsOf(register.ReadingList).entries()) {
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
          const got =
            code === 'unknown-unit' ? `, got unit ${JSON.stringify(String(type.Unit).slice(0, 20))}` : '';
          issues.push({ code, at: where, message: `Expected a time with offset, a unit and a number${got}` });
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
          ...(meter === '' ? {} : { serial: meter }),
          register: obis,
        });
      }
    }
  }
  if (readings.length === 0) throw nothingRead('a Mijn Aansluiting document with readings', issues);
  return { kind: 'nl-mijn-aansluiting', readings, issues };
}

/** Whether a document has the shape of {@link readMijnAansluiting}. */
export function isMijnAansluiting(json: Json): boolean {
  return Array.isArray(json) && isJsonObject(json[0]) && 'MarketEvaluationPoint' in json[0];
}

/** The portal of the Dutch grid operators. */
export const mijnAansluitingFormat: MeterFormat = {
  kind: 'nl-mijn-aansluiting',
  title: 'Daily registers of the Dutch grid operators (Mijn Aansluiting) as JSON',
  proof: 'real',
  looksLike(content) {
    const json = content.jsonOrUndefined();
    return json !== undefined && isMijnAansluiting(json);
  },
  read: (content) => readMijnAansluiting(content.json()),
};
