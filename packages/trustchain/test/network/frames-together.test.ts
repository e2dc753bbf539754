import { singleFrame, sleep, systemEnvironment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { type Libp2pNetwork, libp2pNetwork } from '@edmp/trustchain/libp2p';
import { afterEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';

const environment = systemEnvironment();
const PROTOCOL = '/test/together/1';
const toStop: Libp2pNetwork[] = [];

afterEach(async () => {
  await Promise.all(toStop.splice(0).map((network) => network.stop()));
});

async function pair(): Promise<readonly [Libp2pNetwork, Libp2pNetwork]> {
  const [a, b] = [0, 1].map(() =>
    libp2pNetwork({ environment, crypto: nodeCrypto(), secretKey: environment.randomBytes(32) }),
  ) as [Libp2pNetwork, Libp2pNetwork];
  toStop.push(a, b);
  await a.start();
  await b.start();
  await b.connect(a.addresses()[0] ?? '');
  return [a, b];
}

describe('frames of an answer over libp2p', () => {
  it('arrive whole and in order whatever their lengths, together or alone', async () => {
    const [server, client] = await pair();
    const lengths = [
      0,
      1,
      16_044,
      65_501,
      65_502,
      65_503,
      65_600,
      5,
      200_000,
      ...Array(300).fill(700),
      1 << 20,
      3,
    ];
    server.handle(PROTOCOL, async function* () {
      for (const [i, length] of lengths.entries()) yield new Uint8Array(length).fill(i & 255);
    });
    let i = 0;
    for await (const frame of client.request(server.self, PROTOCOL, new Uint8Array())) {
      expect(frame.length).toBe(lengths[i]);
      expect(frame.every((byte) => byte === (i & 255))).toBe(true);
      i += 1;
    }
    expect(i).toBe(lengths.length);
  });

  it('do not wait for frames that do not come', async () => {
    const [server, client] = await pair();
    let goOn = (): void => undefined;
    const seen = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    server.handle(PROTOCOL, async function* () {
      yield Uint8Array.of(1);
      await seen;
      yield Uint8Array.of(2);
    });
    const frames = client
      .request(server.self, PROTOCOL, new Uint8Array(), { timeoutMs: bounds.wait })
      [Symbol.asyncIterator]();
    expect((await frames.next()).value).toEqual(Uint8Array.of(1));
    goOn();
    expect((await frames.next()).value).toEqual(Uint8Array.of(2));
    expect((await frames.next()).done).toBe(true);
  });

  it('may come from an array that is used again', async () => {
    const [server, client] = await pair();
    const buffer = new Uint8Array(20_000);
    server.handle(PROTOCOL, async function* () {
      for (let i = 0; i < 50; i++) yield buffer.fill(i);
    });
    let i = 0;
    for await (const frame of client.request(server.self, PROTOCOL, new Uint8Array()))
      expect(frame[0]).toBe(i++);
    expect(i).toBe(50);
  });

  it('that a handler breaks off after still come, and then its error', async () => {
    const [server, client] = await pair();
    server.handle(PROTOCOL, async function* () {
      yield Uint8Array.of(1);
      throw new Error('enough');
    });
    const frames = client.request(server.self, PROTOCOL, new Uint8Array())[Symbol.asyncIterator]();
    expect((await frames.next()).value).toEqual(Uint8Array.of(1));
    await expect(frames.next()).rejects.toMatchObject({ code: 'ERR_NETWORK_REMOTE' });
    server.handle('/test/alone/1', async ({ body }) => body);
    expect(await singleFrame(client.request(server.self, '/test/alone/1', Uint8Array.of(9)))).toEqual(
      Uint8Array.of(9),
    );
  });

  it('do not run far ahead of who does not read them', async () => {
    const [server, client] = await pair();
    let produced = 0;
    server.handle(PROTOCOL, async function* () {
      for (; produced < 5_000; produced++) yield new Uint8Array(16_000);
    });
    const frames = client
      .request(server.self, PROTOCOL, new Uint8Array(), { timeoutMs: bounds.wait })
      [Symbol.asyncIterator]();
    await frames.next();
    let before = -1;
    while (before !== produced) {
      before = produced;
      await sleep(environment, 200);
    }
    // The reader's 256 kB, a window of 1 MB, what libp2p and the two sockets hold.
    expect(produced * 16_000).toBeLessThan(16 << 20);
    await frames.return?.();
  });
});
