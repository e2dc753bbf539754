import { DatabaseSync, type StatementSync } from 'node:sqlite';
import {
  type AbortOptions,
  type AttestationLevel,
  type Commodity,
  type EnergyUnit,
  type Flow,
  Quality,
  type QualityCode,
  throwIfAborted,
} from '@edmp/interface';
import { ATTESTATION_LEVELS } from '@edmp/interface/dataset';
import { MeterError } from '../errors.ts';
import { isWellFormed } from '../oehu/json.ts';
import type { MeterReading } from '../reading.ts';
import { type AnyReading, isIntervalReading } from '../sources/meter-file.ts';
import {
  MAX_READINGS_AT_ONCE,
  type ReadingRange,
  type ReadingStore,
  type RecordedMeter,
  type ReplacedReading,
  type StoredCount,
} from './reading-store.ts';
import { turnOfOthers } from './turn.ts';

/** Options of {@link sqliteReadingStore}. */
export interface SqliteReadingStoreOptions {
  /** File to open or make; nothing else may be in it. */
  readonly path: string;
}

/** "EDMR" in ASCII: marks a file as ours (SQLite `application_id`). */
const APPLICATION_ID = 0x45_44_4d_52;
const VERSION = 1;

const SCHEMA = `
  CREATE TABLE register (
    id INTEGER PRIMARY KEY, meter TEXT NOT NULL, is_interval INTEGER NOT NULL, commodity TEXT NOT NULL,
    flow TEXT NOT NULL, tariff TEXT NOT NULL, unit TEXT NOT NULL, serial TEXT NOT NULL, name TEXT NOT NULL,
    UNIQUE (meter, is_interval, commodity, flow, tariff, unit, serial, name)
  );
  CREATE TABLE reading (
    register INTEGER NOT NULL, at INTEGER NOT NULL, length INTEGER NOT NULL, value INTEGER NOT NULL,
    quality INTEGER NOT NULL, trust INTEGER NOT NULL, record TEXT, recorded INTEGER NOT NULL,
    PRIMARY KEY (register, at, length)
  ) WITHOUT ROWID;
  CREATE TABLE replaced (
    id INTEGER PRIMARY KEY, register INTEGER NOT NULL, at INTEGER NOT NULL, length INTEGER NOT NULL,
    value INTEGER NOT NULL, quality INTEGER NOT NULL, trust INTEGER NOT NULL, record TEXT,
    recorded INTEGER NOT NULL, replaced INTEGER NOT NULL
  );
  CREATE INDEX replaced_of ON replaced (register, at, length);
  PRAGMA user_version = ${VERSION};
  PRAGMA application_id = ${APPLICATION_ID};
`;

/** SQLite keeps UTF-8, in which texts that differ in half a surrogate pair are one. */
function needWellFormed(text: string): void {
  if (!isWellFormed(text))
    throw new MeterError(
      'ERR_METER_FORMAT',
      'The name of a meter, serial, register or record has half a surrogate pair, which no UTF-8 can hold',
    );
}

/** One line of the table of registers. */
interface RegisterRow {
  readonly id: number;
  readonly isInterval: boolean;
  readonly commodity: Commodity;
  readonly flow: Flow;
  readonly tariff: number | 'total';
  readonly unit: EnergyUnit;
  /** Undefined where the source tells none. */
  readonly serial: string | undefined;
  readonly name: string | undefined;
}

/** One line of the table of readings: at, length, value, quality, trust, record, recorded. */
type ReadingRow = readonly [number, number, number, number, number, string | null, number];

const COLUMNS = 'at, length, value, quality, trust, record, recorded';

/** Readings that are read or deleted without a turn for others: some 10 and 30 ms. */
const READ_AT_ONCE = 10_000;
const FORGOTTEN_AT_ONCE = 4_000;

/** Registers of one meter; more is no household's meter. */
const MAX_REGISTERS = 1000;

/**
 * A durable {@link ReadingStore} in a SQLite file of its own. What was added is on the disk, also after a power cut
 * (`synchronous = FULL`: a meter is written once a minute). Throws `ERR_METER_STORE` when the file cannot be used, is another
 * program's or of a newer version.
 */
export function sqliteReadingStore(options: SqliteReadingStoreOptions): ReadingStore {
  return new SqliteReadingStore(options.path);
}

class SqliteReadingStore implements ReadingStore {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  #isOpen = true;

  constructor(path: string) {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path);
      prepare(database, path);
      this.#statements = statementsOf(database);
      this.#database = database;
    } catch (error) {
      database?.close();
      throw asStoreError(error);
    }
  }

  async add(meter: string, readings: readonly AnyReading[], recordedAt: number) {
    if (readings.length > MAX_READINGS_AT_ONCE)
      throw new MeterError('ERR_METER_LIMIT', `At most ${MAX_READINGS_AT_ONCE} readings are added at once`);
    return this.#attempt(() => {
      const count = { added: 0, corrected: 0, duplicates: 0, outdated: 0 };
      this.#together(() => {
        const registers = new Map<string, number>();
        for (const reading of readings) count[this.#put(meter, reading, recordedAt, registers)]++;
      });
      return count;
    });
  }

  async range(range: ReadingRange) {
    const readings: AnyReading[] = [];
    const { before, within, after } = this.#statements;
    let turn = 0;
    for (const register of this.#attempt(() => this.#registersOf(range))) {
      const { id } = register;
      const take = (statement: StatementSync, ...values: readonly number[]): readonly ReadingRow[] => {
        const found = this.#attempt(() => rows(statement.all(id, ...values)));
        for (const row of found) readings.push(readingOf(register, row));
        return found;
      };
      take(before, range.from);
      for (let [at, length] = [range.from, -1]; ; ) {
        const found = take(within, at, length, range.to, READ_AT_ONCE);
        const last = found.at(-1);
        turn += found.length;
        if (last === undefined || found.length < READ_AT_ONCE) break;
        [at, length] = last;
        if (turn < READ_AT_ONCE) continue;
        turn = 0;
        await turnOfOthers();
      }
      take(after, range.to);
    }
    return readings;
  }

  async replaced(range: ReadingRange) {
    return this.#attempt(() => {
      const found: { readonly id: number; readonly entry: ReplacedReading }[] = [];
      for (const register of this.#registersOf(range)) {
        for (const row of rows(this.#statements.history.all(register.id, range.from, range.to))) {
          const [id, replacedAt] = row.slice(7) as unknown as [number, number];
          found.push({ id, entry: { reading: readingOf(register, row), recordedAt: row[6], replacedAt } });
        }
      }
      return found.sort((a, b) => a.id - b.id).map(({ entry }) => entry);
    });
  }

  async meters() {
    return this.#attempt(() => {
      const found = new Map<string, Mutable<RecordedMeter>>();
      for (const row of rows(this.#statements.meters.all())) {
        const [meter, commodity, flow, oldest, newest] = row as unknown as MeterColumns;
        const known = found.get(meter);
        if (known === undefined) {
          found.set(meter, { meter, oldest, newest, kinds: [{ commodity, flow }] });
          continue;
        }
        known.oldest = Math.min(known.oldest, oldest);
        known.newest = Math.max(known.newest, newest);
        if (!known.kinds.some((one) => one.commodity === commodity && one.flow === flow))
          known.kinds = [...known.kinds, { commodity, flow }];
      }
      return [...found.values()];
    });
  }

  async forget(meter: string, before: number, { signal }: AbortOptions = {}) {
    const { cut, forget, forgetHistory, forgetRegisters } = this.#statements;
    let [gone, history] = [0, 0];
    const inTurns = async (part: () => number): Promise<number> => {
      for (let sum = 0; ; ) {
        throwIfAborted(signal);
        const count = this.#attempt(() => this.#together(part));
        sum += count;
        if (count < FORGOTTEN_AT_ONCE) return sum;
        await turnOfOthers();
      }
    };
    try {
      for (const { id } of this.#attempt(() => this.#registersOf({ meter }))) {
        const replaced = (until: number): number =>
          Number(forgetHistory.run(id, until, FORGOTTEN_AT_ONCE).changes);
        // What was replaced goes first: as long as readings are there, the rest of it can still be asked for.
        history += await inTurns(() => replaced(before));
        gone += await inTurns(() => {
          const last = rows(cut.all(id, before, FORGOTTEN_AT_ONCE - 1))[0]?.[0];
          // What shares its moment goes with it.
          const until = last === undefined ? before : last + 1;
          const count = Number(forget.run(id, until).changes);
          history += replaced(until);
          return count;
        });
      }
      this.#attempt(() => this.#together(() => forgetRegisters.run(meter)));
    } finally {
      // The log still holds what was deleted. A reader of another process may keep it from being emptied for a while.
      if (gone + history > 0 && this.#isOpen) this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    }
    return gone;
  }

  async close() {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#database.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Does all or nothing. */
  #together<T>(act: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = act();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Writes one reading inside the open transaction. */
  #put(
    meter: string,
    reading: AnyReading,
    recordedAt: number,
    registers: Map<string, number>,
  ): keyof StoredCount {
    const register = this.#registerOf(meter, reading, registers);
    const at = isIntervalReading(reading) ? reading.start : reading.at;
    const length = isIntervalReading(reading) ? reading.duration : 0;
    const record =
      reading.record === derivedRecord(reading.serial, reading.register, at) ? null : reading.record;
    if (record !== null) needWellFormed(record);
    const { find, insert, wasReplaced, keep, update } = this.#statements;
    const trust = ATTESTATION_LEVELS.indexOf(reading.trust);
    const quality = reading.quality ?? Quality.measured;
    const [known] = rows(find.all(register, at, length));
    if (known === undefined) {
      insert.run(register, at, length, reading.value, quality, trust, record, recordedAt);
      return 'added';
    }
    if (known[2] === reading.value) return 'duplicates';
    // An amount that was corrected does not come back with an older file.
    if (wasReplaced.get(register, at, length, reading.value) !== undefined) return 'outdated';
    keep.run(register, ...known, recordedAt);
    const corrected = quality === Quality.measured ? Quality.edited : quality;
    update.run(reading.value, corrected, trust, record, recordedAt, register, at, length);
    return 'corrected';
  }

  #registerOf(meter: string, reading: AnyReading, registers: Map<string, number>): number {
    const isInterval = isIntervalReading(reading) ? 1 : 0;
    const { commodity, flow, tariff, unit, serial = '', register = '' } = reading;
    // With its length, for either may hold the mark between them.
    const key = `${isInterval}|${commodity}|${flow}|${tariff}|${unit}|${serial.length}|${serial}|${register}`;
    let id = registers.get(key);
    if (id === undefined) {
      for (const text of [meter, serial, register]) needWellFormed(text);
      const row = [meter, isInterval, commodity, flow, String(tariff), unit, serial, register] as const;
      if (Number(this.#statements.newRegister.run(...row).changes) > 0) this.#countRegisters(meter);
      id = Number(rows(this.#statements.registerId.all(...row))[0]?.[0]);
      registers.set(key, id);
    }
    return id;
  }

  #countRegisters(meter: string): void {
    if (Number(rows(this.#statements.registerCount.all(meter))[0]?.[0]) > MAX_REGISTERS)
      throw new MeterError('ERR_METER_LIMIT', `A meter has at most ${MAX_REGISTERS} registers`);
  }

  #registersOf({
    meter,
    commodity,
    flow,
  }: Pick<ReadingRange, 'meter' | 'commodity' | 'flow'>): RegisterRow[] {
    return rows(this.#statements.registers.all(meter))
      .map((row) => registerRow(row as unknown as RegisterColumns))
      .filter(
        (one) =>
          (commodity === undefined || one.commodity === commodity) &&
          (flow === undefined || one.flow === flow),
      );
  }

  #attempt<T>(act: () => T): T {
    if (!this.#isOpen) throw new MeterError('ERR_METER_STORE', 'The store of readings is closed');
    try {
      return act();
    } catch (error) {
      throw asStoreError(error);
    }
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type MeterColumns = readonly [string, Commodity, Flow, number, number];
type RegisterColumns = readonly [number, number, Commodity, Flow, string, EnergyUnit, string, string];
type Statements = ReturnType<typeof statementsOf>;

function prepare(database: DatabaseSync, path: string): void {
  const number = (pragma: string): number =>
    Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
  const isEmpty = database.prepare('SELECT 1 FROM sqlite_master LIMIT 1').get() === undefined;
  if (!isEmpty && number('application_id') !== APPLICATION_ID)
    throw new MeterError('ERR_METER_STORE', `${path} belongs to another program; choose another file`);
  if (number('user_version') > VERSION)
    throw new MeterError('ERR_METER_STORE', `${path} was written by a newer version: update the program`);
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA secure_delete = ON;',
  );
  if (isEmpty) database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT;`);
}

function statementsOf(database: DatabaseSync) {
  const statement = (sql: string): StatementSync => {
    const prepared = database.prepare(sql);
    prepared.setReturnArrays(true);
    return prepared;
  };
  return {
    newRegister: statement(
      'INSERT OR IGNORE INTO register (meter, is_interval, commodity, flow, tariff, unit, serial, name) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    registerId: statement(
      'SELECT id FROM register WHERE meter = ? AND is_interval = ? AND commodity = ? AND flow = ? AND tariff = ? AND unit = ? AND serial = ? AND name = ?',
    ),
    registerCount: statement('SELECT count(*) FROM register WHERE meter = ?'),
    registers: statement(
      'SELECT id, is_interval, commodity, flow, tariff, unit, serial, name FROM register WHERE meter = ? ORDER BY id',
    ),
    find: statement(`SELECT ${COLUMNS} FROM reading WHERE register = ? AND at = ? AND length = ?`),
    insert: statement(`INSERT INTO reading (register, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`),
    update: statement(
      'UPDATE reading SET value = ?, quality = ?, trust = ?, record = ?, recorded = ? WHERE register = ? AND at = ? AND length = ?',
    ),
    keep: statement(
      `INSERT INTO replaced (register, ${COLUMNS}, replaced) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    wasReplaced: statement(
      'SELECT 1 FROM replaced WHERE register = ? AND at = ? AND length = ? AND value = ? LIMIT 1',
    ),
    before: statement(
      `SELECT ${COLUMNS} FROM reading WHERE register = ? AND at < ? ORDER BY at DESC, length DESC LIMIT 1`,
    ),
    within: statement(
      `SELECT ${COLUMNS} FROM reading WHERE register = ? AND (at, length) > (?, ?) AND at < ? ORDER BY at, length LIMIT ?`,
    ),
    after: statement(
      `SELECT ${COLUMNS} FROM reading WHERE register = ? AND at >= ? ORDER BY at, length LIMIT 1`,
    ),
    history: statement(
      `SELECT ${COLUMNS}, id, replaced FROM replaced WHERE register = ? AND at >= ? AND at < ? ORDER BY id`,
    ),
    meters: statement(
      `SELECT meter, commodity, flow, (SELECT at FROM reading WHERE register = id ORDER BY at LIMIT 1) AS oldest,
        (SELECT at + length FROM reading WHERE register = id ORDER BY at DESC, length DESC LIMIT 1)
        FROM register WHERE oldest IS NOT NULL ORDER BY meter, id`,
    ),
    cut: statement(
      'SELECT at FROM reading WHERE register = ? AND at < ? ORDER BY at, length LIMIT 1 OFFSET ?',
    ),
    forget: statement('DELETE FROM reading WHERE register = ? AND at < ?'),
    forgetHistory: statement(
      'DELETE FROM replaced WHERE id IN (SELECT id FROM replaced WHERE register = ? AND at < ? LIMIT ?)',
    ),
    forgetRegisters: statement(
      `DELETE FROM register WHERE meter = ? AND NOT EXISTS (SELECT 1 FROM reading WHERE register = register.id)
        AND NOT EXISTS (SELECT 1 FROM replaced WHERE register = register.id)`,
    ),
  };
}

const rows = (found: unknown): readonly ReadingRow[] => found as readonly ReadingRow[];

function registerRow([
  id,
  isInterval,
  commodity,
  flow,
  tariff,
  unit,
  serial,
  name,
]: RegisterColumns): RegisterRow {
  return {
    id,
    isInterval: isInterval === 1,
    commodity,
    flow,
    tariff: tariff === 'total' ? tariff : Number(tariff),
    unit,
    serial: serial === '' ? undefined : serial,
    name: name === '' ? undefined : name,
  };
}

/** What most sources call a reading; not worth its room in the file. */
function derivedRecord(serial: string | undefined, register: string | undefined, at: number): string {
  return `${serial ?? register ?? ''}@${at}`;
}

function readingOf(register: RegisterRow, [at, length, value, quality, trust, told]: ReadingRow): AnyReading {
  const { isInterval, commodity, flow, tariff, unit, serial, name } = register;
  const level: AttestationLevel = ATTESTATION_LEVELS[trust] ?? 'unsigned';
  const record = told ?? derivedRecord(serial, name, at);
  if (isInterval) {
    const code = quality as QualityCode;
    const interval = { start: at, duration: length, register: name ?? '', quality: code };
    const common = { commodity, flow, tariff, value, unit, trust: level, record, ...interval };
    return serial === undefined ? common : { ...common, serial };
  }
  const reading: { -readonly [K in keyof MeterReading]: MeterReading[K] } = {
    commodity,
    flow,
    tariff,
    at,
    value,
    unit,
    trust: level,
    record,
  };
  if (serial !== undefined) reading.serial = serial;
  if (name !== undefined) reading.register = name;
  if (quality !== Quality.measured) reading.quality = quality as QualityCode;
  return reading;
}

function asStoreError(error: unknown): MeterError {
  if (error instanceof MeterError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new MeterError('ERR_METER_STORE', `The store of readings failed: ${why}`, { cause: error });
}
