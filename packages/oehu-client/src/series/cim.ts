import { type Commodity, type IntervalSeries, InvalidArgumentError, Quality } from '@edmp/interface';
import { formatMicro } from '../decimal.ts';
import { unitText } from '../sources/units.ts';
import { seriesBounds } from './bounds.ts';

/** What a CIM document needs besides the series. */
export interface CimOptions {
  /** Id of the document, e.g. the trade id. */
  readonly document: string;
  /** Id of the metering point: a pseudonym, never the real one. */
  readonly meteringPoint: string;
  /** When the document is made, ms since the epoch. */
  readonly createdAt: number;
}

// CIM Quality codes of IEC 62325-351: A01 adjusted, A02 not available, A03 estimated, A04 as provided.
const QUALITIES: Readonly<Record<number, string>> = {
  [Quality.measured]: 'A04',
  [Quality.interpolated]: 'A01',
  [Quality.estimated]: 'A03',
  [Quality.edited]: 'A01',
  [Quality.reset]: 'A02',
  [Quality.missing]: 'A02',
};
const COMMODITIES: Readonly<Record<Commodity, string>> = {
  electricity: 'electricitySecondaryMetered',
  gas: 'naturalGas',
  water: 'potableWater',
  heat: 'districtHeating',
};

const escapeXml = (text: string): string =>
  text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
const minute = (at: number): string => `${new Date(at).toISOString().slice(0, 16)}Z`;

/**
 * The series as a `ValidatedHistoricalData_MarketDocument` in the manner of IEC 62325-451 / EDDIE: one period with a
 * point for every interval, missing ones with quality A02 and no quantity. It follows that document's structure but is
 * not validated against its schema. Throws `ERR_INVALID_ARGUMENT` for ids with control characters.
 */
export function seriesToCim(series: IntervalSeries, options: CimOptions): string {
  for (const id of [options.document, options.meteringPoint]) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 forbids exactly these
    if (/[\u0000-\u001f\ufffe\uffff]/.test(id) || id === '') {
      throw new InvalidArgumentError('Expected document and metering point ids of printable characters');
    }
  }
  const bounds = seriesBounds(series);
  const interval = (name: string): string =>
    `<${name}><start>${minute(bounds[0] ?? 0)}</start><end>${minute(bounds[bounds.length - 1] ?? 0)}</end></${name}>`;
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<ValidatedHistoricalData_MarketDocument xmlns="urn:iec62325.351:tc57wg16:451-13:validatedhistoricaldatadocument:1:0">',
    `<mRID>${escapeXml(options.document)}</mRID>`,
    '<type>A45</type>',
    `<createdDateTime>${new Date(options.createdAt).toISOString().slice(0, 19)}Z</createdDateTime>`,
    interval('period.timeInterval'),
    '<TimeSeries>',
    '<mRID>1</mRID>',
    `<flowDirection.direction>${series.flow === 'import' ? 'A02' : 'A01'}</flowDirection.direction>`,
    `<energy_Measurement_Unit.name>${unitText(series.unit)}</energy_Measurement_Unit.name>`,
    `<marketEvaluationPoint.mRID codingScheme="A02">${escapeXml(options.meteringPoint)}</marketEvaluationPoint.mRID>`,
    `<marketEvaluationPoint.meterReadings.readings.readingType.commodity>${COMMODITIES[series.commodity]}</marketEvaluationPoint.meterReadings.readings.readingType.commodity>`,
    '<Series_Period>',
    `<resolution>${series.step}</resolution>`,
    interval('timeInterval'),
  ];
  for (const [i, value] of series.values.entries()) {
    const quantity =
      value === null ? '' : `<energy_Quantity.quantity>${formatMicro(value)}</energy_Quantity.quantity>`;
    const code = QUALITIES[series.quality[i] ?? Quality.missing] ?? 'A02';
    lines.push(
      `<Point><position>${i + 1}</position>${quantity}<energy_Quantity.quality>${code}</energy_Quantity.quality></Point>`,
    );
  }
  lines.push('</Series_Period>', '</TimeSeries>', '</ValidatedHistoricalData_MarketDocument>', '');
  return lines.join('\n');
}
