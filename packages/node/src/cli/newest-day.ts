import { isEdmpError } from '@edmp/interface';
import type { NodeClient } from '../client.ts';
import { NodeError } from '../compose/errors.ts';
import { localDay } from '../http/local-day.ts';
import type { CurveQuery, MeterView } from '../service.ts';

const LOOK_BACK_DAYS = 7;

/** Most meters that are looked through: each is asked for up to seven days. */
const MAX_METERS = 8;

/** A meter with a full day. */
export interface FullDay {
  readonly meter: MeterView;
  readonly day: string;
  /** Meters before it that have none, each with why. */
  readonly passed: readonly string[];
}

/**
 * The first of the meters that has a local day without a gap among the seven before its last reading, and its newest one.
 * Throws `ERR_NODE_CONFLICT`, which says of each meter why not.
 */
export async function newestFullDay(
  node: NodeClient,
  meters: readonly MeterView[],
  query: Omit<CurveQuery, 'meter' | 'from' | 'to'>,
): Promise<FullDay> {
  const passed: string[] = [];
  for (const meter of meters.slice(0, MAX_METERS)) {
    const day = await fullDayOf(node, meter, query).catch((error: unknown) => {
      // One meter that cannot be read hides no other.
      if (meters.length === 1 || !isEdmpError(error)) throw error;
      return new Error(error.message);
    });
    if (typeof day === 'string') return { meter, day, passed };
    passed.push(
      `${meter.id} ${day instanceof Error ? `cannot be read: ${day.message}` : whyNone(meter, query)}`,
    );
  }
  const more = meters.length - passed.length;
  throw new NodeError(
    'ERR_NODE_CONFLICT',
    `There is no full day of ${query.commodity} ${query.flow} to sell: ${passed.join('; ')}${more > 0 ? `; ${more} more meters were not looked at` : ''}. Choose days with --from and --to`,
  );
}

function whyNone(
  { lastUpdate, commodities }: MeterView,
  { commodity, flow }: Pick<CurveQuery, 'commodity' | 'flow'>,
): string {
  if (lastUpdate === null) return 'has no readings yet';
  const tells = commodities.map((one) => `${one.commodity} ${one.flow}`);
  if (!tells.includes(`${commodity} ${flow}`))
    return `tells no ${commodity} ${flow}, only ${tells.join(', ') || 'nothing'} (--commodity, --flow)`;
  return `has no full day in the ${LOOK_BACK_DAYS} before its last reading (${new Date(lastUpdate).toISOString().slice(0, 10)})`;
}

async function fullDayOf(
  node: NodeClient,
  meter: MeterView,
  query: Omit<CurveQuery, 'meter' | 'from' | 'to'>,
): Promise<string | undefined> {
  const { lastUpdate, commodities } = meter;
  if (lastUpdate === null) return undefined;
  if (!commodities.some(({ commodity, flow }) => commodity === query.commodity && flow === query.flow))
    return undefined;
  for (let back = 1; back <= LOOK_BACK_DAYS; back++) {
    const day = localDay(lastUpdate, meter.zone, -back);
    const { values } = await node.curve({ ...query, meter: meter.id, from: day, to: day });
    if (values.length > 0 && !values.includes(null)) return day;
  }
  return undefined;
}
