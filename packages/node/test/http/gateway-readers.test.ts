import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { AnswerBudget } from '../../src/http/answer-budget.ts';
import { clientOf } from '../../src/http/client-address.ts';
import { startGateway } from '../../src/http/gateway-listener.ts';
import { TEST_CERTIFICATES } from '../support/certificates.ts';

const MIB = 1 << 20;
const closers: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A TLS listener whose every answer is a block of 1 MiB; `made` are those that were handed out. */
async function gateway(idleMs = bounds.wait) {
  const dir = await mkdtemp(join(tmpdir(), 'edmp-gateway-'));
  closers.push(() => rm(dir, { recursive: true, force: true }));
  const [certificate, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  await writeFile(certificate, TEST_CERTIFICATES.first.cert);
  await writeFile(key, TEST_CERTIFICATES.first.key);
  const listener = await startGateway({
    gateway: async () => new Response(new Uint8Array(MIB), { headers: { 'content-length': `${MIB}` } }),
    host: '127.0.0.1',
    port: 0,
    tls: { certificate, key },
    idleMs,
    onFailure: (error) => {
      throw error;
    },
  });
  closers.push(() => listener.stop());
  return listener.url;
}

/** A connection that lets the server send `window` bytes on each stream. */
function session(url: string, window?: number): ClientHttp2Session {
  const client = connect(url, {
    rejectUnauthorized: false,
    ...(window === undefined ? {} : { settings: { initialWindowSize: window } }),
  });
  client.on('error', () => undefined);
  closers.push(() => client.destroy());
  return client;
}

function ask(client: ClientHttp2Session): {
  readonly stream: ClientHttp2Stream;
  readonly status: Promise<number>;
} {
  const stream = client.request({ ':path': '/ipfs/x' });
  stream.on('error', () => undefined);
  const status = new Promise<number>((resolve) => {
    stream.on('response', (headers) => resolve(Number(headers[':status'])));
    stream.on('close', () => resolve(0));
  });
  stream.end();
  return { stream, status };
}

async function read(stream: ClientHttp2Stream): Promise<number> {
  let bytes = 0;
  for await (const part of stream as AsyncIterable<Uint8Array>) bytes += part.length;
  return bytes;
}

describe('answers of a TLS gateway that nobody reads', { timeout: bounds.journey }, () => {
  it('are held up to a limit, and an honest client still gets its block', async () => {
    const url = await gateway();
    const before = process.memoryUsage().arrayBuffers;
    // 640 streams whose window is empty: 640 MiB would be waiting.
    const statuses: number[] = [];
    for (let i = 0; i < 10; i++) {
      const slow = session(url, 0);
      statuses.push(...(await Promise.all(Array.from({ length: 64 }, () => ask(slow).status))));
    }
    // The others were refused: here, or by HTTP/2 itself, which holds some megabytes for a connection.
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(30);
    expect(statuses).toContain(429);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(256 * MIB);
    const honest = ask(session(url));
    expect([await honest.status, await read(honest.stream)]).toEqual([200, MIB]);
  });

  it('are given up when nothing of them is read for a while, and then others get theirs', async () => {
    const url = await gateway(500);
    const asked = Array.from({ length: 16 }, () => session(url, 0)).flatMap((slow) =>
      Array.from({ length: 6 }, () => ask(slow)),
    );
    await Promise.all(
      asked.map(
        ({ stream }) =>
          new Promise<void>((resolve) => {
            if (stream.closed) resolve();
            else stream.once('close', () => resolve());
            stream.resume();
          }),
      ),
    );
    const honest = ask(session(url));
    expect([await honest.status, await read(honest.stream)]).toEqual([200, MIB]);
  });
});

describe('a budget of answers', () => {
  const made = (now = () => 0) => new AnswerBudget({ perClient: 8, total: 64, graceMs: 5, now });
  const nothing = (): void => undefined;

  it('gives one client its share and no more, and takes things back once', () => {
    const budget = made();
    expect(budget.take('a', 9, nothing)).toBeUndefined();
    const back = budget.take('a', 8, nothing);
    expect(budget.take('a', 1, nothing)).toBeUndefined();
    back?.();
    back?.();
    expect(budget.held).toBe(0);
    expect(budget.take('a', 8, nothing)).toBeDefined();
  });

  it('makes the client that has most give way, its oldest first', () => {
    const budget = made();
    const ended: string[] = [];
    for (let i = 0; i < 64; i++) budget.take(`${i >> 3}`, 1, () => ended.push(`${i}`));
    expect(budget.take('late', 2, nothing)).toBeDefined();
    expect(ended).toEqual(['0', '8']);
    expect(budget.held).toBe(64);
  });

  it('makes old answers give way when all have little', () => {
    let time = 0;
    const budget = made(() => time);
    const ended: number[] = [];
    for (let i = 0; i < 64; i++) budget.take(`${i}`, 1, () => ended.push(i));
    expect(budget.take('late', 1, nothing)).toBeUndefined();
    time = 5;
    expect(budget.take('late', 2, nothing)).toBeDefined();
    expect(ended).toEqual([0, 1]);
  });

  it('never holds more than its total, nor forgets what was given back', () => {
    const step = fc.tuple(fc.nat(12), fc.nat(9), fc.boolean());
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        let time = 0;
        const budget = made(() => time++);
        const open = new Map<object, { readonly bytes: number; readonly back: () => void }>();
        const sum = (): number => [...open.values()].reduce((all, { bytes }) => all + bytes, 0);
        for (const [client, bytes, gives] of steps) {
          const [last] = gives ? [...open].slice(-1) : [];
          last?.[1].back();
          if (last !== undefined) open.delete(last[0]);
          const name = {};
          const back = budget.take(`${client}`, bytes, () => open.delete(name));
          if (back !== undefined) open.set(name, { bytes, back });
          expect(budget.held).toBe(sum());
          expect(budget.held).toBeLessThanOrEqual(64);
        }
        for (const { back } of open.values()) back();
        expect(budget.held).toBe(0);
      }),
    );
  });
});

describe('whom a request comes from', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2/64'],
    ['2001:db8::6', '2001:db8:0:0/64'],
    ['fe80::1%eth0', 'fe80:0:0:0/64'],
    ['127.0.0.1', undefined],
    ['127.0.0.2', '127.0.0.2'],
    ['::1', undefined],
    ['::ffff:127.0.0.1', undefined],
    [undefined, undefined],
  ])('is told of %s as %s', (address, client) => {
    expect(clientOf(address)).toBe(client);
  });
});
