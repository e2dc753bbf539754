import { type Commodity, Quality } from '@edmp/interface';
import { microFromNumber } from '../../decimal.ts';
import { MeterError } from '../../errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../../oehu/json.ts';
import type { MeterReading } from '../../reading.ts';
import { zoneOf } from '../../time/zone.ts';
import type { MeterFormat } from '../format.ts';
import { isCalendarDay } from '../iso-time.ts';
import type { SourceIssue } from '../issues.ts';
import { type MeterFile, NO_TIME } from '../meter-file.ts';
import { isPlausibleTime } from '../plausible-time.ts';
import { sourceUnit } from '../units.ts';

/** Options of {@link readHomeWizard}. */
export interface HomeWizardOptions {
  /** Zone of the device's times, which tell none. Default `Europe/Amsterdam`. */
  readonly zone?: string;
  /** When the answer arrived, ms since the epoch. API v1 tells no time for electricity. */
  readonly receivedAt?: number;
}

const EXTERNAL: Readonly<Record<string, Commodity>> = {
  gas_meter: 'gas',
  water_meter: 'water',
  warm_water_meter: 'water',
  heat_meter: 'heat',
  inlet_heat_meter: 'heat',
};

/** An answer that arrived within so long of what it tells was heard live: gas meters are read once an hour. */
const LIVE_MS = 3 * 3_600_000;
/** The clock of a meter may be so far ahead. */
const AHEAD_MS = 120_000;

/** Whether a document looks like an answer of a HomeWizard meter: API v1 `/api/v1/data` or v2 `/api/measurement`. */
export function isHomeWizard(json: Json): json is JsonObject {
  return (
    isJsonObject(json) &&
    ('total_power_import_kwh' in json ||
      'total_power_import_t1_kwh' in json ||
      ('energy_import_kwh' in json && ('protocol_version' in json || 'power_w' in json)) ||
      // The water meter HWE-WTR tells its counter alone.
      ('total_liter_m3' in json && ('active_liter_lpm' in json || 'total_liter_offset_m3' in json)))
  );
}

/**
 * Reads an answer of the HomeWizard local API, v1 or v2. Times are local without a zone: `YYMMDDhhmmss` numbers in
 * v1, ISO text in v2. A field that is absent gives no reading. Where neither the answer nor the caller tells a time
 * the readings have none (`NO_TIME`) and an issue says so. Throws `ERR_METER_SCHEMA` when it is neither version.
 *
 * @param json - The parsed answer; anything may be given.
 */
export function readHomeWizard(json: Json, options: HomeWizardOptions = {}): MeterFile {
  if (!isHomeWizard(json)) {
    throw new MeterError('ERR_METER_SCHEMA', 'Expected an answer of a HomeWizard P1 meter, API v1 or v2');
  }
  const issues: SourceIssue[] = [];
  const readings: MeterReading[] = [];
  const zone = options.zone ?? 'Europe/Amsterdam';
  const isV1 = !('energy_import_kwh' in json);
  const device = typeof json.unique_id === 'string' ? json.unique_id : 'homewizard';
  const time = (value: Json | undefined, at: string): number | undefined =>
    localTime(value, { zone, receivedAt: options.receivedAt }, at, issues);
  const gasAt = time(json.gas_timestamp, 'gas_timestamp');
  const toldAt = isV1 ? undefined : time(json.timestamp, 'timestamp');
  const at = toldAt ?? options.receivedAt ?? gasAt ?? NO_TIME;
  const isGuess = toldAt === undefined && options.receivedAt === undefined;
  if (isGuess) {
    const what = at === NO_TIME ? 'its readings have no time' : "the gas meter's time is used";
    issues.push({
      code: 'no-time',
      at: '$',
      message: `The answer tells no time and none was given: ${what}`,
    });
  }

  const add = (
    field: string,
    value: Json | undefined,
    commodity: Commodity,
    when: number | undefined,
    more: Pick<MeterReading, 'flow' | 'tariff'>,
    unitName: string,
    owner: string,
    guessed: boolean,
  ): void => {
    if (value === undefined || value === null) return;
    const unit = sourceUnit(unitName);
    if (typeof value !== 'number' || value < 0 || value > 1e9 || unit === undefined) {
      issues.push({ code: 'bad-value', at: field, message: 'Expected a number of kWh, m3 or GJ' });
      return;
    }
    if (when === undefined) return;
    readings.push({
      commodity,
      ...more,
      at: when,
      value: microFromNumber(value * 10 ** unit.power).value,
      unit: unit.unit,
      trust: 'unsigned',
      record: `${owner}@${when}`,
      serial: owner,
      register: field,
      ...(guessed ? { quality: Quality.estimated } : {}),
    });
  };

  for (const flow of ['import', 'export'] as const) {
    const name = isV1 ? `total_power_${flow}` : `energy_${flow}`;
    for (let tariff = 1; tariff <= 4; tariff++) {
      const field = `${name}_t${tariff}_kwh`;
      add(field, json[field], 'electricity', at, { flow, tariff }, 'kWh', device, isGuess);
    }
    const field = `${name}_kwh`;
    add(field, json[field], 'electricity', at, { flow, tariff: 'total' }, 'kWh', device, isGuess);
  }
  const total = { flow: 'import', tariff: 'total' } as const;
  const external = Array.isArray(json.external) ? json.external : [];
  if (external.length === 0) {
    const owner = typeof json.gas_unique_id === 'string' ? json.gas_unique_id : device;
    add('total_gas_m3', json.total_gas_m3, 'gas', gasAt, total, 'm3', owner, false);
  }
  for (const [i, meter] of external.entries()) {
    const path = `external[${i}]`;
    const commodity =
      isJsonObject(meter) && typeof meter.type === 'string' ? EXTERNAL[meter.type] : undefined;
    if (!isJsonObject(meter) || commodity === undefined) {
      issues.push({ code: 'skipped', at: path, message: 'Expected a gas, water or heat meter' });
      continue;
    }
    const owner = typeof meter.unique_id === 'string' ? meter.unique_id : `${device}#${i}`;
    const when = time(meter.timestamp, `${path}.timestamp`);
    add(
      path,
      meter.value,
      commodity,
      when,
      total,
      typeof meter.unit === 'string' ? meter.unit : '',
      owner,
      false,
    );
  }
  add('total_liter_m3', json.total_liter_m3, 'water', at, total, 'm3', device, isGuess);
  return { kind: 'homewizard', readings, issues };
}

/** A local time of either version; absent gives undefined without an issue. */
function localTime(
  value: Json | undefined,
  { zone, receivedAt }: { readonly zone: string; readonly receivedAt: number | undefined },
  at: string,
  issues: SourceIssue[],
): number | undefined {
  if (value === undefined || value === null) return undefined;
  const text = typeof value === 'number' ? String(value).padStart(12, '0') : String(value);
  const packed = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text);
  const iso = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(Z|[+-]\d\d:\d\d)?$/.exec(text);
  const [year, month, day] = packed
    ? [2000 + Number(packed[1]), Number(packed[2]), Number(packed[3])]
    : (iso?.[1] ?? '').slice(0, 10).split('-').map(Number);
  const local = packed
    ? Date.parse(`20${packed[1]}-${packed[2]}-${packed[3]}T${packed[4]}:${packed[5]}:${packed[6]}Z`)
    : Date.parse(`${iso?.[1] ?? ''}${iso?.[2] ?? 'Z'}`);
  if (Number.isNaN(local) || !isCalendarDay(year ?? 0, month ?? 0, day ?? 0)) {
    issues.push({ code: 'bad-time', at, message: 'Expected YYMMDDhhmmss or an ISO time' });
    return undefined;
  }
  if (!isPlausibleTime(local)) {
    const message = `The clock says ${new Date(local).getUTCFullYear()}: it was never set`;
    issues.push({ code: 'impossible-time', at, message });
    return undefined;
  }
  if (iso?.[2] !== undefined) return local;
  const { earlier, later, kind } = zoneOf(zone).fromLocal(local);
  if (kind === 'skipped') {
    issues.push({ code: 'clock', at, message: 'This hour does not exist in the zone; is the zone right?' });
  }
  if (kind === 'repeated' && receivedAt !== undefined && Math.abs(receivedAt - later) < LIVE_MS) {
    // Heard live: the newest moment that is not to come yet.
    return later <= receivedAt + AHEAD_MS ? later : earlier;
  }
  if (kind === 'repeated') {
    issues.push({
      code: 'ambiguous-time',
      at,
      message: 'The hour was repeated that night; the first is taken',
    });
  }
  return earlier;
}

/** HomeWizard meters. */
export const homewizardFormat: MeterFormat = {
  kind: 'homewizard',
  title: 'Answers of HomeWizard P1 and water meters, local API v1 and v2',
  proof: 'real',
  declare: 'the time of arrival (API v1 tells none), zone outside Central Europe',
  looksLike(content) {
    const json = content.jsonOrUndefined();
    return json !== undefined && isHomeWizard(json);
  },
  read: (content, { receivedAt, zone }) =>
    readHomeWizard(content.json(), {
      ...(receivedAt === undefined ? {} : { receivedAt }),
      ...(zone === undefined ? {} : { zone }),
    }),
};
