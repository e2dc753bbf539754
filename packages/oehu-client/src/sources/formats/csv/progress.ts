import type { QualityCode } from '@edmp/interface';
import type { SourceIssue } from '../../issues.ts';
import type { FoundColumn } from './columns.ts';
import type { CsvLayout } from './layout.ts';
import type { CsvMap } from './map.ts';
import type { CsvReadings } from './readings.ts';
import type { RepeatedTime, WallClock } from './wall-clock.ts';

/** What reading row by row goes on with. */
export interface Progress {
  readonly map: CsvMap;
  readonly layout: CsvLayout;
  readonly clock: WallClock;
  readonly issues: SourceIssue[];
  readonly readings: CsvReadings;
  /** Times of the repeated hour, and the readings that wait for each. */
  readonly repeated: (RepeatedTime & {
    readonly first: number;
    readonly count: number;
    readonly isEdge: boolean;
  })[];
  /** Readings of negative amounts in columns of exports, by column. */
  readonly negative: Map<FoundColumn, number[]>;
  /** Columns of exports that hold a positive amount. */
  readonly positive: Set<FoundColumn>;
  /** Lines of rows that no column of the map wants. */
  readonly unnamed: number[];
  /** Ends of intervals told at the moment that the clock jumped from. */
  readonly jumped: Set<number>;
}

/** What a row tells besides its amounts. */
export interface RowFacts {
  readonly date: string;
  readonly time?: string | undefined;
  readonly end?: string | undefined;
  readonly endTime?: string | undefined;
  /** Counted from 0. */
  readonly line: number;
  readonly serial: string;
  readonly quality: QualityCode;
}

/** A row as issues name it. */
export const rowName = ({ line }: Pick<RowFacts, 'line'>): string => `row ${line + 1}`;
