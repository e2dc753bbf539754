import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createNodeClient, type NodeClient } from '@edmp/node/client';
import { bounds } from '../../../../../scripts/lib/bounds.ts';
import { type Child, children } from '../../../src/demo/children.ts';
import { eventually } from './two-nodes.ts';

const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const node = [process.execPath, '--conditions=edmp-source'];

/** Where the third host is, for everybody. A range for documentation (RFC 5737): public as far as any program knows. */
export const HUB = '203.0.113.10';

/** Hosts of the lab: the third one on the open network, and one in each home. */
export type LabHost = 'hub' | 'seller' | 'buyer';

/** Hands what comes over a socket in the file system to a port of its own loopback. */
const FORWARDER = `
const net = require('node:net');
const [, path, port] = process.argv;
net.createServer((from) => {
  const to = net.connect(Number(port), '127.0.0.1');
  from.on('error', () => to.destroy());
  to.on('error', () => from.destroy());
  from.pipe(to).pipe(from);
}).listen(path, () => console.log('ready'));
process.stdin.on('end', () => process.exit()).resume();
`;

const CONNECTOR = `
const [, host, port] = process.argv;
const end = (text) => { console.log(text); process.exit(); };
require('node:net').connect(Number(port), host, () => end('connected')).on('error', () => end('refused'));
setTimeout(() => end('silent'), 1_000);
`;

/** A node on a host of the lab, with a client of its API, which leads past the lab's networks. */
export interface LabNode {
  readonly child: Child;
  readonly key: string;
  readonly witnessKeys: readonly string[];
  readonly client: NodeClient;
}

/** Network namespaces: two homes with the same inner addresses behind a router each, and a host that both reach. */
export interface NatLab {
  start(host: LabHost, data: string, args: readonly string[]): Promise<LabNode>;
  /** Whether a host can open a TCP connection, within a second. */
  connects(from: LabHost, to: string, port: number): boolean;
  /** `edmp <args>` on a host. Throws with what it printed when it fails. */
  edmp(host: LabHost, args: readonly string[]): string;
  stop(): Promise<void>;
}

const run = (command: readonly string[]): string =>
  execFileSync(command[0] ?? '', command.slice(1), {
    encoding: 'utf8',
    timeout: bounds.start,
    stdio: 'pipe',
  });
const ip = (words: string): string => run(['ip', ...words.split(' ')]);
const within = (host: string, command: readonly string[]): readonly string[] => [
  'ip',
  'netns',
  'exec',
  host,
  ...command,
];

/** A router's rules: out for everybody inside under its own address, in only what answers that. */
const ROUTER = `
table ip home {
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname "lan" oifname "wan" accept
  }
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iifname { "lan", "lo" } accept
  }
  chain outwards {
    type nat hook postrouting priority 100; policy accept;
    oifname "wan" masquerade
  }
}
`;

/** Lays the cables. */
function build(): void {
  const hosts = ['net', 'hub', 'router-seller', 'router-buyer', 'seller', 'buyer'];
  for (const host of hosts) {
    ip(`netns add ${host}`);
    ip(`-n ${host} link set lo up`);
  }
  ip('-n net link add name br0 type bridge');
  ip('-n net link set br0 up');
  const plug = (host: string, name: string, address: string): void => {
    const end = `p-${host}`.slice(0, 15);
    ip(`-n net link add ${end} type veth peer name ${name} netns ${host}`);
    ip(`-n net link set ${end} master br0 up`);
    ip(`-n ${host} addr add ${address}/24 dev ${name}`);
    ip(`-n ${host} link set ${name} up`);
  };
  plug('hub', 'eth0', HUB);
  for (const [home, address] of [
    ['seller', '203.0.113.21'],
    ['buyer', '203.0.113.22'],
  ] as const) {
    const router = `router-${home}`;
    plug(router, 'wan', address);
    ip(`-n ${router} link add lan type veth peer name eth0 netns ${home}`);
    ip(`-n ${router} addr add 192.168.1.1/24 dev lan`);
    ip(`-n ${router} link set lan up`);
    ip(`-n ${home} addr add 192.168.1.2/24 dev eth0`);
    ip(`-n ${home} link set eth0 up`);
    ip(`-n ${home} route add default via 192.168.1.1`);
    run(within(router, ['sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward']));
    execFileSync('ip', ['netns', 'exec', router, 'nft', '-f', '-'], { input: ROUTER, stdio: 'pipe' });
  }
}

/** Builds the lab in the network and mount namespaces of this process, which must be its own: see `.ci/nat`. */
export function natLab(folder: string): NatLab {
  build();
  const forwarders: { readonly process: ChildProcess; readonly server: Server }[] = [];
  const nodes = new Map<LabHost, ReturnType<typeof children>>();

  /** A port of this process that leads to a port of a host's loopback. */
  const reach = async (host: LabHost, port: string): Promise<string> => {
    const path = join(folder, `${host}-${forwarders.length}.socket`);
    const [program = '', ...args] = within(host, [process.execPath, '-e', FORWARDER, path, port]);
    const forwarder = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(forwarder.stdout, 'data');
    const server = createServer((from) => {
      const to = connect(path);
      from.on('error', () => to.destroy());
      to.on('error', () => from.destroy());
      from.pipe(to).pipe(from);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    forwarders.push({ process: forwarder, server });
    const address = server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  };

  return {
    async start(host, data, args) {
      const processes = nodes.get(host) ?? children(within(host, [...node, main]));
      nodes.set(host, processes);
      const child = await processes.start(
        host,
        ['start', '--data', data, '--http', '0', '--no-web', ...args],
        bounds.start,
      );
      const ready = child.ready as { url: string; token: string; key: string; witnessKeys: string[] };
      const url = await reach(host, new URL(ready.url).port);
      const client = createNodeClient({ url, token: ready.token, timeoutMs: bounds.wait });
      await eventually(`answer of the ${host}`, () => client.info().catch(() => undefined));
      return { child, key: ready.key, witnessKeys: ready.witnessKeys, client };
    },
    connects: (from, to, port) =>
      run(within(from, [process.execPath, '-e', CONNECTOR, to, `${port}`])).trim() === 'connected',
    edmp: (host, args) => run(within(host, [...node, main, ...args])),
    async stop() {
      await Promise.all([...nodes.values()].map((each) => each.stopAll()));
      for (const { process, server } of forwarders) {
        process.kill();
        server.close();
      }
    },
  };
}
