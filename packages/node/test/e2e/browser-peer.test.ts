import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { chromiumPath } from '../../../../scripts/lib/chromium.ts';
import { bundlePage, servePage } from './support/served-page.ts';
import { eventually, nodeProcesses, type RunningNode } from './support/two-nodes.ts';

const executablePath = chromiumPath();

/** A page that is a peer: it dials a relay over a WebSocket and asks a node that waits behind it. */
const PAGE = `
import { publicKeyFromHex, singleFrame, systemEnvironment } from '@edmp/interface';
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { libp2pNetwork } from '@edmp/trustchain/libp2p';
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { webSockets } from '@libp2p/websockets';

globalThis.meet = async (relay, hidden) => {
  const environment = systemEnvironment();
  const network = libp2pNetwork({
    environment,
    crypto: nobleCrypto(),
    secretKey: environment.randomBytes(32),
    listen: [],
    keepConnected: [relay],
    transports: [webSockets(), circuitRelayTransport()],
  });
  await network.start();
  for (;;) {
    try {
      const answer = await singleFrame(network.request(publicKeyFromHex(hidden), '/edmp/peers/1', network.self));
      const ways = network.connections().map(({ address }) => address);
      await network.stop();
      return { bytes: answer.length, ways };
    } catch (error) {
      if (error.code !== 'ERR_NETWORK_UNREACHABLE') throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
};
`;

describe.skipIf(executablePath === undefined)('a page as a peer', { timeout: bounds.journey }, () => {
  const processes = nodeProcesses();
  let folder: string;
  let hub: RunningNode;
  let hidden: RunningNode;
  let browser: Browser;
  let server: Server;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'edmp-page-'));
    const common = ['--meters', 'none', '--no-web'];
    hub = await processes.start(join(folder, 'hub'), [
      ...[...common, '--community', '--listen', '/ip4/127.0.0.1/tcp/0/ws'],
    ]);
    hidden = await processes.start(join(folder, 'hidden'), [...common, '--via', hub.address]);
    browser = await chromium.launch({
      executablePath: executablePath ?? '',
      args: ['--no-sandbox', '--disable-gpu'],
    });
  }, bounds.journey);

  afterAll(async () => {
    await browser?.close();
    server?.close();
    await processes.stopAll();
    await rm(folder, { recursive: true, force: true });
  }, bounds.journey);

  it('needs no TCP, and reaches a node behind a relay over a WebSocket', async () => {
    await eventually('address through the relay', async () =>
      (await hidden.client.info()).addresses.find((address) => address.includes('/ws/p2p/')),
    );
    const bundle = await bundlePage({ text: PAGE, folder: join(import.meta.dirname, '../..') });
    expect(bundle.inputs.filter((path) => /@libp2p[+/]tcp/.test(path))).toEqual([]);
    const served = await servePage(bundle.script);
    server = served.server;
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(served.url);
    await page.waitForFunction('globalThis.meet !== undefined');
    const met: { bytes: number; ways: string[] } = await page.evaluate(
      `globalThis.meet(${JSON.stringify(hub.address)}, ${JSON.stringify(hidden.key)})`,
    );
    expect(complaints).toEqual([]);
    // It knows the page's address no better than anybody: the answer is empty.
    expect(met.bytes).toBe(0);
    expect(met.ways.some((way) => way.includes('/p2p-circuit/p2p/'))).toBe(true);
    expect(met.ways.every((way) => way.includes('/ws/'))).toBe(true);
  });
});
