import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import {
  bytesToUtf8,
  singleFrame,
  systemEnvironment,
  uint32ToBytes,
  utf8ToBytes,
  withDeadline,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { libp2pNetwork } from '@edmp/trustchain/libp2p';
import { afterEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { framesOf } from './support.ts';

const PEER = fileURLToPath(new URL('./processes/peer.ts', import.meta.url));
const FRAMES = 10_000;
const environment = systemEnvironment();
const children: ChildProcessByStdio<null, Readable, Readable>[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const within = <T>(ms: number, what: string, promise: Promise<T>): Promise<T> =>
  withDeadline(environment, ms, what, () => promise);

describe('two nodes in two processes', () => {
  it(`exchange ${FRAMES} frames each way at once, and the stopped one ends by itself`, async () => {
    const child = spawn(process.execPath, ['--conditions=edmp-source', PEER], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    const exited = once(child, 'exit');
    let complaints = '';
    child.stderr.on('data', (text) => {
      complaints += text;
    });
    const [address] = await within(bounds.start, 'the start', once(createInterface(child.stdout), 'line'));

    const network = libp2pNetwork({
      environment,
      crypto: nodeCrypto(),
      secretKey: environment.randomBytes(32),
    });
    network.handle('/frames', async function* ({ body }) {
      const count = Number(bytesToUtf8(body));
      for (let i = 0; i < count; i++) yield uint32ToBytes(i);
    });
    await network.start();
    try {
      const peer = await network.connect(address);
      const body = utf8ToBytes(`${FRAMES}`);
      const [there, back] = await Promise.all([
        framesOf(network.request(peer, '/frames', body)),
        singleFrame(network.request(peer, '/ask-back', body, { timeoutMs: bounds.wait })),
      ]);
      expect(there).toEqual(Array.from({ length: FRAMES }, (_, i) => uint32ToBytes(i)));
      expect(bytesToUtf8(back)).toBe(`${FRAMES}`);
      await singleFrame(network.request(peer, '/stop', new Uint8Array()));
    } finally {
      await network.stop();
    }
    // Nobody kills it: it ends only because nothing keeps it alive.
    const [code] = await within(bounds.wait, 'the end of the process', exited);
    expect([code, complaints]).toEqual([0, '']);
  });
});
