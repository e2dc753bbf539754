import type { ImportOptions } from '../../meter-service.ts';
import { csvMapOf } from '../csv-map.ts';
import type { ReadingOptions } from './messages.ts';

/** How a file is read that its owner gives to a node. Throws `ERR_METER_SCHEMA` for a map of columns that is none. */
export function readingOptions(
  { format, spacing, clock, commodity, flow, csvMap, zone, takenAt }: ImportOptions,
  otherwise: { readonly zone: string; readonly now: number },
): ReadingOptions {
  return {
    zone: zone ?? otherwise.zone,
    receivedAt: takenAt ?? otherwise.now,
    ...(format === undefined ? {} : { kind: format }),
    ...(spacing === undefined ? {} : { spacingSeconds: spacing }),
    ...(clock === 'local' ? { greenButton: { clock } } : {}),
    ...(commodity === undefined ? {} : { commodity }),
    ...(flow === undefined ? {} : { flow }),
    ...(csvMap === undefined ? {} : { csv: csvMapOf(csvMap) }),
  };
}
