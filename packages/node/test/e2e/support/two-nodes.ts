import { fileURLToPath } from 'node:url';
import { createNodeClient, type NodeClient, type TradeView } from '@edmp/node/client';
import { zoneOf } from '@edmp/oehu-client';
import { bounds } from '../../../../../scripts/lib/bounds.ts';
import { type Child, children } from '../../../src/demo/children.ts';

const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));

/** A real `edmp start` process with a client of its API. */
export interface RunningNode {
  readonly child: Child;
  readonly url: string;
  readonly token: string;
  readonly key: string;
  /** Multiaddr for other nodes. */
  readonly address: string;
  readonly client: NodeClient;
  /** A request as EDMP's own clients sent them: form bodies, JSON answers. */
  rest(method: string, path: string, form?: Readonly<Record<string, string>>): Promise<RestAnswer>;
}

/** An answer of the compatible REST calls. */
export interface RestAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape
  readonly body: any;
}

/** Starts node processes that all end with the test. */
export function nodeProcesses(): {
  start(data: string, args: readonly string[]): Promise<RunningNode>;
  stopAll(): Promise<void>;
} {
  const processes = children([process.execPath, '--conditions=edmp-source', main]);
  return {
    async start(data, args) {
      const child = await processes.start(
        data,
        ['start', '--data', data, '--http', '0', ...args],
        bounds.start,
      );
      const { url, token, key, addresses } = child.ready as {
        url: string;
        token: string;
        key: string;
        addresses: string[];
      };
      return {
        child,
        url,
        token,
        key,
        address: addresses[0] ?? '',
        client: createNodeClient({ url, token, timeoutMs: bounds.wait }),
        async rest(method, path, form) {
          const answer = await fetch(url + path, {
            method,
            headers: { Authorization: `Bearer ${token}` },
            ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
            signal: AbortSignal.timeout(bounds.wait),
          });
          return { status: answer.status, body: await answer.json() };
        },
      };
    },
    stopAll: () => processes.stopAll(),
  };
}

/** Asks again until there is an answer other than undefined. Throws after `timeoutMs`, naming what was awaited. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  timeoutMs = bounds.wait,
): Promise<T> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > until) throw new Error(`Within ${timeoutMs} ms there was no ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The trade of an own order once it has ended. */
export function endedTrade(node: RunningNode, order: string): Promise<TradeView> {
  return eventually(`end of the trade of ${order}`, async () =>
    (await node.client.trades()).find((trade) => trade.order === order && trade.final),
  );
}

/** DUM1 of a node: what it may spend, and what it earned. */
export async function balanceOf(node: RunningNode): Promise<bigint> {
  const wallet = (await node.client.wallets()).find((candidate) => candidate.id === 'DUM1');
  if (wallet === undefined) throw new Error('The node has no DUM1 wallet');
  return wallet.available + wallet.earned;
}

const zone = zoneOf('Europe/Amsterdam');

/** The newest whole local day of a node's emulated meters, `YYYY-MM-DD`. */
export async function newestDay({ client }: Pick<RunningNode, 'client'>): Promise<string> {
  const [meter] = await client.meters();
  return zone.dateOf(zone.startOfDay(meter?.lastUpdate ?? 0) - 1);
}

/** The quarters of an hour of a local day of the emulated meters: 96, and 92 or 100 when the clocks change. */
export function quartersOf(day: string): number {
  const start = zone.midnight(day);
  return (zone.nextDay(start) - start) / 900_000;
}
