import type { EnergyUnit } from '@edmp/interface';
import { MICRO } from '../decimal.ts';
import { NO_TIME } from '../sources/meter-file.ts';
import { type ExportAbout, type ExportRow, rowMoment } from './row.ts';

/** One record of SenML JSON (RFC 8428). */
export type SenmlRecord = Readonly<Record<string, string | number>>;

/** Tenths of the unit in one micro-unit: a micro-kWh is 3.6 J, a micro-GJ 1000 J, a micro-m³ a millionth of an m³. */
const UNITS: Readonly<Record<EnergyUnit, { readonly name: string; amount(micro: number): number }>> = {
  // The digits are multiplied as an integer and divided once, so that the number printed is the exact decimal.
  uKWh: { name: 'J', amount: (micro) => Number(BigInt(micro) * 36n) / 10 },
  uGJ: { name: 'J', amount: (micro) => micro * 1000 },
  uM3: { name: 'm3', amount: (micro) => micro / MICRO },
};

/** An electricity register in the words of OBIS, which a reader knows by itself. */
const OBIS = /^(?:\d{1,3}-\d{1,3}:)?([12])\.8\.(\d)$/;

/** Characters that a name may not have (RFC 8428 §4.5.1), and those that the escaping needs for itself. */
const NOT_IN_NAMES = /[^A-Za-z0-9\-:.]/gu;
const named = (text: string): string =>
  text.replace(NOT_IN_NAMES, (character) => `_${(character.codePointAt(0) ?? 0).toString(16)}_`);

/** The last part of a record's name: commodity, direction and tariff, and the register where the source tells one. */
function registerName(row: ExportRow): string {
  const register = row.register ?? '';
  const words = `${row.commodity}/${row.flow}/${row.tariff}`;
  const obis = row.commodity === 'electricity' ? OBIS.exec(register) : null;
  const flow = obis?.[1] === '1' ? 'import' : 'export';
  const tariff = obis?.[2] === '0' ? 'total' : Number(obis?.[2]);
  if (obis !== null && flow === row.flow && tariff === row.tariff) return register;
  return register === '' ? words : `${named(register)}/${words}`;
}

/** A counter over intervals that follow each other. */
interface Run {
  end: number;
  micro: number;
  readonly base: string;
}

/** What a pack has told so far: base fields hold until they are told anew. */
interface Pack {
  name: string;
  unit: string;
  time: number;
}

/**
 * Turns rows into SenML records, piece by piece, by the rules of RFC 8428: names of its characters only, units of its
 * registry (`J` and `m3`; kWh stands in the registry of secondary units of RFC 8798, which readers need not know), times
 * as seconds from `bt`, base fields only where they change, records in the order of their times within a piece.
 *
 * SenML has values at moments, no intervals. The amounts of intervals are summed to a counter that starts at 0, told at
 * both ends; where an interval is missing a counter with another base name begins, so that nobody takes a difference
 * across the gap. Readings whose time nobody told are left out.
 */
export class SenmlPack {
  readonly #about: ExportAbout;
  readonly #runs = new Map<string, Run>();
  readonly #pack: Pack = { name: '', unit: '', time: Number.NaN };

  constructor(about: ExportAbout) {
    this.#about = about;
  }

  /** Records of the next rows, which come in the order of their times for each register. */
  records(rows: readonly ExportRow[]): SenmlRecord[] {
    const records: SenmlRecord[] = [];
    for (const row of settled(rows)) {
      if (row.value === null || rowMoment(row) === NO_TIME) continue;
      const base = `meter:${named(row.serial ?? this.#about.meter)}/`;
      if (!('duration' in row)) {
        records.push(this.#record(base, row, row.at, row.value));
        continue;
      }
      const key = `${base}${registerName(row)}|${row.duration}`;
      let run = this.#runs.get(key);
      if (run === undefined || run.end !== row.start) {
        const since = new Date(row.start).toISOString().replace('.000Z', 'Z');
        run = { end: row.start, micro: 0, base: `${base}since:${since}:${row.duration / 1000}s/` };
        this.#runs.set(key, run);
        records.push(this.#record(run.base, row, row.start, 0));
      }
      run.micro += row.value;
      run.end = row.start + row.duration;
      records.push(this.#record(run.base, row, run.end, run.micro));
    }
    return records;
  }

  #record(base: string, row: ExportRow, at: number, micro: number): SenmlRecord {
    const { name: unit, amount } = UNITS[row.unit];
    const pack = this.#pack;
    const record: Record<string, string | number> = {};
    if (base !== pack.name) record.bn = base;
    if (Number.isNaN(pack.time)) {
      record.bt = at / 1000;
      pack.time = at;
    }
    if (unit !== pack.unit) record.bu = unit;
    pack.name = base;
    pack.unit = unit;
    record.n = registerName(row);
    if (at !== pack.time) record.t = (at - pack.time) / 1000;
    record.v = amount(micro);
    return record;
  }
}

/** Rows in the order of their moments; what is told again replaces. */
function settled(rows: readonly ExportRow[]): ExportRow[] {
  const last = new Map<string, ExportRow>();
  for (const row of rows) {
    const length = 'duration' in row ? row.duration : '';
    last.set(`${row.serial ?? ''}|${registerName(row)}|${rowMoment(row)}|${length}`, row);
  }
  return [...last.values()].sort((a, b) => rowMoment(a) - rowMoment(b));
}

/** Rows as SenML JSON, one record a line. See {@link SenmlPack}. */
export async function* rowsToSenml(
  batches: AsyncIterable<readonly ExportRow[]>,
  about: ExportAbout,
): AsyncGenerator<string> {
  const pack = new SenmlPack(about);
  let isFirst = true;
  yield '[';
  for await (const batch of batches) {
    const records = pack.records(batch).map((record) => JSON.stringify(record));
    if (records.length === 0) continue;
    yield `${isFirst ? '\n' : ',\n'}${records.join(',\n')}`;
    isFirst = false;
  }
  yield '\n]\n';
}
