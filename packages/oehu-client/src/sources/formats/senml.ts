import { COMMODITIES, type Commodity, type Flow, Quality } from '@edmp/interface';
import { microFromNumber } from '../../decimal.ts';
import { MeterError } from '../../errors.ts';
import { isJsonObject, type Json } from '../../oehu/json.ts';
import type { MeterReading } from '../../reading.ts';
import type { MeterFormat } from '../format.ts';
import { issueList, nothingRead } from '../issues.ts';
import type { MeterFile } from '../meter-file.ts';
import { sourceUnit, usualUnit } from '../units.ts';

/** Options of {@link readSenml}. */
export interface SenmlOptions {
  /** The time that relative times count from (RFC 8428 §4.5.3), ms since the epoch. */
  readonly receivedAt?: number;
}

/** Times below this many seconds are relative to now (RFC 8428 §4.5.3). */
const RELATIVE_BELOW = 2 ** 28;
const JOULES_PER_KWH = 3_600_000;

/** Whether a document looks like SenML: an array of records with a name and a value. */
export function isSenml(json: Json): boolean {
  if (!Array.isArray(json)) return false;
  return json.some(
    (record) =>
      isJsonObject(record) &&
      ('bn' in record || 'n' in record) &&
      ('v' in record || 's' in record || json.length > 1) &&
      !('operation' in record),
  );
}

/** What a SenML name says about a register: an OBIS code, or words such as `electricity/export/2` and `gas`. */
function registerOf(
  name: string,
): { commodity: Commodity; flow: Flow; tariff: number | 'total'; register: string } | undefined {
  const obis = /(?:^|[^\d])((?:\d{1,3}-\d{1,3}:)?([12])\.8\.(\d))$/.exec(name);
  if (obis !== null) {
    const tariff = Number(obis[3]);
    return {
      commodity: 'electricity',
      flow: obis[2] === '1' ? 'import' : 'export',
      tariff: tariff === 0 ? 'total' : tariff,
      register: obis[1] ?? name,
    };
  }
  const words = name.toLowerCase().split(/[^a-z0-9]+/);
  const commodity = COMMODITIES.findLast((one) => words.includes(one));
  const flow = words.includes('export') ? 'export' : 'import';
  if (commodity === undefined && !words.includes('import') && !words.includes('export')) return undefined;
  const last = words[words.length - 1] ?? '';
  const tariff = /^t?[1-9]$/.test(last) ? Number(last.replace('t', '')) : 'total';
  return { commodity: commodity ?? 'electricity', flow, tariff, register: name };
}

/**
 * Reads register values from SenML JSON (RFC 8428): base fields are resolved, units Wh, kWh, J, m3 and l (primary and
 * secondary registry) are understood, other records are left out with an issue. Values are taken as cumulative.
 * Throws `ERR_METER_SCHEMA` when nothing can be read.
 *
 * @param json - The parsed document, a list of records; anything may be given.
 */
export function readSenml(json: Json, options: SenmlOptions = {}): MeterFile {
  if (!Array.isArray(json)) throw new MeterError('ERR_METER_SCHEMA', 'Expected a SenML array');
  const issues = issueList();
  const readings: MeterReading[] = [];
  const base = { name: '', time: 0, unit: '', value: 0, sum: 0 };
  for (const [i, record] of json.entries()) {
    const at = `[${i}]`;
    if (!isJsonObject(record)) {
      issues.push({ code: 'unreadable', at, message: 'Expected a record' });
      continue;
    }
    if (typeof record.bn === 'string') base.name = record.bn.slice(0, 500);
    if (typeof record.bt === 'number') base.time = record.bt;
    if (typeof record.bu === 'string') base.unit = record.bu;
    if (typeof record.bv === 'number') base.value = record.bv;
    if (typeof record.bs === 'number') base.sum = record.bs;
    const name = base.name + (typeof record.n === 'string' ? record.n.slice(0, 500) : '');
    const unit = typeof record.u === 'string' ? record.u : base.unit;
    if (typeof record.v !== 'number' && typeof record.s !== 'number' && record.bv === undefined) continue;
    const register = registerOf(name);
    if (register === undefined) {
      issues.push({ code: 'skipped', at, message: 'The name says no commodity, direction or OBIS code' });
      continue;
    }
    const seconds = base.time + (typeof record.t === 'number' ? record.t : 0);
    const absolute =
      seconds >= RELATIVE_BELOW
        ? 0
        : options.receivedAt === undefined
          ? undefined
          : options.receivedAt / 1000;
    if (absolute === undefined || !Number.isFinite(seconds) || Math.abs(seconds) > 1e12) {
      issues.push({
        code: 'no-time',
        at,
        message: 'The time is relative and the time of arrival was not given',
      });
      continue;
    }
    const amount = amountOf(record.v, record.s, base, unit);
    if (amount === undefined || amount.value < 0) {
      const message = `Expected an amount in Wh, kWh, J, m3 or l, got unit ${JSON.stringify(unit.slice(0, 20))}`;
      issues.push({ code: 'unknown-unit', at, message });
      continue;
    }
    const commodity =
      amount.unit === 'uM3' && register.commodity === 'electricity' ? 'gas' : register.commodity;
    if (amount.unit !== usualUnit(commodity) && commodity !== 'heat') {
      issues.push({ code: 'unknown-unit', at, message: `${commodity} is not counted in this unit` });
      continue;
    }
    const when = Math.round((absolute + seconds) * 1000);
    readings.push({
      ...register,
      ...(base.name === '' ? {} : { serial: base.name }),
      commodity,
      at: when,
      value: amount.value,
      unit: amount.unit,
      trust: 'unsigned',
      record: `${name}@${when}`,
      quality: Quality.measured,
    });
  }
  if (readings.length === 0) {
    throw nothingRead('SenML with registers of energy or volume', issues);
  }
  return { kind: 'senml', readings, issues };
}

function amountOf(
  v: Json | undefined,
  s: Json | undefined,
  base: { readonly value: number; readonly sum: number },
  unit: string,
): { value: number; unit: MeterReading['unit'] } | undefined {
  try {
    // The sum of a power in watts over seconds is an energy in joules.
    if (unit === 'W' && typeof s === 'number') {
      return { value: microFromNumber((base.sum + s) / JOULES_PER_KWH).value, unit: 'uKWh' };
    }
    const number = base.value + (typeof v === 'number' ? v : 0);
    if (unit === 'J') return { value: microFromNumber(number / JOULES_PER_KWH).value, unit: 'uKWh' };
    const known = sourceUnit(unit);
    if (known === undefined) return undefined;
    return { value: microFromNumber(number * 10 ** known.power).value, unit: known.unit };
  } catch {
    return undefined;
  }
}

/** Sensor Measurement Lists. */
export const senmlFormat: MeterFormat = {
  kind: 'senml',
  title: 'Registers as SenML JSON (RFC 8428)',
  proof: 'unproven',
  declare: 'the time of arrival, when its times are relative',
  looksLike(content) {
    const json = content.jsonOrUndefined();
    return json !== undefined && isSenml(json);
  },
  read: (content, { receivedAt }) =>
    readSenml(content.json(), receivedAt === undefined ? {} : { receivedAt }),
};
