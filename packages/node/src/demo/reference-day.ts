import { type IntervalSeries, type RegisterReading, systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { createOehuClient, intervalSeries, oehuSource, zoneOf } from '@edmp/oehu-client';
import type { CurveQuery } from '../service.ts';

/** The day as the OEHU API itself tells it, without any EDMP node in between. */
export async function readEmulatorDay(
  options: CurveQuery & { readonly url: string; readonly zone: string },
): Promise<IntervalSeries> {
  const zone = zoneOf(options.zone);
  const from = zone.midnight(options.from);
  const to = zone.nextDay(zone.midnight(options.to));
  const source = oehuSource(
    createOehuClient({ baseUrl: options.url, crypto: nodeCrypto(), environment: systemEnvironment() }),
  );
  const readings: RegisterReading[] = [];
  for await (const reading of source.readings(options.meter, { from, to })) readings.push(reading);
  return intervalSeries(readings, { ...options, from, to });
}
