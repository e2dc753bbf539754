import { localDay, type MeterView } from '@edmp/node/client';

/**
 * The newest local day that a meter has measured to its end, `YYYY-MM-DD` in the meter's own zone: the one before its
 * last reading, or before `now` (ms since the epoch, the node's clock) when it has not been read yet.
 */
export function newestFullDay(meter: Pick<MeterView, 'lastUpdate' | 'zone'>, now: number): string {
  return localDay(meter.lastUpdate ?? now, meter.zone, -1);
}
