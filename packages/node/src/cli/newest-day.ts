import type { NodeClient } from '../client.ts';
import { NodeError } from '../compose/errors.ts';
import { localDay } from '../http/local-day.ts';
import type { CurveQuery, CurveView, MeterView } from '../service.ts';

const LOOK_BACK_DAYS = 7;

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
    for (let back = 1; back <= LOOK_BACK_DAYS; back++) {
      const day = localDay(lastUpdate, meter.zone, -back);
      const curve = await read(day);
      if (curve.values.length > 0 && !curve.values.includes(null)) return { ...curve, day };
    }
  }
  throw new NodeError(
    'ERR_NODE_CONFLICT',
    `The meter has no full day of ${query.commodity} ${query.flow} in the last ${LOOK_BACK_DAYS} days; choose days with --from and --to`,
  );
}
