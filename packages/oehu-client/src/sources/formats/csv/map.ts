import type { Commodity, Flow, Quality } from '@edmp/interface';

/** A column: its heading, or its number counted from 0. */
export type CsvColumnName = string | number;

/** Rows that hold one of some texts in a column. */
export interface CsvRowFilter {
  readonly column: CsvColumnName;
  /** Texts of the cell, compared after trimming and without regard to case. */
  readonly is: string | readonly string[];
}

/** What one column of a CSV file holds. */
export interface CsvColumn {
  readonly column: CsvColumnName;
  readonly commodity: Commodity;
  readonly flow: Flow;
  /** Default `total`. */
  readonly tariff?: number | 'total';
  /** `kWh`, `Wh`, `m3`, `l`, `GJ` …; of power `kW`, `W`. */
  readonly unit: string;
  /** Column that tells the unit of each row instead; an empty cell means `unit`. */
  readonly unitColumn?: CsvColumnName;
  /**
   * `register` = cumulative; `interval` = the amount of the row's interval; `power` = its mean power, from which the
   * amount follows.
   */
  readonly kind: 'register' | 'interval' | 'power';
  /**
   * `positive` refuses negative amounts; `negative` is for files that write all amounts with a minus; `both` splits a
   * net amount: negative ones flowed the other way. Not given: a column of exports in which every amount is negative is
   * read as `negative`, which an issue tells; else `positive`.
   */
  readonly sign?: 'positive' | 'negative' | 'both';
  /** Only rows that hold a text in another column, e.g. a register name; of several filters all. */
  readonly where?: CsvRowFilter | readonly CsvRowFilter[];
}

/** One row a day, one column an interval. */
export interface CsvDayMatrix {
  /** First column of the day; those to the right follow it. */
  readonly first: CsvColumnName;
  /** What the cells hold. */
  readonly cells: Omit<CsvColumn, 'column'>;
}

/** Character encodings that can be declared. */
export type CsvEncoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

/** How to read a CSV file. */
export interface CsvMap {
  /** Name of the sheet, when the file is a workbook. Not given: the first with a table. */
  readonly sheet?: string;
  /** Default `,`. */
  readonly delimiter?: ',' | ';' | '\t' | '|';
  /** Default `.`. */
  readonly decimal?: '.' | ',';
  /** Mark between groups of three digits. Not given: only taken where the decimal mark stands too. */
  readonly grouping?: '.' | ',' | ' ' | "'";
  /** Not given: found out from the bytes; Latin-1 is read as windows-1252, which an issue tells. */
  readonly encoding?: CsvEncoding;
  /** Whether a line of headings comes first. Not given: unless all columns are numbers and the first row holds readings. */
  readonly heading?: boolean;
  /** Number of lines before the headings. Default 0. */
  readonly skipLines?: number;
  /** Headings that begin the table; lines before the first line that holds them all are left out. */
  readonly startsAt?: readonly string[];
  /** Column with the time, or with the date when `clock` is given. */
  readonly time: CsvColumnName;
  /** Column with the time of day, when it is apart from the date. */
  readonly clock?: CsvColumnName;
  /**
   * Whether `clock` counts the intervals of the day from 1 instead of telling a time: 23 or 25 hours on the days of a
   * clock change.
   */
  readonly isOrdinal?: boolean;
  /**
   * `iso` = with an offset; `epoch-s`, `epoch-ms`; `local` = date and time, or a date alone, on the wall clock of `zone`:
   * `YYYY-MM-DD hh:mm[:ss]`, `YYYYMMDD`, dates with `.`, `/` or `-` of day, month and year, `24:00`, AM and PM.
   */
  readonly timeFormat: 'iso' | 'epoch-s' | 'epoch-ms' | 'local';
  /**
   * Order of dates such as 04/10/2024. Not given: told by the file's other dates, else by the custom of the zone, which
   * an issue tells; without one the file is refused.
   */
  readonly dateOrder?: 'day-first' | 'month-first';
  /** IANA zone of `local` times. */
  readonly zone?: string;
  /** Whether the time is the start or the end of an interval. Not given: `start`, unless the file's days begin and end otherwise, which an issue tells. */
  readonly stamp?: 'start' | 'end';
  /**
   * Length of an interval in seconds; needed for `interval` and `power` columns where no `end` tells it. Multiples of
   * 86 400 are calendar days.
   */
  readonly stepSeconds?: number;
  /** Column with the end of each interval, in the format of `time`; with `time` as its start. */
  readonly end?: CsvColumnName;
  /** Column with the time of day of the end; of the day of `end`, else of `time`. */
  readonly endClock?: CsvColumnName;
  /** Whether ends such as 00:14 and 00:59 name the last minute of the interval. */
  readonly endInclusive?: boolean;
  readonly columns: readonly CsvColumn[];
  /** Reads a row a day instead of `columns`. */
  readonly matrix?: CsvDayMatrix;
  /** Column with a quality word. */
  readonly quality?: CsvColumnName;
  /** What the words mean; those of `Quality` need not be named. Compared without regard to case. */
  readonly qualityWords?: Readonly<Record<string, keyof typeof Quality>>;
  /** Column that names the physical meter of each row. */
  readonly serial?: CsvColumnName;
  /** Only rows that pass all of these. */
  readonly rows?: readonly CsvRowFilter[];
}
