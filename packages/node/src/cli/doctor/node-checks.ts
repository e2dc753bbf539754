import { createServer } from 'node:net';
import { isEdmpError } from '@edmp/interface';
import { bytesText } from '../../bytes-text.ts';
import type { NodeClient } from '../../client.ts';
import { describeError } from '../output.ts';
import { REACH_TEXT, type Reach, reachOf } from '../reachable.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const STALE_METER_MS = 2 * 86_400_000;

/** Checks a running node over its API: answers, takes the token, has peers and matchmakers, reads its meters. */
export async function checkNode(node: NodeClient, url: string, now: number): Promise<readonly Finding[]> {
  const info = await node.info();
  const findings: Finding[] = [
    ok('api', `“${info.name}”, version ${info.version}, answers at ${url}`),
    info.addresses.length === 0
      ? problem('listening', 'the node listens nowhere; start it with --listen')
      : ok('listening', info.addresses.join(', ')),
    info.peers.length === 0
      ? warning('peers', 'none: nobody sees what you sell; start the node with --connect')
      : ok('peers', `${info.peers.length} connected`),
  ];
  const others = (await node.matchmakers()).filter((matchmaker) => matchmaker.key !== info.key);
  findings.push(
    others.length === 0 && !info.matchmaker
      ? warning('matchmakers', 'none known, and this node is none: no order finds its match')
      : ok(
          'matchmakers',
          `known besides this node: ${others.length}; this node ${info.matchmaker ? 'is one too' : 'is none'}`,
        ),
  );
  try {
    await node.wallets();
    findings.push(ok('token', 'accepted'));
  } catch (error) {
    return [...findings, problem('token', describeError(error))];
  }
  findings.push(await checkReach(node, info.addresses));
  return [...findings, await checkDisk(node), await checkMeters(node, now)];
}

/** Where nobody has been seen to come from, others may not come at all. */
const UNSEEN: readonly Reach[] = ['unseen', 'nowhere'];

async function checkReach(node: NodeClient, addresses: readonly string[]): Promise<Finding> {
  const reach = reachOf(await node.peers(), addresses);
  return (UNSEEN.includes(reach) ? warning : ok)('reachable', REACH_TEXT[reach]);
}

async function checkDisk(node: NodeClient): Promise<Finding> {
  const { budget, bytes, blocks, last } = await node.storage();
  const what = `${blocks} blocks take ${bytesText(bytes)} of ${bytesText(budget)}`;
  const pruned =
    last === null
      ? ''
      : `; ${last.removed} blocks of ${last.chains} chains were pruned last, ${new Date(last.time).toISOString()}`;
  return bytes > budget && last?.within === false
    ? warning(
        'disk',
        `${what}, and what is left must stay; start the node with a larger --disk-budget${pruned}`,
      )
    : ok('disk', `${what}${pruned}`);
}

async function checkMeters(node: NodeClient, now: number): Promise<Finding> {
  try {
    const meters = await node.meters();
    const newest = Math.max(0, ...meters.map((meter) => meter.lastUpdate ?? 0));
    if (meters.length === 0) return warning('meters', 'the source lists none');
    return now - newest > STALE_METER_MS
      ? warning('meters', `${meters.length}, but the newest reading is of ${new Date(newest).toISOString()}`)
      : ok('meters', `${meters.length}, newest reading ${new Date(newest).toISOString()}`);
  } catch (error) {
    return isEdmpError(error, 'ERR_NODE_NO_METER')
      ? warning('meters', 'no source: this node can buy, but not sell (start it with --meters)')
      : problem('meters', describeError(error));
  }
}

/** Whether a port of loopback can be had. */
export function checkPort(port: number): Promise<Finding> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve(
        warning(
          'http port',
          error.code === 'EADDRINUSE'
            ? `${port} is in use by another program; start the node with --http 0 or another port`
            : `${port} cannot be had: ${error.message}`,
        ),
      ),
    );
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(ok('http port', `${port} is free`))));
  });
}
