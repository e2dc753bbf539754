import { type Commodity, type Flow, Quality, type QualityCode } from '@edmp/interface';
import { microFromText } from '../decimal.ts';
import { MeterError } from '../errors.ts';
import { zoneOf } from '../time/zone.ts';
import { type EspiLocalTime, localToInstants, readLocalTime } from './espi-local-time.ts';
import type { SourceIssue } from './issues.ts';
import type { AnyReading, MeterFile } from './meter-file.ts';
import { child, descendants, parseXml, textAt, type XmlElement } from './xml.ts';

/** Options of {@link readGreenButton}. */
export interface GreenButtonOptions {
  /**
   * Zone whose wall clock the file's epoch seconds really show. ESPI says UTC, but many utilities write local time;
   * give their zone to read such a file. Default UTC, as the standard says.
   */
  readonly localZone?: string;
  /** `local` reads the epochs as wall-clock time by the file's own LocalTimeParameters. Default `utc`. */
  readonly clock?: 'utc' | 'local';
}

interface Type {
  readonly commodity: Commodity;
  readonly flow: Flow;
  readonly tariff: number | 'total';
  /** Power of ten from the written number to kWh or m³. */
  readonly power: number;
  readonly unit: 'uKWh' | 'uM3';
  readonly isCumulative: boolean;
  readonly seconds: number;
}

// ESPI 1.1 UnitSymbolKind: those that are ours by a power of ten.
const UNITS: Readonly<Record<string, { readonly unit: 'uKWh' | 'uM3'; readonly power: number }>> = {
  '72': { unit: 'uKWh', power: -3 },
  '42': { unit: 'uM3', power: 0 },
  '134': { unit: 'uM3', power: -3 },
};
const SERVICES: Readonly<Record<string, Commodity>> = { '0': 'electricity', '1': 'gas', '2': 'water' };
// ESPI 1.1 QualityOfReading; whatever is not named counts as measured.
const QUALITIES: Readonly<Record<string, QualityCode>> = {
  '7': Quality.edited,
  '8': Quality.estimated,
  '9': Quality.interpolated,
  '10': Quality.estimated,
  '12': Quality.estimated,
};
const CUMULATIVE = new Set(['1', '3', '9']);

/**
 * Reads a Green Button file (NAESB ESPI 1.1 in Atom): interval amounts of electricity, gas and water, with multipliers,
 * direction (1 = import, 19 = export), time-of-use tiers and qualities. Throws `ERR_METER_FORMAT` when it is no XML and
 * `ERR_METER_SCHEMA` when it holds no interval.
 */
export function readGreenButton(text: string, options: GreenButtonOptions = {}): MeterFile {
  const feed = parseXml(text);
  const issues: SourceIssue[] = [];
  const readings: AnyReading[] = [];
  const entries = feed.name === 'entry' ? [feed] : feed.children.filter((one) => one.name === 'entry');
  const content = (entry: XmlElement, name: string): XmlElement | undefined =>
    child(child(entry, 'content'), name);
  const link = (entry: XmlElement, rel: string): string[] =>
    entry.children
      .filter((one) => one.name === 'link' && one.attributes.rel === rel)
      .map((one) => one.attributes.href ?? '');

  const services = new Map<string, Commodity>();
  const types = new Map<string, XmlElement>();
  const typeOfReading = new Map<string, string>();
  for (const entry of entries) {
    const self = link(entry, 'self')[0] ?? '';
    const kind = textAt(content(entry, 'UsagePoint'), 'ServiceCategory', 'kind');
    if (kind !== undefined && SERVICES[kind] !== undefined) services.set(self, SERVICES[kind]);
    const type = content(entry, 'ReadingType');
    if (type !== undefined) types.set(self, type);
    if (content(entry, 'MeterReading') !== undefined) {
      const related = link(entry, 'related').find((href) => href.includes('/ReadingType/'));
      if (related !== undefined) typeOfReading.set(self, related);
    }
  }

  const localTime = entries
    .map((entry) => content(entry, 'LocalTimeParameters'))
    .flatMap((one) => (one === undefined ? [] : (readLocalTime(one) ?? [])))[0];
  if (options.clock === 'local' && options.localZone === undefined && localTime === undefined) {
    throw new MeterError('ERR_METER_TIME', 'The file has no LocalTimeParameters; give the zone of its clock');
  }
  const clock: Clock = {
    localZone: options.localZone,
    localTime: options.clock === 'local' && options.localZone === undefined ? localTime : undefined,
  };

  for (const [index, entry] of entries.entries()) {
    const contents = child(entry, 'content');
    const blocks = contents === undefined ? [] : descendants(contents, 'IntervalBlock');
    if (blocks.length === 0) continue;
    const reading = (link(entry, 'up')[0] ?? '').replace(/\/IntervalBlock\/?$/, '');
    const usagePoint = reading.replace(/\/MeterReading\/.*$/, '');
    const typeId = typeOfReading.get(reading);
    const element = (typeId === undefined ? undefined : types.get(typeId)) ?? onlyOne(types);
    const service = services.get(usagePoint) ?? onlyOne(services);
    const path = `entry[${index}]`;
    const type = element === undefined ? undefined : readType(element, service, path, issues);
    if (element === undefined) {
      issues.push({
        code: 'skipped',
        at: path,
        message: 'Expected a ReadingType for this block, found none',
      });
    }
    if (type === undefined) continue;
    const meter = reading.slice(reading.lastIndexOf('/') + 1) || 'green-button';
    for (const block of blocks) readBlock(block, type, meter, path, clock, readings, issues);
  }
  if (readings.length === 0) {
    throw new MeterError(
      'ERR_METER_SCHEMA',
      'Expected a Green Button file with readings of energy or volume, found none',
      {
        details: { issues: issues.length },
      },
    );
  }
  return { kind: 'green-button', readings, issues };
}

function onlyOne<T>(map: ReadonlyMap<string, T>): T | undefined {
  return map.size === 1 ? [...map.values()][0] : undefined;
}

function readType(
  element: XmlElement,
  service: Commodity | undefined,
  path: string,
  issues: SourceIssue[],
): Type | undefined {
  const value = (name: string): string | undefined => textAt(element, name);
  const unit = UNITS[value('uom') ?? ''];
  const power = Number(value('powerOfTenMultiplier') ?? '0');
  if (unit === undefined || !Number.isInteger(power) || Math.abs(power) > 15) {
    const message = `Only Wh, m3 and litres are read, got unit ${(value('uom') ?? 'none').slice(0, 10)}`;
    issues.push({ code: 'unknown-unit', at: path, message });
    return undefined;
  }
  const commodity: Commodity =
    unit.unit === 'uKWh' ? 'electricity' : value('commodity') === '9' ? 'water' : (service ?? 'gas');
  const tou = Number(value('tou') ?? '0');
  return {
    commodity: commodity === 'electricity' && unit.unit === 'uM3' ? 'gas' : commodity,
    flow: value('flowDirection') === '19' ? 'export' : 'import',
    tariff: Number.isInteger(tou) && tou > 0 ? tou : 'total',
    power: unit.power + power,
    unit: unit.unit,
    isCumulative: CUMULATIVE.has(value('accumulationBehaviour') ?? ''),
    seconds: Number(value('intervalLength') ?? '0'),
  };
}

function readBlock(
  block: XmlElement,
  type: Type,
  meter: string,
  path: string,
  clock: Clock,
  readings: AnyReading[],
  issues: SourceIssue[],
): void {
  let last = Number.NEGATIVE_INFINITY;
  for (const [i, reading] of block.children.filter((one) => one.name === 'IntervalReading').entries()) {
    const at = `${path}.IntervalReading[${i}]`;
    const start = seconds(textAt(reading, 'timePeriod', 'start'));
    const duration = seconds(textAt(reading, 'timePeriod', 'duration')) ?? type.seconds;
    if (start === undefined || !(duration > 0 || type.isCumulative) || duration > 400 * 86_400) {
      issues.push({ code: 'bad-time', at, message: 'Expected a start and a duration in seconds' });
      continue;
    }
    let value: number;
    try {
      value = microFromText(textAt(reading, 'value') ?? '', type.power);
    } catch {
      issues.push({ code: 'bad-value', at, message: 'Expected an integer number' });
      continue;
    }
    if (value < 0) {
      issues.push({ code: 'bad-value', at, message: 'Expected an amount that is not negative' });
      continue;
    }
    const from = toInstant(start * 1000, clock, last);
    last = from;
    const tou = Number(textAt(reading, 'tou') ?? '0');
    const base = {
      commodity: type.commodity,
      flow: type.flow,
      tariff: Number.isInteger(tou) && tou > 0 ? tou : type.tariff,
      value,
      unit: type.unit,
      trust: 'unsigned',
      record: `${meter}@${from}`,
      meter,
      quality: QUALITIES[textAt(reading, 'ReadingQuality', 'quality') ?? ''] ?? Quality.measured,
    } as const;
    readings.push(
      type.isCumulative ? { ...base, at: from } : { ...base, start: from, duration: duration * 1000 },
    );
  }
}

function seconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,11}$/.test(text) ? Number(text) : undefined;
}

/** Whose wall clock the epochs show; neither = UTC. */
interface Clock {
  readonly localZone: string | undefined;
  readonly localTime: EspiLocalTime | undefined;
}

/** The instant of an epoch that may be a wall clock; in the repeated hour the order of readings decides. */
function toInstant(epoch: number, clock: Clock, last: number): number {
  const { localZone, localTime } = clock;
  if (localZone === undefined && localTime === undefined) return epoch;
  const { earlier, later } =
    localTime === undefined ? zoneOf(localZone ?? 'UTC').fromLocal(epoch) : localToInstants(epoch, localTime);
  return earlier > last ? earlier : later;
}
