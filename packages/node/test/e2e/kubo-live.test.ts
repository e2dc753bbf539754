import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
} from 'node:net';
import { join } from 'node:path';
import { startBitswap } from '@edmp/data-settlement/bitswap';
import { exportCar } from '@edmp/data-settlement/content';
import { hexToBytes, memoryKeyValueStore, systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { libp2pNetwork } from '@edmp/trustchain/libp2p';
import { CID } from 'multiformats/cid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { openContentStore, parseContentStore } from '../../src/compose/content-store.ts';
import { bitswapSources } from '../../src/compose/ipfs.ts';
import { type KuboProcess, kuboBinary, startKubo } from './support/kubo-process.ts';
import { type SoldDay, soldDay } from './support/sold-day.ts';

const crypto = nodeCrypto();
const environment = systemEnvironment();

const links = (node: unknown): readonly string[] => {
  if (typeof node !== 'object' || node === null) return [];
  const link = (node as { readonly '/'?: unknown })['/'];
  return typeof link === 'string' ? [link] : Object.values(node).flatMap(links);
};

/** Peer id of a seed, as libp2p itself names it. */
async function peerIdOf(secretKey: Uint8Array): Promise<string> {
  const network = libp2pNetwork({ environment, crypto, secretKey });
  await network.start();
  const id = network.addresses()[0]?.split('/').at(-1) ?? '';
  await network.stop();
  return id;
}

const live = kuboBinary === undefined ? describe.skip : describe;
live('Kubo and a running node', { timeout: bounds.journey }, () => {
  let sold: SoldDay;
  let certificate: string;
  let key: string;
  const running: { stop(): Promise<void> }[] = [];
  const kubo = async (options?: Parameters<typeof startKubo>[0]): Promise<KuboProcess> => {
    const started = await startKubo(options);
    running.push(started);
    return started;
  };
  const gatewayUrl = (): string => (sold.seller.child.ready as { gateway: string }).gateway;

  beforeAll(async () => {
    sold = await soldDay();
    [certificate, key] = [join(sold.folder, 'cert.pem'), join(sold.folder, 'key.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:*.gateway.test,IP:127.0.0.1'];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    const command = ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', certificate];
    execFileSync('openssl', command, { stdio: 'ignore' });
    // Again, with a listener that speaks TLS.
    await sold.seller.child.stop();
    const tls = ['--gateway-cert', certificate, '--gateway-key', key];
    const port = new URL(sold.seller.address.replace(/^\/ip4\/(.+)\/tcp\/(\d+).*$/, 'http://$1:$2')).port;
    const listen = ['--listen', `/ip4/127.0.0.1/tcp/${port}`];
    const seller = await sold.start('seller', ['--gateway', '127.0.0.1:0', ...tls, ...listen]);
    sold = { ...sold, seller };
  }, bounds.journey);
  afterAll(async () => {
    for (const each of running) await each.stop();
    await sold?.stop();
  }, bounds.journey);

  it('fetches a sealed dataset by bitswap as the buyer, and nothing as anybody else', async () => {
    const { link, seller, folder, buyer } = sold;
    const stranger = await kubo();
    await stranger.ipfs('swarm', 'connect', seller.address);
    await expect(stranger.ipfs('--timeout', '4s', 'block', 'get', link.manifest)).rejects.toThrow();

    await buyer.child.stop();
    const seed = hexToBytes((await readFile(join(folder, 'buyer', 'identity.key'), 'utf8')).trim());
    const mine = await kubo({
      seed,
      key: crypto.ed25519PublicKey(seed),
      peerId: await peerIdOf(seed),
    });
    await mine.ipfs('swarm', 'connect', seller.address);
    await mine.ipfs('pin', 'add', link.manifest);
    const car = await mine.ipfs('dag', 'export', '--progress=false', link.manifest);
    // What the node gives over its gateway is the same file to the byte.
    const own = await fetch(`${seller.url}${link.path}?format=car`);
    expect(car.equals(Buffer.from(await own.arrayBuffer()))).toBe(true);

    // A chunk alone is refused to the stranger as well.
    const [chunk] = links(JSON.parse((await mine.ipfs('dag', 'get', link.manifest)).toString()));
    await expect(stranger.ipfs('--timeout', '4s', 'block', 'get', chunk ?? '')).rejects.toThrow();
  });

  it('fetches it over HTTP with the capability of the deal in the host name, and not without', async () => {
    const { link } = sold;
    const { port } = new URL(gatewayUrl());
    const proxy = await tunnels(Number(port));
    running.push({ stop: () => closed(proxy) });
    const through = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const withHost = async (host: string): Promise<KuboProcess> => {
      const router = await routerTo(host);
      running.push({ stop: () => closed(router) });
      return kubo({
        config: {
          'Routing.Type': 'delegated',
          'Routing.DelegatedRouters': [`http://127.0.0.1:${(router.address() as AddressInfo).port}`],
          'HTTPRetrieval.Enabled': true,
          'HTTPRetrieval.TLSInsecureSkipVerify': true,
        },
        env: { HTTPS_PROXY: through, SSL_CERT_FILE: certificate },
      });
    };
    const entitled = await withHost(`${link.capability}.gateway.test`);
    await entitled.ipfs('pin', 'add', link.manifest);
    const car = await entitled.ipfs('dag', 'export', '--progress=false', link.manifest);
    const own = await fetch(`${sold.seller.url}${link.path}?format=car`);
    expect(car.equals(Buffer.from(await own.arrayBuffer()))).toBe(true);
    const other = await withHost(`${'a'.repeat(42)}.gateway.test`);
    await expect(other.ipfs('--timeout', '5s', 'block', 'get', link.manifest)).rejects.toThrow();
  });

  it('walks the published chain, from its CAR file and by bitswap', async () => {
    const { seller, folder } = sold;
    const [chain] = (await seller.client.publish()).filter(({ name }) => name === 'chain');
    if (chain === undefined) throw new Error('no chain');
    const car = Buffer.from(await (await fetch(`${seller.url}/ipfs/${chain.root}?format=car`)).arrayBuffer());
    const offline = await kubo();
    const file = join(folder, 'chain.car');
    await writeFile(file, car);
    await offline.ipfs('dag', 'import', '--pin-roots=false', file);
    const online = await kubo();
    await online.ipfs('swarm', 'connect', seller.address);
    const get = async (node: KuboProcess, path: string): Promise<Record<string, unknown>> =>
      JSON.parse((await node.ipfs('dag', 'get', `${chain.root}${path}`)).toString());
    let walked = 0;
    for (let path = ''; ; path += '/next') {
      const entry = await get(offline, path);
      expect(await get(online, path)).toEqual(entry);
      if (entry.link !== null) {
        expect(await get(offline, `${path}/link/tx`)).toBeTruthy();
        expect(await get(online, `${path}/link/tx`)).toBeTruthy();
        walked += 1;
      }
      if (entry.next === null) break;
    }
    expect(walked).toBeGreaterThan(0);
  });

  it('keeps the sealed blocks of a node, and gives them to nodes by bitswap, gateway and RPC', async () => {
    const store = await kubo();
    // The owner's own Kubo holds a deal: what is imported there is what every source below gives.
    const { link, seller } = sold;
    const car = Buffer.from(await (await fetch(`${seller.url}${link.path}?format=car`)).arrayBuffer());
    const file = join(sold.folder, 'deal.car');
    await writeFile(file, car);
    await store.ipfs('dag', 'import', file);
    // A node that holds nothing reads it from each source, as it is told to by `--store`.
    const network = libp2pNetwork({ environment, crypto, secretKey: environment.randomBytes(32) });
    await network.start();
    running.push({ stop: () => network.stop() });
    if (network.libp2p === undefined) throw new Error('not started');
    const bitswap = startBitswap({ libp2p: network.libp2p, crypto, environment });
    running.push({ stop: () => bitswap.stop() });
    const sources = bitswapSources();
    sources.start(network, bitswap);
    const read = async (choice: string): Promise<Buffer> => {
      const { content } = await openContentStore({
        choice: parseContentStore(choice),
        dir: await mkdtemp(join(sold.folder, 'empty-')),
        records: memoryKeyValueStore(),
        crypto,
        environment,
        bitswap: sources.reader,
      });
      const parts: Uint8Array[] = [];
      for await (const part of exportCar(content, CID.parse(link.manifest))) parts.push(part);
      return Buffer.concat(parts);
    };
    await expect(read('fs'), 'nobody to read from').rejects.toThrow();
    for (const source of [
      `bitswap:${store.address}`,
      `gateway:${store.gatewayUrl}`,
      `kubo:${store.rpcUrl}`,
    ]) {
      expect((await read(`layered:${source}`)).equals(car), source).toBe(true);
    }
    await sold.seller.child.stop();
    await sold.buyer.child.stop();
    // A seller that keeps its blocks in Kubo sells like any other.
    const keeping = await sold.start('seller', ['--store', `kubo:${store.rpcUrl}`]);
    const buying = await sold.start('buyer', ['--connect', keeping.address]);
    const trade = await sold.buy(keeping, buying);
    const kept = await keeping.client.contentLink(trade);
    expect((await store.ipfs('block', 'get', kept.manifest)).length).toBeGreaterThan(0);
  });
});

/** A proxy that leads every CONNECT to one port of loopback, as a name server would lead every name there. */
async function tunnels(port: number): Promise<TcpServer> {
  const server = createTcpServer((client) => {
    client.once('data', () => {
      const target = connect(port, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
      client.pipe(target).pipe(client);
      target.on('error', () => client.destroy());
      client.on('error', () => target.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** A delegated router that names one host as the HTTP provider of everything. */
async function routerTo(host: string): Promise<Server> {
  const provider = {
    Schema: 'peer',
    ID: '12D3KooWRv1AAYtQzxP6P7YYErdmKEcbi9j1WYnCfVgtnmGF3NMZ',
    Addrs: [`/dns4/${host}/tcp/443/tls/http`],
    Protocols: ['transport-ipfs-gateway-http'],
  };
  const server = createServer((request, response) => {
    const asked = request.url?.startsWith('/routing/v1/providers/') === true;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(asked ? { Providers: [provider] } : {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function closed(server: Server | TcpServer): Promise<void> {
  return new Promise((resolve) => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close(() => resolve());
    server.unref();
    resolve();
  });
}
