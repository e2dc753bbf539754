import {
  type Network,
  publicKey,
  singleFrame,
  sleep,
  systemEnvironment,
  virtualEnvironment,
  withDeadline,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { encodeFrame, frameDecoder, libp2pNetwork } from '@edmp/trustchain/libp2p';
import { simulatedNetworks } from '@edmp/trustchain/simulated';
import type { Stream } from '@libp2p/interface';
import { afterEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import type { Frame } from '../../src/network/framing.ts';
import { requestServer } from '../../src/network/request-server.ts';
import { streamPair } from '../../src/network/simulated/stream.ts';
import { rawNode } from './raw-libp2p.ts';
import { codeOf } from './support.ts';

const MIB = 1024 * 1024;
const PROTOCOL = '/test/held/1';
const real = systemEnvironment();
const toStop: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(toStop.splice(0).map((each) => each.stop()));
});

/** A victim and askers around it on the simulated network. */
async function star(askers: number) {
  const environment = virtualEnvironment();
  const networks = simulatedNetworks({ environment, seed: 1 });
  const victim = networks.create();
  const others: Network[] = Array.from({ length: askers }, () => networks.create());
  for (const each of [victim, ...others]) await each.start();
  for (const other of others) networks.link(victim.self, other.self);
  return { environment, victim, others };
}

describe('bytes held for peers', () => {
  it('are bounded for one peer, over requests and handlers that take their time', async () => {
    const { environment, victim, others } = await star(2);
    const [greedy, honest] = others as [Network, Network];
    const finish: (() => void)[] = [];
    let held = 0;
    victim.handle(PROTOCOL, async ({ body }) => {
      held += body.length;
      await new Promise<void>((resolve) => finish.push(resolve));
      return new Uint8Array();
    });
    const ask = (from: Network, bytes: number): Promise<string> =>
      codeOf(singleFrame(from.request(victim.self, PROTOCOL, new Uint8Array(bytes), { timeoutMs: 100_000 })));
    const asked = Array.from({ length: 10 }, () => ask(greedy, 3 * MIB));
    await environment.advance(5_000);
    expect(held).toBe(6 * MIB);
    const other = ask(honest, 3 * MIB);
    await environment.advance(5_000);
    expect(held).toBe(9 * MIB);
    for (const end of finish.splice(0)) end();
    await environment.advance(5_000);
    expect(await other).toBe('resolved');
    expect((await Promise.all(asked)).sort()).toEqual([
      ...Array(8).fill('ERR_NETWORK_BUSY'),
      'resolved',
      'resolved',
    ]);
    const again = ask(greedy, 4 * MIB);
    await environment.advance(5_000);
    expect(held).toBe(13 * MIB);
    for (const end of finish.splice(0)) end();
    await environment.advance(5_000);
    expect(await again).toBe('resolved');
  });

  it('are bounded for all peers together, and small requests are still served', async () => {
    const { environment, victim, others } = await star(41);
    const honest = others.pop() as Network;
    let held = 0;
    victim.handle(PROTOCOL, async ({ body, signal }) => {
      held += body.length;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      return new Uint8Array();
    });
    victim.handle('/test/small/1', async ({ body }) => body);
    for (const other of others) {
      for (let i = 0; i < 8; i++) {
        void codeOf(
          singleFrame(other.request(victim.self, PROTOCOL, new Uint8Array(MIB), { timeoutMs: 60_000 })),
        );
      }
    }
    await environment.advance(10_000);
    expect(held).toBeGreaterThan(32 * MIB);
    expect(held).toBeLessThan(64 * MIB);
    const small = singleFrame(honest.request(victim.self, '/test/small/1', new Uint8Array(100_000)));
    await environment.advance(5_000);
    expect(await small).toHaveLength(100_000);
    await victim.stop();
    await environment.advance(10_000);
  });

  it('are bounded over answers that a peer does not read', async () => {
    const { environment, victim, others } = await star(2);
    const [slow, honest] = others as [Network, Network];
    let produced = 0;
    victim.handle(
      PROTOCOL,
      async function* () {
        for (let i = 0; i < 10; i++) {
          produced++;
          yield new Uint8Array(MIB);
        }
      },
      { maxConcurrentPerPeer: 100 },
    );
    const open = Array.from({ length: 100 }, () =>
      slow.request(victim.self, PROTOCOL, new Uint8Array(), { timeoutMs: 600_000 })[Symbol.asyncIterator](),
    );
    const first = Promise.allSettled(open.map((frames) => frames.next()));
    await environment.advance(10_000);
    await first;
    // Of 100 frames that wait at once 32 may: the other streams are over, these go on.
    expect(produced).toBeLessThan(150);
    const whole = open.map(async (frames) => {
      for (let next = await frames.next(); next.done !== true; next = await frames.next());
    });
    const settled = Promise.allSettled(whole);
    await environment.advance(60_000);
    const complete = (await settled).filter(({ status }) => status === 'fulfilled').length;
    expect(complete).toBeGreaterThanOrEqual(16);
    expect(complete).toBeLessThanOrEqual(40);
    const rest = (async () => {
      let bytes = 0;
      for await (const frame of honest.request(victim.self, PROTOCOL, new Uint8Array()))
        bytes += frame.length;
      return bytes;
    })();
    await environment.advance(10_000);
    expect(await rest).toBe(10 * MIB);
    await victim.stop();
    await environment.advance(1_000);
  });

  it('and places are not kept for streams that never send their request', async () => {
    const environment = virtualEnvironment();
    const server = requestServer({ environment });
    const peer = publicKey(real.randomBytes(32));
    server.handle(PROTOCOL, async ({ body }) => body, { maxConcurrentPerPeer: 1 });
    const open = () => {
      const carry = (effect: () => void): void => effect();
      const same = (frame: Frame): readonly Frame[] => [frame];
      const [mine, theirs] = streamPair({
        carry: [carry, carry],
        transform: [same, same],
        onReset: () => undefined,
      });
      void server.serve(PROTOCOL, peer, theirs);
      return mine;
    };
    const idle = open();
    const ask = async (): Promise<string | undefined> => {
      const stream = open();
      stream.send('request', new Uint8Array());
      return (await stream.receive(1_000))?.kind;
    };
    await environment.advance(9_999);
    expect(await ask()).toBe('refused');
    await environment.advance(1);
    expect(() => idle.receive(0)).toThrow(expect.objectContaining({ code: 'ERR_NETWORK_UNREACHABLE' }));
    expect(await ask()).toBe('data');
  });
});

describe('what one libp2p connection can make a node hold', () => {
  /** Sends bytes on a stream of their own; resolves with the kind of the first answer, undefined without one. */
  async function answerTo(
    open: () => Promise<Stream>,
    bytes: Uint8Array,
    wait: Promise<void>,
  ): Promise<string | undefined> {
    const stream = await open();
    const decoder = frameDecoder();
    let answer: string | undefined;
    const over = new Promise<void>((resolve) => {
      stream.addEventListener('message', ({ data }) => {
        decoder.push(data.subarray());
        const frame = decoder.next(10_000);
        if (frame === undefined) return;
        answer = `${frame.kind} ${new TextDecoder().decode(frame.payload).split('\n')[0]}`;
        resolve();
      });
      stream.addEventListener('close', () => resolve());
    });
    for (let sent = 0; sent < bytes.length && stream.status === 'open'; sent += 65_536) {
      if (!stream.send(bytes.subarray(sent, sent + 65_536)) && sent + 65_536 < bytes.length) {
        await Promise.race([
          over,
          new Promise<void>((resolve) => stream.addEventListener('drain', () => resolve(), { once: true })),
        ]);
      }
      if (answer !== undefined) break;
    }
    await Promise.race([over, wait]);
    return answer;
  }

  async function attacked() {
    const victim = libp2pNetwork({
      environment: real,
      crypto: nodeCrypto(),
      secretKey: real.randomBytes(32),
    });
    const raw = await rawNode();
    toStop.push(victim, raw);
    await victim.start();
    const connection = await raw.libp2p.dial(raw.parse(victim.addresses()[0]!));
    // libp2p resets all but ten streams that come before it told of the connection.
    await withDeadline(real, bounds.wait, 'the connection', async (signal) => {
      while (victim.peers().length === 0) await sleep(real, 10, { signal });
    });
    return {
      victim,
      open: (protocol: string) => () => connection.newStream(protocol, { maxOutboundStreams: 100 }),
    };
  }
  const never = new Promise<void>(() => undefined);

  it('is nothing on the protocol that takes no body', async () => {
    const { open } = await attacked();
    for (const length of [1, 4 * MIB]) {
      const bytes = encodeFrame('request', new Uint8Array(length)).subarray(0, 65_536);
      expect(await answerTo(open('/edmp/hello/1'), bytes, never)).toBe('refused ERR_NETWORK_LIMIT');
    }
  });

  it('is its share of requests, however many it announces and does not finish', async () => {
    const { victim, open } = await attacked();
    victim.handle(PROTOCOL, async ({ body }) => body);
    const unfinished = encodeFrame('request', new Uint8Array(3 * MIB)).subarray(0, 65_536);
    let refused = 0;
    let enough = (): void => undefined;
    const allRefused = new Promise<void>((resolve) => {
      enough = resolve;
    });
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const answer = await answerTo(open(PROTOCOL), unfinished, allRefused);
        if (++refused === 18) enough();
        return answer;
      }),
    );
    expect(answers.filter((answer) => answer === 'refused ERR_NETWORK_BUSY')).toHaveLength(18);
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(2);
  });

  it('is no more than a request where one was taken: a stream that goes on is ended', async () => {
    const { victim, open } = await attacked();
    const reason = new Promise<unknown>((resolve) => {
      victim.handle(PROTOCOL, async ({ signal }) => {
        await new Promise<void>((over) => signal.addEventListener('abort', () => over()));
        resolve(signal.reason);
        return new Uint8Array();
      });
    });
    const junk = new Uint8Array(2 * MIB);
    junk.set(encodeFrame('request', new Uint8Array(10)));
    expect(await answerTo(open(PROTOCOL), junk, never)).toBeUndefined();
    await expect(reason).resolves.toMatchObject({ code: 'ERR_NETWORK_UNREACHABLE' });
  });
});
