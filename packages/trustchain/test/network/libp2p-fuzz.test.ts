import { connect as connectSocket } from 'node:net';
import {
  bytesToUtf8,
  concatBytes,
  singleFrame,
  sleep,
  systemEnvironment,
  utf8ToBytes,
  withDeadline,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { encodeFrame, frameDecoder, type Libp2pNetwork, libp2pNetwork } from '@edmp/trustchain/libp2p';
import type { Connection, Stream } from '@libp2p/interface';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bounds } from '../../../../scripts/lib/bounds.ts';
import { type RawNode, rawNode } from './raw-libp2p.ts';
import { codeOf, framesOf } from './support.ts';

const environment = systemEnvironment();
const crypto = nodeCrypto();
const ECHO = '/test/echo/1';
const STREAM = '/test/stream/1';
const TOPIC = 'fuzz';
const MESHSUB = '/meshsub/1.2.0';

let victim: Libp2pNetwork;
let honest: Libp2pNetwork;
let attacker: RawNode;

const start = async (): Promise<Libp2pNetwork> => {
  const network = libp2pNetwork({ environment, crypto, secretKey: environment.randomBytes(32) });
  await network.start();
  return network;
};

beforeAll(async () => {
  [victim, honest, attacker] = await Promise.all([start(), start(), rawNode()]);
  victim.handle(ECHO, async ({ body }) => body, { maxRequestBytes: 1000 });
  victim.handle(STREAM, async function* ({ body }) {
    for (const byte of body) yield Uint8Array.of(byte);
  });
  victim.subscribe(TOPIC, (body) => (body.length > 3 ? 'accept' : 'reject'));
  await honest.connect(victim.addresses()[0]!);
});

afterAll(async () => {
  await Promise.all([victim, honest, attacker].map((each) => each.stop()));
});

/** The attacker's connection, dialled anew when the victim cut it. */
const connection = async (): Promise<Connection> =>
  attacker.libp2p.dial(attacker.parse(victim.addresses()[0]!));

async function until(what: string, condition: () => boolean): Promise<void> {
  await withDeadline(environment, bounds.wait, what, async (signal) => {
    while (!condition()) await sleep(environment, 10, { signal });
  });
}

/** Whether an honest peer is served, within a second. */
async function stillServes(): Promise<void> {
  const body = environment.randomBytes(20);
  expect(await singleFrame(honest.request(victim.self, ECHO, body, { timeoutMs: bounds.wait }))).toEqual(
    body,
  );
}

/** What an attacker may do with a stream; failures of its own side do not matter. */
async function abuse(
  protocol: string,
  chunks: readonly Uint8Array[],
  end: 'close' | 'abort' | 'leave',
): Promise<void> {
  let stream: Stream | undefined;
  try {
    stream = await (await connection()).newStream(protocol);
    for (const chunk of chunks) stream.send(chunk);
    if (end === 'close') await stream.close({ signal: AbortSignal.timeout(1000) });
    if (end === 'abort') stream.abort(new Error('abused'));
  } catch {
    stream?.abort(new Error('refused'));
  }
}

/** All that the victim answers on a stream, decoded. */
async function answersTo(protocol: string, chunks: readonly Uint8Array[]): Promise<string[]> {
  const stream = await (await connection()).newStream(protocol);
  const decoder = frameDecoder();
  const answers: string[] = [];
  stream.addEventListener('message', ({ data }) => decoder.push(data.subarray()));
  const over = new Promise<void>((resolve) => {
    stream.addEventListener('close', () => resolve());
    stream.addEventListener('remoteCloseWrite', () => resolve());
  });
  for (const chunk of chunks) stream.send(chunk);
  await withDeadline(environment, bounds.wait, 'the end of the stream', () => over);
  for (let frame = decoder.next(10_000); frame !== undefined; frame = decoder.next(10_000)) {
    answers.push(`${frame.kind} ${bytesToUtf8(frame.payload).split('\n')[0]}`);
  }
  stream.abort(new Error('done'));
  return answers;
}

/** Serves a protocol at the attacker's: whoever opens a stream gets these bytes, and then the given end. */
async function lie(
  protocol: string,
  bytes: () => readonly Uint8Array[],
  end: () => 'close' | 'abort' | 'leave',
): Promise<void> {
  await attacker.libp2p.handle(protocol, async (stream) => {
    stream.addEventListener('message', () => undefined);
    try {
      for (const chunk of bytes()) stream.send(chunk);
      if (end() === 'close') await stream.close({ signal: AbortSignal.timeout(1000) });
      if (end() === 'abort') stream.abort(new Error('lied'));
    } catch {
      stream.abort(new Error('the asker went away'));
    }
  });
}

const chunks = fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 4 });
const ends = fc.constantFrom('close', 'abort', 'leave');

describe('a node under attack', () => {
  it('survives random bytes on every protocol that it speaks', { timeout: bounds.journey }, async () => {
    const protocols = victim.libp2p!.getProtocols();
    expect(protocols).toEqual(expect.arrayContaining([ECHO, STREAM, MESHSUB, '/ipfs/id/1.0.0']));
    for (const protocol of protocols) {
      await fc.assert(
        fc.asyncProperty(chunks, ends, (bytes, end) => abuse(protocol, bytes, end)),
        { numRuns: 25 },
      );
      await stillServes();
    }
  });

  it('survives frames in any order on request streams', async () => {
    const kinds = fc.constantFrom('request', 'data', 'end', 'error', 'refused');
    const frame = fc
      .tuple(kinds, fc.uint8Array({ maxLength: 1500 }))
      .map(([kind, payload]) => encodeFrame(kind, payload));
    const any = fc.array(fc.oneof(frame, fc.uint8Array({ maxLength: 9 })), { maxLength: 5 });
    await fc.assert(fc.asyncProperty(fc.constantFrom(ECHO, STREAM), any, ends, abuse), { numRuns: 60 });
    await stillServes();
  });

  it('survives random bytes from sockets', async () => {
    const [, , , , port] = victim.addresses()[0]!.split('/');
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
        await new Promise<void>((resolve) => {
          const socket = connectSocket(Number(port), '127.0.0.1', () => {
            socket.end(bytes);
          });
          socket.on('error', () => resolve());
          socket.on('close', () => resolve());
          socket.resume();
        });
      }),
      { numRuns: 30 },
    );
    await stillServes();
  });

  it('names the fault to whoever breaks the rules of a request stream', async () => {
    const request = (length: number): Uint8Array => encodeFrame('request', new Uint8Array(length));
    const cases: readonly (readonly [string, Uint8Array[], string])[] = [
      ['a request that is too long', [request(1001)], 'refused ERR_NETWORK_LIMIT'],
      ['a length of 4 GiB', [Uint8Array.of(255, 255, 255, 255, 0)], 'refused ERR_NETWORK_LIMIT'],
      ['an answer first', [encodeFrame('data', new Uint8Array())], 'refused ERR_NETWORK_PROTOCOL'],
      ['an unknown kind', [Uint8Array.of(0, 0, 0, 1, 77)], 'refused ERR_NETWORK_PROTOCOL'],
      ['a frame of nothing', [Uint8Array.of(0, 0, 0, 0)], 'refused ERR_NETWORK_PROTOCOL'],
    ];
    for (const [name, bytes, answer] of cases) expect(await answersTo(ECHO, bytes), name).toEqual([answer]);
    expect(await answersTo(ECHO, [request(3), request(3)]), 'what follows the request').toEqual([
      'data \0\0\0',
      'end ',
    ]);
  });

  it('gets typed errors, and nothing worse, from a peer that answers anything', async () => {
    let answer: readonly Uint8Array[] = [];
    let after: 'close' | 'abort' | 'leave' = 'close';
    await lie(
      '/test/liar/1',
      () => answer,
      () => after,
    );
    const liar = await victim.connect(attacker.address());
    const ask = (): Promise<string> =>
      codeOf(
        framesOf(
          victim.request(liar, '/test/liar/1', new Uint8Array(10), { timeoutMs: 500, maxFrameBytes: 3000 }),
        ),
      );
    const kinds = fc.constantFrom('request', 'data', 'end', 'error', 'refused');
    const frame = fc
      .tuple(kinds, fc.uint8Array({ maxLength: 100 }))
      .map(([kind, payload]) => encodeFrame(kind, payload));
    const anything = fc.array(fc.oneof(frame, fc.uint8Array({ maxLength: 300 })), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(anything, fc.constantFrom('close', 'abort'), async (bytes, end) => {
        [answer, after] = [bytes, end];
        expect(await ask()).toMatch(
          /^resolved$|^ERR_NETWORK_(UNREACHABLE|PROTOCOL|REMOTE|LIMIT|BUSY)$|^ERR_TIMEOUT$/,
        );
      }),
      { numRuns: 60 },
    );
    const data = encodeFrame('data', Uint8Array.of(1));
    const cases: readonly (readonly [string, Uint8Array[], 'close' | 'abort' | 'leave', string])[] = [
      ['no end', [data, data], 'close', 'ERR_NETWORK_UNREACHABLE'],
      ['half a frame', [data.subarray(0, 5)], 'close', 'ERR_NETWORK_UNREACHABLE'],
      ['silence', [data], 'leave', 'ERR_TIMEOUT'],
      ['a frame of 4 GiB', [Uint8Array.of(255, 255, 255, 255)], 'leave', 'ERR_NETWORK_LIMIT'],
      ['a request', [encodeFrame('request', new Uint8Array())], 'leave', 'ERR_NETWORK_PROTOCOL'],
      [
        'an error of no form',
        [encodeFrame('error', Uint8Array.of(255, 254))],
        'leave',
        'ERR_NETWORK_PROTOCOL',
      ],
      [
        'a refusal of no form',
        [encodeFrame('refused', utf8ToBytes('ERR_ABORTED\nx'))],
        'leave',
        'ERR_NETWORK_PROTOCOL',
      ],
    ];
    for (const [name, bytes, end, code] of cases) {
      [answer, after] = [bytes, end];
      expect(await ask(), name).toBe(code);
    }
    answer = [encodeFrame('error', utf8ToBytes('ERR_NETWORK_STOPPED\n\u0000<b>'))];
    await expect(singleFrame(victim.request(liar, '/test/liar/1', new Uint8Array()))).rejects.toMatchObject({
      code: 'ERR_NETWORK_REMOTE',
      details: { code: 'ERR_NETWORK_STOPPED' },
    });
    await stillServes();
  });

  it('gives one peer no more places than its quota, however it opens and resets streams', async () => {
    let running = 0;
    let most = 0;
    let ended = 0;
    const release: (() => void)[] = [];
    const unhandle = victim.handle(
      '/test/slow/1',
      async () => {
        most = Math.max(most, ++running);
        await new Promise<void>((resolve) => release.push(resolve)); // deaf to its signal
        running--;
        ended++;
        return new Uint8Array();
      },
      { maxConcurrentPerPeer: 4 },
    );
    for (let i = 0; i < 20; i++) {
      await abuse('/test/slow/1', [encodeFrame('request', new Uint8Array())], 'abort');
      await abuse('/test/slow/1', [encodeFrame('request', new Uint8Array())], 'leave');
    }
    await until('the places are taken', () => running === 4);
    await stillServes();
    for (const finish of release) finish();
    await until('the handlers end', () => ended === 4);
    expect(most).toBe(4);
    unhandle();
  });

  it('does not pass on messages of a topic that it does not follow, even when asked for them', async () => {
    // Not the attacker, whose earlier streams of this protocol may still be open.
    const [bringer, reader] = await Promise.all([rawNode(), rawNode()]);
    const received: string[] = [];
    reader.pubsub.addEventListener('message', ({ detail }) => received.push(bytesToUtf8(detail.data)));
    // RPCs by hand (libp2p specs, pubsub): RPC.publish 2 { data 2, topic 4 }, RPC.control 3 { iwant 2 { id 1 } }.
    const field = (tag: number, bytes: Uint8Array): Uint8Array => Uint8Array.of(tag, bytes.length, ...bytes);
    const streams = new Map<RawNode, Stream>();
    const send = async (node: RawNode, rpc: Uint8Array): Promise<void> => {
      const dialled = await node.libp2p.dial(node.parse(victim.addresses()[0]!));
      const stream = streams.get(node) ?? (await dialled.newStream(MESHSUB));
      streams.set(node, stream);
      stream.send(Uint8Array.of(rpc.length, ...rpc));
    };
    /** Has one bring a message to the victim, and the reader ask for it there. */
    const pass = async (topic: string, text: string): Promise<void> => {
      const data = utf8ToBytes(text);
      await send(bringer, field(0x12, concatBytes(field(0x12, data), field(0x22, utf8ToBytes(topic)))));
      await sleep(environment, 200);
      const id = crypto.sha256(concatBytes(utf8ToBytes(`${topic}\n`), data));
      await send(reader, field(0x1a, field(0x12, field(0x0a, id))));
    };
    try {
      for (const topic of [TOPIC, 'not-followed']) reader.pubsub.subscribe(topic);
      await reader.libp2p.dial(reader.parse(victim.addresses()[0]!));
      await sleep(environment, 200);
      await pass('not-followed', 'junk');
      await pass(TOPIC, 'judged and passed on');
      await until('the good message arrives', () => received.includes('judged and passed on'));
      await sleep(environment, 200);
      expect(received).toEqual(['judged and passed on']);
    } finally {
      await Promise.all([bringer.stop(), reader.stop()]);
    }
  });
});
