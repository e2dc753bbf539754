import { spawn } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { nodeCrypto } from '../../packages/interface/src/crypto/node.ts';
import { softwareSigner, systemEnvironment, type Trustchain } from '../../packages/interface/src/index.ts';
import { createTrustchain, memoryBlockStore } from '../../packages/trustchain/src/index.ts';
import { type Libp2pNetwork, libp2pNetwork } from '../../packages/trustchain/src/libp2p.ts';
import type { Report } from '../harness.ts';
import { firstLine } from './sync.ts';

const CONNECTIONS = 100;
/** Connections settle, greetings end; then the cost is counted, seconds. */
const SETTLE_S = 10;
const COUNTED_S = 60;
const DIALS_AT_ONCE = 8;
const environment = systemEnvironment();
const crypto = nodeCrypto({ threads: false });

/** A chain on a network that listens, or only dials. */
async function open(listen: readonly string[]): Promise<readonly [Libp2pNetwork, Trustchain]> {
  const secretKey = environment.randomBytes(32);
  const network = libp2pNetwork({
    environment,
    crypto,
    secretKey,
    listen,
    maxConnectionsPerHostPerSecond: 1_000,
    dialTimeoutMs: 60_000,
  });
  await network.start();
  const signer = softwareSigner({ crypto, secretKey });
  const store = memoryBlockStore();
  return [network, await createTrustchain({ signer, crypto, store, network, environment })];
}

/** The other process: as many nodes as there are connections, each with one to the address. */
async function dial(address: string): Promise<void> {
  const nodes: (readonly [Libp2pNetwork, Trustchain])[] = [];
  for (let n = 0; n < CONNECTIONS; n++) nodes.push(await open([]));
  for (let n = 0; n < nodes.length; n += DIALS_AT_ONCE)
    await Promise.all(nodes.slice(n, n + DIALS_AT_ONCE).map(([network]) => network.connect(address)));
  process.stdout.write('ready\n');
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.once('end', resolve));
  process.exit(0);
}

/** What a node is charged while nothing happens, for each second, and what it holds. */
async function cost(sockets: readonly Socket[]): Promise<{
  readonly cpuMs: number;
  readonly bytes: number;
  readonly heap: number;
}> {
  const bytes = (): number =>
    sockets.reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0);
  await sleep(SETTLE_S * 1_000);
  const [cpu, before] = [process.cpuUsage(), bytes()];
  await sleep(COUNTED_S * 1_000);
  const { user, system } = process.cpuUsage(cpu);
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return {
    cpuMs: (user + system) / 1_000 / COUNTED_S,
    bytes: (bytes() - before) / COUNTED_S,
    heap: heapUsed + external,
  };
}

/** What 100 connections that do nothing cost the node at one end, beyond what it costs alone. */
export async function idleConnections(report: Report): Promise<void> {
  const sockets: Socket[] = [];
  const onSocket = (message: unknown): void => {
    sockets.push((message as { readonly socket: Socket }).socket);
  };
  subscribe('net.server.socket', onSocket);
  const [network, chain] = await open(['/ip4/127.0.0.1/tcp/0']);
  const alone = await cost(sockets);
  const words = [...process.execArgv, import.meta.filename, 'dial', network.addresses()[0] ?? ''];
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await firstLine(child.stdout);
    if (network.peers().length !== CONNECTIONS) throw new Error(`${network.peers().length} are connected`);
    const all = await cost(sockets);
    const name = `idle-${CONNECTIONS}-connections`;
    report({ metric: `${name}-cpu`, unit: 'ms/s', value: Math.max(0, all.cpuMs - alone.cpuMs) });
    report({ metric: `${name}-bytes`, unit: 'B/s', value: Math.round(all.bytes) });
    report({ metric: `${name}-memory`, unit: 'B', value: Math.max(0, all.heap - alone.heap) });
    report({ metric: 'idle-alone-cpu', unit: 'ms/s', value: alone.cpuMs });
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin.end();
    await ended;
    await chain.stop();
    await network.stop();
    unsubscribe('net.server.socket', onSocket);
  }
}

/** Collects garbage twice: the second time what finalisers of the first let go of. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  if (typeof gc !== 'function') return;
  gc();
  gc();
}

if (process.argv[1] === import.meta.filename && process.argv[2] === 'dial') await dial(process.argv[3] ?? '');
