import { microFromText } from '../../../decimal.ts';
import { MeterError } from '../../../errors.ts';
import type { FormatOptions, MeterFormat } from '../../format.ts';
import { isoInstant } from '../../iso-time.ts';
import { issueList, nothingRead, type SourceIssue } from '../../issues.ts';
import { MAX_INTERVAL_MS } from '../../json-objects.ts';
import type { AnyReading, MeterFile } from '../../meter-file.ts';
import { intervalOf, registerOf } from '../../readings.ts';
import { csvText, eachCsvRow } from '../csv/text.ts';
import { type Quantity, quantityOf } from './quantity.ts';

const HISTORY = /^entity_id,state,last_changed\s*$/m;
const ENERGY = /^entity_id,type,unit,\d{4}-/;
/** Rows of the energy dashboard that a meter counted; batteries, devices, costs and what was calculated are none. */
const TYPES: ReadonlyMap<string, FormatOptions> = new Map([
  ['grid_consumption', { commodity: 'electricity', flow: 'import' }],
  ['grid_return', { commodity: 'electricity', flow: 'export' }],
  ['gas_consumption', { commodity: 'gas', flow: 'import' }],
  ['water_consumption', { commodity: 'water', flow: 'import' }],
]);

function amountOf(text: string, { unit }: Quantity): number | undefined {
  // Sums of floating-point numbers may be written as 1e-7.
  if (!/^\d+(?:\.\d+)?(?:e-\d{1,2})?$/i.test(text)) return undefined;
  try {
    return microFromText(/e/i.test(text) ? Number(text).toFixed(12) : text, unit.power);
  } catch {
    return undefined;
  }
}

function readHistory(text: string, options: FormatOptions, issues: SourceIssue[]): AnyReading[] {
  const readings: AnyReading[] = [];
  const quantities = new Map<string, Quantity | undefined>();
  eachCsvRow(text, ',', ([entity = '', state = '', changed = ''], line) => {
    if (line === 0 || /^(?:unknown|unavailable|)$/.test(state)) return undefined;
    if (!quantities.has(entity))
      quantities.set(entity, quantityOf(entity.slice(0, 100), {}, options, issues));
    const quantity = quantities.get(entity);
    if (quantity === undefined) return undefined;
    const at = isoInstant(changed.trim());
    const value = amountOf(state.trim(), quantity);
    const where = `row ${line + 1}`;
    if (at === undefined)
      issues.push({ code: 'bad-time', at: where, message: 'Expected a time with an offset' });
    else if (value === undefined)
      issues.push({ code: 'bad-value', at: where, message: 'Expected a number that is not negative' });
    else {
      const { commodity, flow, unit } = quantity;
      readings.push(
        registerOf({ commodity, flow, at, value, unit: unit.unit, serial: entity, register: 'state' }),
      );
    }
    return undefined;
  });
  return readings;
}

/** The times of the heading, and how long each interval is: to the next one, the last as the one before. */
function intervalsOf(cells: readonly string[]): { readonly start: number; readonly duration: number }[] {
  const starts = cells.slice(3).map((cell) => isoInstant(cell.trim()) ?? Number.NaN);
  return starts.map((start, i) => {
    const next = starts[i + 1];
    return { start, duration: next === undefined ? start - (starts[i - 1] ?? Number.NaN) : next - start };
  });
}

function readEnergy(text: string, issues: SourceIssue[]): AnyReading[] {
  const readings: AnyReading[] = [];
  let intervals: ReturnType<typeof intervalsOf> = [];
  eachCsvRow(text, ',', (row, line) => {
    if (line === 0) {
      intervals = intervalsOf(row);
      return undefined;
    }
    const [entity = '', type = '', unit = ''] = row;
    const where = `row ${line + 1}`;
    const declared = TYPES.get(type.trim());
    if (declared === undefined) {
      const message = `${JSON.stringify(type.slice(0, 30))} is not counted by a meter of the household`;
      issues.push({ code: 'skipped', at: where, message });
      return undefined;
    }
    // Written as letters and marks apart: m³ as m3.
    const quantity = quantityOf(entity.slice(0, 100), { unit: unit.trim() }, declared, issues);
    if (quantity === undefined) return undefined;
    for (const [i, { start, duration }] of intervals.entries()) {
      const cell = (row[i + 3] ?? '').trim();
      if (cell === '') continue;
      const value = amountOf(cell, quantity);
      if (!(duration > 0 && duration <= MAX_INTERVAL_MS))
        issues.push({ code: 'bad-time', at: where, message: 'Expected times that go on' });
      else if (value === undefined)
        issues.push({ code: 'bad-value', at: where, message: 'Expected a number that is not negative' });
      else {
        const { commodity, flow } = quantity;
        readings.push(
          intervalOf({
            commodity,
            flow,
            start,
            duration,
            value,
            unit: quantity.unit.unit,
            serial: entity,
            register: type,
          }),
        );
      }
    }
    return undefined;
  });
  return readings;
}

/**
 * Reads the CSV of Home Assistant: the history of entities (`history.csv`, without units) and the energy dashboard
 * (`energy.csv`, amounts of hours, days or months). Throws `ERR_METER_SCHEMA` when nothing in it is a counter.
 */
export function readHomeAssistantCsv(bytes: Uint8Array, options: FormatOptions = {}): MeterFile {
  const issues = issueList();
  const text = csvText(bytes, undefined, issues);
  const isEnergy = ENERGY.test(text.slice(0, 100).replace(/^\ufeff/, ''));
  if (!isEnergy && !/^\ufeff?entity_id,state,last_changed\s/.test(text)) {
    throw new MeterError('ERR_METER_SCHEMA', 'Expected history.csv or energy.csv of Home Assistant');
  }
  const readings = isEnergy ? readEnergy(text, issues) : readHistory(text, options, issues);
  if (readings.length === 0) throw nothingRead('an export of Home Assistant with counters of energy', issues);
  return { kind: 'home-assistant-csv', readings, issues };
}

/** Downloads of the pages History and Energy of Home Assistant. */
export const homeAssistantCsvFormat: MeterFormat = {
  kind: 'home-assistant-csv',
  title: 'Downloads of Home Assistant as CSV: history of counters, and the energy dashboard',
  proof: 'unproven',
  declare: 'for history.csv commodity and flow, as it tells no units',
  looksLike: ({ head }) => HISTORY.test(head.slice(0, 60)) || ENERGY.test(head),
  read: ({ bytes }, options) => readHomeAssistantCsv(bytes, options),
};
