import { join } from 'node:path';
import { EdmpError } from '@edmp/interface';
import { createNodeClient, type NodeClient } from '../client.ts';
import type { NodeInfo } from '../service.ts';
import type { Child, Children } from './children.ts';
import type { DemoOptions } from './options.ts';

/** One node of the demo, a process of its own. */
export interface Peer {
  readonly child: Child;
  readonly client: NodeClient;
  readonly info: NodeInfo;
}

/** What is paid with. */
export interface DemoMoney {
  readonly id: string;
  readonly label: string;
  /** The node that issued it and is its notary; absent for test money. */
  readonly issuer?: Peer;
}

/** Everybody who takes part, besides the meter. */
export interface Cast {
  readonly hub: Peer;
  readonly seller: Peer;
  readonly buyer: Peer;
  readonly money: DemoMoney;
}

/** Test money of the demo. */
export const TEST_CURRENCY = 'DUM1';
/** Phases of a trade, and when somebody is waited for in vain, ms. */
const PHASE_MS = { fine: 20_000, silent: 4_000 } as const;
/** How long peers may need to find each other on a machine that is busy with other things, ms. */
const MEETING_MS = 30_000;

/** Starts processes of the demo. */
export async function startPeer(
  processes: Children,
  options: DemoOptions,
  name: string,
  args: readonly string[],
): Promise<Peer> {
  const child = await processes.start(
    name,
    [
      'start',
      '--name',
      name,
      '--data',
      join(options.folder, name),
      '--http',
      '0',
      '--no-web',
      '--phase-timeout',
      String(options.fault === 'kill-seller' ? PHASE_MS.silent : PHASE_MS.fine),
      ...args,
    ],
    options.timeoutMs,
  );
  const client = createNodeClient({
    url: String(child.ready.url),
    token: String(child.ready.token),
    timeoutMs: options.timeoutMs,
  });
  return { child, client, info: await client.info() };
}

/**
 * Starts the matchmaker, which is the witness of test money too, or a community's issuer and notary beside it, and the
 * two traders.
 */
export async function startCast(processes: Children, options: DemoOptions, metersUrl: string): Promise<Cast> {
  const start = (name: string, args: readonly string[]): Promise<Peer> =>
    startPeer(processes, options, name, args);
  const token = options.currency;
  const hub = await start('matchmaker', ['--meters', 'none', ...(token === undefined ? ['--notary'] : [])]);
  const connect = ['--connect', hub.info.addresses[0] ?? ''];
  const issuer =
    token === undefined
      ? undefined
      : await start('notary', ['--meters', 'none', '--no-matchmaker', '--notary', token, ...connect]);
  const issued = issuer?.child.ready.issued as { readonly id: string; readonly block: string } | undefined;
  const trust =
    issuer === undefined
      ? ['--witness', String((hub.child.ready.witnessKeys as readonly string[])[0])]
      : ['--currency', String(issued?.block), '--connect', issuer.info.addresses[0] ?? ''];
  const faults: Readonly<Record<string, readonly string[]>> = {
    'corrupt-content': ['--fault', 'corrupt-content'],
    'kill-seller': ['--fault', 'die-before-release'],
  };
  const trader = ['--no-matchmaker', ...connect, ...trust];
  const [seller, buyer] = await Promise.all([
    start('seller', ['--meters', metersUrl, ...trader, ...(faults[options.fault ?? ''] ?? [])]),
    start('buyer', ['--meters', 'none', ...trader]),
  ]);
  const money =
    issuer === undefined || token === undefined
      ? { id: TEST_CURRENCY, label: TEST_CURRENCY }
      : { id: String(issued?.id), label: token, issuer };
  return { hub, seller, buyer, money };
}

/** Waits for `condition`, asking again and again. Throws `ERR_DEMO_FAILED` naming `what`. */
export async function waitFor<T>(
  what: string,
  now: () => number,
  find: () => Promise<T | undefined>,
  limitMs: number = MEETING_MS,
): Promise<T> {
  const until = now() + limitMs;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (now() > until)
      throw new EdmpError('ERR_DEMO_FAILED', `${what} did not come about within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
