import { type Flow, Quality, type QualityCode } from '@edmp/interface';
import { microFromText } from '../../decimal.ts';
import type { IntervalReading } from '../../reading.ts';
import type { MeterFormat } from '../format.ts';
import { isoInstant } from '../iso-time.ts';
import { issueList, nothingRead, type SourceIssue } from '../issues.ts';
import { MAX_INTERVAL_MS } from '../json-objects.ts';
import type { MeterFile } from '../meter-file.ts';
import { type SourceUnit, sourceUnit } from '../units.ts';
import { child, descendants, parseXml, textAt, type XmlElement } from '../xml.ts';

// EDA "Messmethode": L1 measured, L2 calculated or replaced, L3 estimated.
const METHODS: Readonly<Record<string, QualityCode>> = {
  L1: Quality.measured,
  L2: Quality.edited,
  L3: Quality.estimated,
};

/**
 * Suffixes of a meter code that stand for what the meter counted, best first: none or G.01 all of it, P.01 the surplus
 * that a producer fed in. Everything else (G.02 share offered, G.03 share used, …T with participation factors) is
 * calculated by an energy community and measures nothing of its own.
 */
const MEASURED: readonly string[] = ['', 'G.01', 'P.01'];

/** What a meter code such as `1-1:1.9.0 G.01` says. */
export interface EdaCode {
  /** OBIS part. */
  readonly obis: string;
  readonly flow: Flow;
  /** Rank among the codes of one direction, 0 best; −1 for a share that a community calculates. */
  readonly rank: number;
}

/** Takes apart a meter code of the Austrian energy data exchange; undefined when it is none of active energy. */
export function edaCode(code: string): EdaCode | undefined {
  const match = /^(\d{1,3}-\d{1,3}:([12])\.\d{1,3}\.\d{1,3})(?:\s+([A-Z]\.\d\dT?))?$/.exec(code.trim());
  if (match === null) return undefined;
  const [, obis = '', direction, suffix = ''] = match;
  return {
    obis,
    flow: direction === '1' ? 'import' : 'export',
    rank: MEASURED.indexOf(suffix),
  };
}

/**
 * Reads an Austrian EDA `ConsumptionRecord`: interval amounts with times that tell their offset. Of the codes of an
 * energy community only what the meter counted is read. Throws `ERR_METER_FORMAT` when it is no XML and
 * `ERR_METER_SCHEMA` when it has another shape.
 *
 * @param text - The decoded XML; anything may be given.
 */
export function readConsumptionRecord(text: string): MeterFile {
  const root = parseXml(text);
  const directory = child(root, 'ProcessDirectory');
  const issues = issueList();
  const readings: IntervalReading[] = [];
  const point = textAt(directory, 'MeteringPoint') ?? 'eda';
  const blocks = (directory === undefined ? [] : descendants(directory, 'EnergyData')).map((data, index) => ({
    data,
    path: `EnergyData[${index}]`,
    text: data.attributes.MeterCode ?? '',
    code: edaCode(data.attributes.MeterCode ?? ''),
    unit: sourceUnit(data.attributes.UOM ?? ''),
  }));
  const best = (flow: Flow): number =>
    blocks.reduce(
      (least, { code }) => (code?.flow === flow && code.rank >= 0 ? Math.min(least, code.rank) : least),
      Number.POSITIVE_INFINITY,
    );
  const wanted = { import: best('import'), export: best('export') };
  for (const { data, path, text: name, code, unit } of blocks) {
    const skip = (issue: SourceIssue['code'], message: string): void => {
      issues.push({ code: issue, at: path, message });
    };
    const shown = JSON.stringify(name.slice(0, 40));
    if (unit === undefined) {
      skip(
        'unknown-unit',
        `Expected kWh, got unit ${JSON.stringify((data.attributes.UOM ?? '').slice(0, 20))}`,
      );
    } else if (code === undefined) {
      skip('unknown-code', `Expected an OBIS code of active energy, got ${shown}`);
    } else if (code.rank < 0) {
      skip(
        'unknown-code',
        `${shown} is a share that an energy community calculates, not what the meter counted`,
      );
    } else if (code.rank > wanted[code.flow]) {
      skip('skipped', `${shown} is part of what another code tells whole`);
    } else readBlock(data, { path, point, code, unit }, readings, issues);
  }
  if (readings.length === 0) throw nothingRead('an EDA document with readings', issues);
  return { kind: 'at-eda', readings, issues };
}

/** Where a block stands and what it counts. */
interface Block {
  readonly path: string;
  readonly point: string;
  readonly code: EdaCode;
  readonly unit: SourceUnit;
}

function readBlock(
  data: XmlElement,
  { path, point, code, unit }: Block,
  readings: IntervalReading[],
  issues: SourceIssue[],
): void {
  for (const [i, position] of data.children.filter((one) => one.name === 'EP').entries()) {
    const start = isoInstant(textAt(position, 'DTF'));
    const end = isoInstant(textAt(position, 'DTT'));
    const at = `${path}.EP[${i}]`;
    if (start === undefined || end === undefined || end <= start || end - start > MAX_INTERVAL_MS) {
      issues.push({ code: 'bad-time', at, message: 'Expected DTF < DTT, both with an offset' });
      continue;
    }
    let value = -1;
    try {
      value = microFromText(textAt(position, 'BQ') ?? '', unit.power);
    } catch {
      // Told below.
    }
    if (value < 0) {
      issues.push({ code: 'bad-value', at, message: 'Expected a decimal number that is not negative' });
      continue;
    }
    readings.push({
      commodity: unit.unit === 'uM3' ? 'gas' : 'electricity',
      flow: code.flow,
      tariff: 'total',
      start,
      duration: end - start,
      value,
      unit: unit.unit,
      trust: 'unsigned',
      record: `${point}@${start}`,
      serial: point,
      register: code.obis,
      quality: METHODS[textAt(position, 'MM') ?? ''] ?? Quality.estimated,
    });
  }
}

/** The Austrian energy data exchange. */
export const atEdaFormat: MeterFormat = {
  kind: 'at-eda',
  title: 'ConsumptionRecord of the Austrian energy data exchange (EDA), with the codes of energy communities',
  proof: 'real',
  looksLike: ({ xmlRoot }) => xmlRoot === 'ConsumptionRecord',
  read: ({ text }) => readConsumptionRecord(text),
};
