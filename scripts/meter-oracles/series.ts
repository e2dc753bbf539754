import {
  INTERVAL_STEPS,
  type IntervalSeries,
  Quality,
  type QualityCode,
  type SeededRandom,
} from '../../packages/interface/src/index.ts';
import { seriesBounds, seriesToCsv } from '../../packages/oehu-client/src/series.ts';
import { zoneOf } from '../../packages/oehu-client/src/time/zone.ts';

/** An exported series, and what is in it. */
export interface ExportedSeries {
  readonly name: string;
  readonly csv: string;
  /** Starts of the intervals, ms since the epoch. */
  readonly starts: readonly number[];
  /** Amounts, micro-units; null = missing. */
  readonly values: readonly (number | null)[];
}

/** Three days around a clock change in every step, with gaps. */
export function oracleSeries(random: SeededRandom): readonly ExportedSeries[] {
  const zones = ['Europe/Amsterdam', 'America/New_York', 'Australia/Sydney', 'UTC'];
  return zones.flatMap((zone) =>
    INTERVAL_STEPS.map((step) => {
      const start = zoneOf(zone).midnight('2026-03-28');
      const values = Array.from({ length: step === 'P1D' ? 3 : 280 }, () =>
        random.below(10) === 0 ? null : random.below(2_000_000_000),
      );
      const series: IntervalSeries = {
        commodity: 'electricity',
        flow: 'import',
        unit: 'uKWh',
        start,
        step,
        zone,
        values,
        quality: Uint8Array.from(
          values,
          (value): QualityCode => (value === null ? Quality.missing : Quality.measured),
        ),
        trust: 'unsigned',
        verified: 0,
      };
      return {
        name: `${zone} ${step}`,
        csv: seriesToCsv(series),
        starts: [...seriesBounds(series)].slice(0, -1),
        values,
      };
    }),
  );
}
