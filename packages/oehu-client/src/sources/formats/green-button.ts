import { type Commodity, type Flow, Quality, type QualityCode } from '@edmp/interface';
import { microOrNaN } from '../../decimal.ts';
import { MeterError } from '../../errors.ts';
import type { IntervalReading, MeterReading } from '../../reading.ts';
import { zoneOf } from '../../time/zone.ts';
import type { GreenButtonOptions, MeterFormat } from '../format.ts';
import { issueList, nothingRead, type SourceIssue } from '../issues.ts';
import type { AnyReading, MeterFile } from '../meter-file.ts';
import { child, descendants, parseXml, textAt, type XmlElement } from '../xml.ts';
import { EspiIntervalReader, intervalOfElement } from './espi-interval.ts';
import { type EspiLocalTime, localToInstants, readLocalTime } from './espi-local-time.ts';

interface Type {
  readonly commodity: Commodity;
  readonly flow: Flow;
  readonly tariff: number | 'total';
  /** How a written number becomes kWh or m³. */
  readonly scale: EspiUnit;
  readonly isCumulative: boolean;
  readonly seconds: number;
}

/** A unit of the file: `value × 10^power × numerator / denominator` is in kWh or m³. */
interface EspiUnit {
  readonly unit: 'uKWh' | 'uM3';
  readonly power: number;
  /** What one unit is besides the power of ten; exact integers. */
  readonly numerator?: bigint;
  readonly denominator?: bigint;
}

/** 1 ft³ = 0.028316846592 m³ exactly (international foot). */
const CUBIC_FOOT = { unit: 'uM3', power: -12, numerator: 28_316_846_592n } as const;

// ESPI 1.1 UnitSymbolKind.
const UNITS: Readonly<Record<string, EspiUnit>> = {
  '31': { unit: 'uKWh', power: -5, denominator: 36n }, // J: 3 600 000 J = 1 kWh
  '42': { unit: 'uM3', power: 0 },
  '72': { unit: 'uKWh', power: -3 },
  '119': CUBIC_FOOT,
  '120': CUBIC_FOOT, // compensated
  '121': CUBIC_FOOT, // uncompensated
  '128': { unit: 'uM3', power: -12, numerator: 3_785_411_784n }, // US gallon
  '134': { unit: 'uM3', power: -3 },
  '166': { unit: 'uM3', power: 0 }, // compensated
  '167': { unit: 'uM3', power: 0 }, // uncompensated
};
/** Units that are no energy or volume, or that no volume can be told from; named in the refusal. */
const UNIT_NAMES: Readonly<Record<string, string>> = {
  '5': 'A',
  '29': 'V',
  '38': 'W',
  '61': 'VA',
  '63': 'var',
  '71': 'VAh',
  '73': 'varh',
  '132': 'Btu',
  '169': 'therm',
};
const SERVICES: Readonly<Record<string, Commodity>> = { '0': 'electricity', '1': 'gas', '2': 'water' };
// ESPI 1.1 QualityOfReading; whatever is not named counts as measured.
const QUALITIES: Readonly<Record<string, QualityCode>> = {
  '0': Quality.measured,
  '7': Quality.edited,
  '8': Quality.estimated,
  '9': Quality.interpolated,
  '10': Quality.estimated,
  '12': Quality.estimated,
};
// ESPI 1.1 AccumulationKind: registers, amounts of an interval, and (all others) neither.
const CUMULATIVE: ReadonlySet<string> = new Set(['1', '2', '3', '9']);
const AMOUNTS: ReadonlySet<string> = new Set(['', '0', '4']);
// ESPI 1.1 FlowDirectionKind; net and total are neither import nor export.
const FLOWS: Readonly<Record<string, Flow>> = { '': 'import', '0': 'import', '1': 'import', '19': 'export' };
const FLOW_NAMES: Readonly<Record<string, string>> = {
  '2': 'lagging',
  '3': 'leading',
  '4': 'net',
  '20': 'total',
  '21': 'total by phase',
};

/**
 * Reads a Green Button file (NAESB ESPI 1.1 in Atom): interval amounts of electricity, gas and water, with
 * multipliers, direction (1 = import, 19 = export), time-of-use tiers and qualities. Throws `ERR_METER_FORMAT` when
 * it is no XML, `ERR_METER_SCHEMA` when it holds no interval, and `ERR_METER_TIME` when its clock is `local` and
 * nothing tells the zone.
 *
 * @param text - The decoded XML; anything may be given.
 */
export function readGreenButton(text: string, options: GreenButtonOptions = {}): MeterFile {
  const feed = parseXml(text, { compact: new EspiIntervalReader() });
  const issues = issueList();
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
    const service = kind === undefined ? undefined : named(SERVICES, kind);
    if (service !== undefined) services.set(self, service);
    const type = content(entry, 'ReadingType');
    if (type !== undefined) types.set(self, type);
    if (content(entry, 'MeterReading') !== undefined) {
      const related = link(entry, 'related').find((href) => /(?:^|\/)ReadingType\//.test(href));
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
    const element =
      typeId === undefined
        ? onlyOne(types)
        : (types.get(typeId) ?? sameTail(types, typeId) ?? onlyOne(types));
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
    // Two usage points may both have a MeterReading/01: the whole path of the point tells them apart.
    const meter: Identity = {
      ...(usagePoint === '' ? {} : { serial: usagePoint }),
      register: reading.slice(reading.lastIndexOf('/') + 1) || 'green-button',
    };
    for (const block of blocks) readBlock(block, type, meter, path, clock, readings, issues);
  }
  if (readings.length === 0)
    throw nothingRead('a Green Button file with readings of energy or volume', issues);
  return { kind: 'green-button', readings, issues };
}

/** What a table says of a code that a stranger wrote. */
function named<T>(table: Readonly<Record<string, T>>, code: string): T | undefined {
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

/** Which usage point and which of its readings. */
interface Identity {
  readonly serial?: string;
  readonly register: string;
}

function onlyOne<T>(map: ReadonlyMap<string, T>): T | undefined {
  return map.size === 1 ? [...map.values()][0] : undefined;
}

/** The only type whose path ends as the wanted one: files link to `ReadingType/01` and name it by its whole path. */
function sameTail(types: ReadonlyMap<string, XmlElement>, wanted: string): XmlElement | undefined {
  const tail = wanted.slice(wanted.lastIndexOf('/'));
  const found = [...types].filter(([path]) => path.slice(path.lastIndexOf('/')) === tail);
  return found.length === 1 ? found[0]?.[1] : undefined;
}

function readType(
  element: XmlElement,
  service: Commodity | undefined,
  path: string,
  issues: SourceIssue[],
): Type | undefined {
  const value = (name: string): string => textAt(element, name) ?? '';
  const refuse = (code: SourceIssue['code'], message: string): undefined => {
    issues.push({ code, at: path, message });
    return undefined;
  };
  const uom = value('uom').slice(0, 10);
  const scale = named(UNITS, uom);
  const power = Number(value('powerOfTenMultiplier') || '0');
  if (scale === undefined || !Number.isInteger(power) || Math.abs(power) > 12) {
    const name = named(UNIT_NAMES, uom);
    const got = uom === '' ? 'no unit' : `unit ${uom}${name === undefined ? '' : ` (${name})`}`;
    return refuse('unknown-unit', `Expected Wh, J, m3, ft3, litres or gallons, got ${got}`);
  }
  const accumulation = value('accumulationBehaviour').slice(0, 10);
  const isCumulative = CUMULATIVE.has(accumulation);
  if (!isCumulative && !AMOUNTS.has(accumulation)) {
    return refuse(
      'unknown-code',
      `Expected amounts or registers, got accumulationBehaviour ${JSON.stringify(accumulation)}`,
    );
  }
  const direction = value('flowDirection').slice(0, 10);
  const flow = named(FLOWS, direction);
  if (flow === undefined) {
    const name = named(FLOW_NAMES, direction) ?? 'not one of import and export';
    return refuse('unknown-code', `Expected import or export, got flowDirection ${direction} (${name})`);
  }
  const commodity: Commodity =
    scale.unit === 'uKWh' ? 'electricity' : value('commodity') === '9' ? 'water' : (service ?? 'gas');
  if (scale.unit === 'uKWh' && (service === 'gas' || service === 'water')) {
    return refuse('unknown-unit', `Expected ${service} in m3, ft3, litres or gallons, got a unit of energy`);
  }
  const tou = Number(value('tou') || '0');
  return {
    commodity: commodity === 'electricity' && scale.unit === 'uM3' ? 'gas' : commodity,
    flow,
    tariff: Number.isInteger(tou) && tou > 0 ? tou : 'total',
    scale: { ...scale, power: scale.power + power },
    isCumulative,
    seconds: Number(value('intervalLength') || '0'),
  };
}

/** Micro-units of a written number; NaN or an infinity when it is none, or too large. */
function microOf(text: string, { power, numerator, denominator }: EspiUnit): number {
  if (numerator === undefined && denominator === undefined) return microOrNaN(text, power);
  if (!/^-?\d{1,18}$/.test(text)) return Number.NaN;
  const shift = 6 + power;
  const up = BigInt(text) * (numerator ?? 1n) * (shift > 0 ? 10n ** BigInt(shift) : 1n);
  const down = (denominator ?? 1n) * (shift < 0 ? 10n ** BigInt(-shift) : 1n);
  const micro = Number((up * 2n + down) / (2n * down));
  return Number.isSafeInteger(micro) ? micro : Number.POSITIVE_INFINITY;
}

function readBlock(
  block: XmlElement,
  type: Type,
  meter: Identity,
  path: string,
  clock: Clock,
  readings: AnyReading[],
  issues: SourceIssue[],
): void {
  let last = Number.NEGATIVE_INFINITY;
  let i = -1;
  const { commodity, flow, isCumulative, scale } = type;
  const { register, serial } = meter;
  for (const element of block.children) {
    if (element.name !== 'IntervalReading') continue;
    i++;
    const tell = (code: SourceIssue['code'], message: string): void => {
      issues.push({ code, at: `${path}.IntervalReading[${i}]`, message });
    };
    const told = intervalOfElement(element);
    const { start, duration = type.seconds } = told;
    if (start === undefined || !(duration > 0 || isCumulative) || duration > 400 * 86_400) {
      tell('bad-time', 'Expected a start and a duration in seconds');
      continue;
    }
    const value = microOf(told.value, scale);
    if (!Number.isFinite(value)) {
      tell('bad-value', 'Expected an integer number');
      continue;
    }
    if (value < 0) {
      tell('bad-value', 'Expected an amount that is not negative');
      continue;
    }
    const from = toInstant(start * 1000, clock, last);
    last = from;
    const tou = told.tou === undefined ? 0 : Number(told.tou);
    const tariff = Number.isInteger(tou) && tou > 0 ? tou : type.tariff;
    const quality =
      told.quality === undefined ? Quality.measured : (named(QUALITIES, told.quality) ?? Quality.measured);
    const record = `${register}@${from}`;
    const common = { commodity, flow, tariff, value, unit: scale.unit, trust: 'unsigned', record } as const;
    const reading: Mutable<MeterReading> | Mutable<IntervalReading> = isCumulative
      ? { ...common, register, quality, at: from }
      : { ...common, register, quality, start: from, duration: duration * 1000 };
    if (serial !== undefined) reading.serial = serial;
    readings.push(reading);
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

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

/** Green Button. */
export const greenButtonFormat: MeterFormat = {
  kind: 'green-button',
  title: 'Green Button XML (NAESB ESPI) of utilities in the US and Canada: electricity, gas and water',
  proof: 'real',
  declare: 'whether its epochs are local time (clock local), and then the zone',
  looksLike: ({ xmlRoot }) => xmlRoot === 'feed' || xmlRoot === 'entry' || xmlRoot === 'IntervalBlock',
  read({ text }, { greenButton = {}, zone }) {
    const isLocal = greenButton.clock === 'local' && greenButton.localZone === undefined;
    return readGreenButton(text, isLocal && zone !== undefined ? { localZone: zone } : greenButton);
  },
};
