import { memoryContentStore } from '@edmp/data-settlement';
import { BITSWAP_PROTOCOL, encodeBitswapMessage, startBitswap } from '@edmp/data-settlement/bitswap';
import { CODEC_RAW, concatBytes, isEdmpError, systemEnvironment, utf8ToBytes } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { type Libp2pNetwork, libp2pNetwork } from '@edmp/trustchain/libp2p';
import { afterEach, describe, expect, it } from 'vitest';

const crypto = nodeCrypto();
const environment = systemEnvironment();
const code = (text: string) => expect.objectContaining({ code: text });

/** What is used of libp2p below the negotiation of protocols. */
interface RawStream {
  readonly status: string;
  send(data: Uint8Array): boolean;
  abort(error: Error): void;
  close(): Promise<void>;
  addEventListener(type: 'close', listener: () => void): void;
}
interface RawConnection {
  readonly onIncomingStream: (event: unknown) => void;
  readonly muxer: {
    createStream(options: object): Promise<RawStream>;
    addEventListener(type: 'stream', listener: (event: { readonly detail: RawStream }) => void): void;
    removeEventListener(type: 'stream', listener: (event: unknown) => void): void;
  };
}

const closers: (() => Promise<void>)[] = [];
/** Rejections that nobody handled; the runner fails on them too, but not in the test that made them. */
const unhandled: unknown[] = [];
const note = (reason: unknown): void => {
  unhandled.push(reason);
};
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  process.off('unhandledRejection', note);
  expect(unhandled.splice(0)).toEqual([]);
});

type Libp2p = NonNullable<Libp2pNetwork['libp2p']>;

async function network(): Promise<{ net: Libp2pNetwork; libp2p: Libp2p }> {
  const net = libp2pNetwork({ environment, crypto, secretKey: environment.randomBytes(32) });
  await net.start();
  closers.push(() => net.stop());
  if (net.libp2p === undefined) throw new Error('not started');
  return { net, libp2p: net.libp2p };
}

const rawConnection = (from: Libp2p, to: Libp2p): RawConnection => {
  const [connection] = from.getConnections(to.peerId);
  if (connection === undefined) throw new Error('not connected');
  return connection as unknown as RawConnection;
};

const line = (text: string): Uint8Array =>
  concatBytes(Uint8Array.of(text.length + 1), utf8ToBytes(`${text}\n`));
/** What both sides of a stream say first. */
const NEGOTIATION = concatBytes(line('/multistream/1.0.0'), line(BITSWAP_PROTOCOL));

/** Asks until the other side has done away with the streams that were cut: it takes no more than so many at once. */
async function askedAgain(ask: () => Promise<Uint8Array>): Promise<Uint8Array> {
  for (let turn = 0; ; turn++) {
    try {
      return await ask();
    } catch (error) {
      if (turn === 20 || !isEdmpError(error) || !error.retryable) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const closed = (stream: RawStream): Promise<void> =>
  new Promise((resolve) => {
    if (stream.status === 'open') stream.addEventListener('close', () => resolve());
    else resolve();
  });

/** Cuts a stream so that nothing more comes, or breaks it off. */
const CUTS: readonly (readonly [string, (stream: RawStream) => unknown])[] = [
  ['ends', (stream) => stream.close().catch(() => undefined)],
  ['is reset', (stream) => stream.abort(new Error('cut'))],
];

describe.each(CUTS)('a bitswap stream that %s', (_, cut) => {
  it('at any byte of negotiation and message leaves nothing behind that nobody handles', async () => {
    process.on('unhandledRejection', note);
    const store = memoryContentStore({ crypto, environment });
    const cid = await store.put(CODEC_RAW, utf8ToBytes('block'));
    const [server, client] = [await network(), await network()];
    const serving = startBitswap({ libp2p: server.libp2p, crypto, environment, store, mayRead: () => true });
    const asking = startBitswap({ libp2p: client.libp2p, crypto, environment, timeoutMs: 1_000 });
    closers.push(serving.stop, asking.stop);
    await client.net.connect(server.net.addresses()[0] ?? '');
    const want = { cid, priority: 1, cancel: false, have: false, sendDontHave: true };
    const message = encodeBitswapMessage({ wants: [want] });
    const whole = concatBytes(NEGOTIATION, Uint8Array.of(message.length), message);
    for (let length = 0; length < whole.length; length++) {
      const stream = await rawConnection(client.libp2p, server.libp2p).muxer.createStream({});
      if (length > 0) stream.send(whole.slice(0, length));
      await cut(stream);
    }
    // The same connection still serves.
    const reader = asking.reader(server.net.self);
    expect(await askedAgain(() => reader.get(cid))).toEqual(utf8ToBytes('block'));
  });

  it('while it is being opened fails what was asked, and the next one serves', async () => {
    process.on('unhandledRejection', note);
    const store = memoryContentStore({ crypto, environment });
    const cid = await store.put(CODEC_RAW, utf8ToBytes('block'));
    const [server, client] = [await network(), await network()];
    const asking = startBitswap({ libp2p: client.libp2p, crypto, environment });
    const serving = startBitswap({ libp2p: server.libp2p, crypto, environment, store, mayRead: () => true });
    closers.push(serving.stop, asking.stop);
    await client.net.connect(server.net.addresses()[0] ?? '');
    const reader = asking.reader(server.net.self);
    // Nobody negotiates on the server's side any more, until the end.
    const { muxer, onIncomingStream } = rawConnection(server.libp2p, client.libp2p);
    muxer.removeEventListener('stream', onIncomingStream);
    let length = 0;
    let gone = Promise.resolve();
    const answer = ({ detail: stream }: { readonly detail: RawStream }): void => {
      gone = closed(stream);
      if (length > 0) stream.send(NEGOTIATION.slice(0, length));
      void cut(stream);
    };
    muxer.addEventListener('stream', answer);
    for (; length < NEGOTIATION.length; length++) {
      await expect(reader.get(cid)).rejects.toThrow(code('ERR_CONTENT_UNREACHABLE'));
      await gone;
    }
    muxer.removeEventListener('stream', answer as (event: unknown) => void);
    muxer.addEventListener('stream', onIncomingStream);
    expect(await reader.get(cid)).toEqual(utf8ToBytes('block'));
  });
});
