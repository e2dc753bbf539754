import {
  type Commodity,
  type CurveView,
  type Flow,
  type IntervalStep,
  localDay,
  type MeterView,
  type NodeClient,
} from '@edmp/node/client';
import { type Day, daysOf } from '../text/slots.ts';
import { type Resource, useNode, useResource } from './node.ts';

/** The meters of the node; none where it has no source of them. */
export function useMeters(): Resource<readonly MeterView[]> {
  return useResource('meters', metersOrNone, ['meter']);
}

async function metersOrNone(client: NodeClient): Promise<readonly MeterView[]> {
  const { meterSource } = await client.info();
  return meterSource === null ? [] : client.meters();
}

/** Whether a meter measures a commodity one way. */
export function measures(
  meter: MeterView | undefined,
  flow: Flow,
  commodity: Commodity = 'electricity',
): boolean {
  return meter?.commodities.some((kind) => kind.commodity === commodity && kind.flow === flow) ?? false;
}

/** Days of a commodity, both ways, of a meter; loaded again when a meter told something, unless all of it is past. */
export function useDays(
  meter: MeterView | undefined,
  from: string | undefined,
  to: string | undefined,
  step: IntervalStep,
  commodity: Commodity = 'electricity',
): Resource<readonly Day[]> {
  const now = useNode().now();
  const today = meter === undefined || now === undefined ? undefined : localDay(now, meter.zone, 0);
  const isReady =
    meter !== undefined && from !== undefined && to !== undefined && measures(meter, 'import', commodity);
  const key = isReady ? `days ${meter.id} ${from} ${to} ${step} ${commodity}` : undefined;
  return useResource(
    key,
    async (client) => {
      if (!isReady) return [];
      const query = { meter: meter.id, from, to, step, commodity };
      const [bought, given] = await Promise.all([
        client.curve({ ...query, flow: 'import' }),
        measures(meter, 'export', commodity) ? client.curve({ ...query, flow: 'export' }) : undefined,
      ]);
      return daysOf(bought, given satisfies CurveView | undefined);
    },
    // What was measured of a day that is over changes only when a file is read in, and then everything loads again.
    to !== undefined && today !== undefined && to < today ? [] : ['meter'],
  );
}
