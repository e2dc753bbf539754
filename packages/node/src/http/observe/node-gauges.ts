import type { Log } from '../../log.ts';
import { LOG_LEVELS } from '../../log.ts';
import type { NodeService } from '../../service.ts';
import type { Gauge } from './metrics.ts';

/** What a node tells of itself to those who watch it. No ids, no amounts, no names of others. */
export async function nodeGauges(
  service: Pick<NodeService, 'info' | 'orders' | 'trades' | 'mounts'>,
  streams: number,
  log: Log,
): Promise<readonly Gauge[]> {
  const [info, orders, trades, mounts] = await Promise.all([
    service.info(),
    service.orders(),
    service.trades(),
    service.mounts(),
  ]);
  const { user, system } = process.cpuUsage();
  const count = <T>(things: readonly T[], is: (thing: T) => boolean): number => things.filter(is).length;
  return [
    { name: 'edmp_info', help: 'Version.', values: [{ labels: { version: info.version }, value: 1 }] },
    { name: 'edmp_peers', help: 'Connected peers.', values: [{ value: info.peers.length }] },
    {
      name: 'edmp_open_orders',
      help: "This node's open orders.",
      values: (['ask', 'bid'] as const).map((side) => ({
        labels: { side },
        value: count(orders, (order) => order.side === side && order.status === 'open'),
      })),
    },
    {
      name: 'edmp_trades',
      help: "This node's trades.",
      values: [
        { labels: { state: 'open' }, value: count(trades, ({ final }) => !final) },
        { labels: { state: 'done' }, value: count(trades, ({ final, failed }) => final && failed === null) },
        {
          labels: { state: 'failed' },
          value: count(trades, ({ final, failed }) => final && failed !== null),
        },
      ],
    },
    {
      name: 'edmp_meters',
      help: 'Mounted meters.',
      values: (['connecting', 'live', 'lost', 'idle'] as const).map((state) => ({
        labels: { state },
        value: count(mounts, (mount) => mount.state === state),
      })),
    },
    { name: 'edmp_event_streams', help: 'Open streams of events.', values: [{ value: streams }] },
    {
      name: 'edmp_log_messages_total',
      help: 'Messages for the log, also those that its level leaves out.',
      values: LOG_LEVELS.map((level) => ({ labels: { level }, value: log.counts[level] })),
    },
    {
      name: 'process_resident_memory_bytes',
      help: 'Resident memory.',
      values: [{ value: process.memoryUsage.rss() }],
    },
    {
      name: 'process_cpu_seconds_total',
      help: 'User and system time.',
      values: [{ value: (user + system) / 1e6 }],
    },
  ];
}
