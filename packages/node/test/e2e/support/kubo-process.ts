import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bounds } from '../../../../../scripts/lib/bounds.ts';
import { eventually } from './two-nodes.ts';

/** The `ipfs` binary that `.ci/kubo` names; undefined without one. */
export const kuboBinary: string | undefined = process.env.KUBO_BIN;

/** A Kubo daemon of its own, on loopback, that looks for nobody. */
export interface KuboProcess {
  readonly rpcUrl: string;
  readonly gatewayUrl: string;
  /** Multiaddr with its peer id. */
  readonly address: string;
  readonly peerId: string;
  /** Runs `ipfs …` against it and gives what it wrote; fails with what it said. */
  ipfs(...args: readonly string[]): Promise<Buffer>;
  stop(): Promise<void>;
}

/** How a Kubo is started. */
export interface KuboOptions {
  /** Seed of its ed25519 key; default: one of its own. */
  readonly seed?: Uint8Array;
  /** Public key of the seed. */
  readonly key?: Uint8Array;
  readonly peerId?: string;
  /** Settings as `ipfs config --json` takes them. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

const QUIET: Readonly<Record<string, unknown>> = {
  'Routing.Type': 'none',
  Bootstrap: [],
  'AutoConf.Enabled': false,
  'AutoTLS.Enabled': false,
  'DNS.Resolvers': {},
  'Ipns.DelegatedPublishers': [],
  'Routing.DelegatedRouters': [],
  'Provide.Enabled': false,
  'AutoNAT.ServiceMode': 'disabled',
  'Swarm.RelayClient.Enabled': false,
  'Gateway.NoFetch': true,
};

/** Starts a daemon. */
export async function startKubo(options: KuboOptions = {}): Promise<KuboProcess> {
  if (kuboBinary === undefined) throw new Error('KUBO_BIN names no ipfs binary');
  const binary = kuboBinary;
  const repo = await mkdtemp(join(tmpdir(), 'edmp-kubo-node-'));
  const env = { ...process.env, ...options.env, IPFS_PATH: repo, IPFS_TELEMETRY: 'off' };
  const ipfs = (...args: readonly string[]): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const command = ['--timeout', '20s', ...args];
      execFile(binary, command, { env, encoding: 'buffer', maxBuffer: 1 << 28 }, (error, out, err) =>
        error === null ? resolve(out) : reject(new Error(`ipfs ${args.join(' ')}: ${err}`)),
      );
    });
  await ipfs('init', '--profile', 'test', '--empty-repo');
  const file = join(repo, 'config');
  const config = JSON.parse(await readFile(file, 'utf8')) as Record<string, Record<string, unknown>>;
  for (const [path, value] of Object.entries({ ...QUIET, ...options.config })) {
    const names = path.split('.');
    let at: Record<string, unknown> = config;
    for (const name of names.slice(0, -1)) at = at[name] = { ...(at[name] as object | undefined) } as never;
    at[names.at(-1) ?? ''] = value;
  }
  const { seed, key, peerId } = options;
  if (seed !== undefined && key !== undefined && peerId !== undefined) {
    // A private key as libp2p writes it: protobuf of type ed25519 and 64 bytes.
    const bytes = Buffer.concat([Buffer.of(8, 1, 18, 64), seed, key]);
    config.Identity = { PeerID: peerId, PrivKey: bytes.toString('base64') };
  }
  await writeFile(file, JSON.stringify(config));
  const daemon: ChildProcess = spawn(binary, ['daemon'], { env, stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => daemon.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    daemon.kill('SIGKILL');
    await ended;
    await rm(repo, { recursive: true, force: true });
  };
  try {
    const said = (name: string) =>
      eventually(
        `${name} of Kubo`,
        async () => {
          if (daemon.exitCode !== null) throw new Error('the Kubo daemon ended');
          const path = join(repo, name);
          return (await access(path).then(
            () => true,
            () => false,
          ))
            ? readFile(path, 'utf8')
            : undefined;
        },
        bounds.start,
      );
    const api = (await said('api')).trim();
    const gateway = (await said('gateway')).trim();
    const id = JSON.parse(
      (await eventually('id of Kubo', () => ipfs('id').catch(() => undefined))).toString(),
    ) as {
      ID: string;
      Addresses: readonly string[];
    };
    return {
      rpcUrl: `http://127.0.0.1:${api.split('/').at(-1)}`,
      gatewayUrl: gateway,
      address: id.Addresses.find((address) => /\/tcp\/\d+\/p2p\//.test(address)) ?? '',
      peerId: id.ID,
      ipfs,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
