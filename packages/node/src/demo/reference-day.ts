import { type IntervalSeries, type RegisterReading, systemEnvironment } from '@edmp/interface';
import { intervalSeries, zoneOf } from '@edmp/oehu-client';
import { oehuMeters } from '../compose/oehu.ts';
import type { CurveQuery } from '../service.ts';

/** The day as the OEHU API itself tells it, without any EDMP node in between. */
export async function readEmulatorDay(
  options: CurveQuery & { readonly url: string; readonly zone: string },
): Promise<IntervalSeries> {
  const zone = zoneOf(options.zone);
  const from = zone.midnight(options.from);
  const to = zone.nextDay(zone.midnight(options.to));
  const source = oehuMeters(options.url, systemEnvironment());
  const readings: RegisterReading[] = [];
  for await (const reading of source.readings(options.meter, { from, to })) readings.push(reading);
  return intervalSeries(readings, { ...options, from, to });
}
