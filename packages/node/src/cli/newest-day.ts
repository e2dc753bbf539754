import type { NodeClient } from '../client.ts';
import { NodeError } from '../compose/errors.ts';
import type { CurveQuery, CurveView, MeterView } from '../service.ts';

const DAY_MS = 86_400_000;
const LOOK_BACK_DAYS = 7;

const localDay = (time: number, zone: string): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(time);
const before = (day: string): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) - DAY_MS).toISOString().slice(0, 10);

/**
 * The newest local day of a meter without a gap, among the seven before its last reading. Throws
 * `ERR_NODE_CONFLICT` when there is none.
 */
export async function newestFullDay(
  node: NodeClient,
  meter: MeterView,
  query: Omit<CurveQuery, 'meter' | 'from' | 'to'>,
): Promise<CurveView & { readonly day: string }> {
  const { lastUpdate } = meter;
  if (lastUpdate !== null) {
    const read = (day: string): Promise<CurveView> =>
      node.curve({ ...query, meter: meter.id, from: day, to: day });
    const first = before(localDay(lastUpdate, 'UTC'));
    // The node knows the zone whose midnights its days begin at; any curve tells it.
    const { zone } = await read(first);
    let day = before(localDay(lastUpdate, zone));
    for (let tried = 0; tried < LOOK_BACK_DAYS; tried++) {
      const curve = await read(day);
      if (curve.values.length > 0 && !curve.values.includes(null)) return { ...curve, day };
      day = before(day);
    }
  }
  throw new NodeError(
    'ERR_NODE_CONFLICT',
    `The meter has no full day of ${query.commodity} ${query.flow} in the last ${LOOK_BACK_DAYS} days; choose days with --from and --to`,
  );
}
