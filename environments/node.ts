import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNode } from '@edmp/node';
import { createNodeClient } from '@edmp/node/client';

/** One node in this process, asked over its HTTP API, and stopped. Nothing may keep the process open after that. */
const data = await mkdtemp(join(tmpdir(), 'edmp-node-'));
const node = await runNode({
  name: 'anna',
  data,
  http: 0,
  listen: ['/ip4/127.0.0.1/tcp/0'],
  connect: [],
  meters: 'emulator',
  zone: 'Europe/Amsterdam',
  matchmaker: true,
  withoutWitnesses: true,
  web: true,
  log: () => undefined,
});
const client = createNodeClient({ url: node.url, token: node.token });
console.log(`meters: ${(await client.meters()).length > 0}`);
const page = await fetch(node.url);
console.log(`page: ${page.status} ${/<html/.test(await page.text())}`);
await node.stop();
await rm(data, { recursive: true });
