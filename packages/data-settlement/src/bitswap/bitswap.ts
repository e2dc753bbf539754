import type { ContentStore, Crypto, Environment, PublicKey } from '@edmp/interface';
import { publicKeyToHex } from '@edmp/interface';
import { type Rate, tokenBuckets } from '@edmp/interface/bounded';
import type { CID } from 'multiformats/cid';
import { ContentError } from '../errors.ts';
import type { BulkContentReader } from '../store/network.ts';
import { type BitswapReaderOptions, bitswapClient } from './client.ts';
import { MessageCutter } from './frames.ts';
import { type BitswapConnection, type BitswapLibp2p, type BitswapStream, keyOfConnection } from './libp2p.ts';
import { BITSWAP_PROTOCOL, decodeBitswapMessage } from './message.ts';
import { outbox, unreachable } from './outbox.ts';
import { bitswapServer } from './server.ts';

/** Largest message of a peer that we asked for blocks, bytes (specification: at most 4 MiB). */
const MAX_MESSAGE_BYTES = 4 << 20;
/** Largest message of anybody else, bytes: a wantlist of 1024 entries has some 50 kB. */
const MAX_WANTLIST_BYTES = 128 * 1024;
/** Bytes of unfinished messages that all peers of whom nothing is wanted may leave here together. */
const MAX_UNFINISHED_BYTES = 16 << 20;
/** Bytes of wantlists that a peer may send: a transfer of 5000 blocks a second has half of that. Decoding them is work. */
const WANTLIST_RATE: Rate = { burst: 4 << 20, perSecond: 512 * 1024 };
/** Longest that a message may take to arrive, ms. */
const MESSAGE_TIMEOUT_MS = 60_000;
/** Streams that a peer may have open on one connection; Go's bitswap opens one for every message, up to 8 at a time. */
const MAX_INBOUND_STREAMS = 32;
const MAX_OUTBOUND_STREAMS = 16;

/** Options of {@link startBitswap}. */
export interface BitswapOptions {
  /** A running libp2p node, e.g. `network.libp2p` of `libp2pNetwork`. */
  readonly libp2p: BitswapLibp2p;
  readonly crypto: Pick<Crypto, 'sha256'>;
  readonly environment: Environment;
  /** What is served. It should hold blocks itself: what it fetches elsewhere, peers make it fetch. Default: nothing. */
  readonly store?: Pick<ContentStore, 'get' | 'has'>;
  /**
   * Whether a peer may have a block. What it may not have is answered like what is not here. There is no default but
   * `false`: ciphertext is private too.
   */
  readonly mayRead?: (peer: PublicKey, cid: CID) => boolean | Promise<boolean>;
  /**
   * Peers served at the same time. One that has not taken a message for five seconds makes room for another. Default 256.
   */
  readonly maxPeers?: number;
  /** Longest wait for one block of a peer, ms. Default 30 000. */
  readonly timeoutMs?: number;
}

/** Bitswap on a libp2p node. */
export interface Bitswap extends AsyncDisposable {
  /**
   * Reads blocks from one peer (an ed25519 identity, the only kind here), which must be connected or be so after
   * `connect`; every block is verified. Throws `ERR_CONTENT_NOT_FOUND` when the peer says that it does not have the
   * block, `ERR_CONTENT_UNREACHABLE`, `ERR_TIMEOUT`.
   */
  reader(peer: PublicKey, options?: BitswapReaderOptions): BulkContentReader;
  /** Stops serving and asking. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Serves and fetches blocks by bitswap 1.2 (https://specs.ipfs.tech/bitswap-protocol/) over connections that libp2p has:
 * it dials nobody and asks no routing. Every want is answered once, and each peer is told only of what `mayRead` grants it.
 */
export function startBitswap(options: BitswapOptions): Bitswap {
  const { libp2p, crypto, environment } = options;
  const box = outbox({ libp2p, environment });
  const client = bitswapClient({ crypto, environment, outbox: box, timeoutMs: options.timeoutMs ?? 30_000 });
  const server = bitswapServer({
    store: options.store ?? NOTHING,
    mayRead: options.mayRead ?? (() => false),
    outbox: box,
    environment,
    maxPeers: options.maxPeers ?? 256,
  });
  const budgets = tokenBuckets(WANTLIST_RATE, () => environment.now());
  let unfinished = 0;

  const onStream = (stream: BitswapStream, connection: BitswapConnection): void => {
    const peer = keyOfConnection(connection);
    if (peer === undefined) {
      stream.abort(unreachable('its key is not ed25519'));
      return;
    }
    const cutter = new MessageCutter();
    let counted = 0;
    let late: (() => void) | undefined;
    /** Keeps the books of bytes that wait for the rest of their message. */
    const count = (bytes: number): void => {
      unfinished += bytes - counted;
      counted = bytes;
      if (bytes > 0) late ??= environment.schedule(MESSAGE_TIMEOUT_MS, () => end(tooSlow()));
      else {
        late?.();
        late = undefined;
      }
    };
    const end = (error?: Error): void => {
      count(0);
      if (error !== undefined) stream.abort(error);
    };
    const onBytes = (bytes: Uint8Array): void => {
      const isWaitedFor = client.waitsFor(peer);
      if (!isWaitedFor && !budgets.take(publicKeyToHex(peer), bytes.length)) throw tooMuch();
      cutter.push(bytes);
      const limit = isWaitedFor ? MAX_MESSAGE_BYTES : MAX_WANTLIST_BYTES;
      for (let next = cutter.next(limit); next !== undefined; next = cutter.next(limit)) {
        const message = decodeBitswapMessage(next);
        client.receive(peer, message);
        server.receive(peer, message);
        // Each message has its own time.
        count(0);
      }
      count(cutter.buffered);
      if (unfinished > MAX_UNFINISHED_BYTES && !client.waitsFor(peer)) throw tooSlow();
    };
    stream.addEventListener('message', ({ data }) => {
      try {
        onBytes(data.subarray());
      } catch (error) {
        end(error instanceof Error ? error : undefined);
      }
    });
    stream.addEventListener('close', () => end());
    // Nothing is ever written here: without this the stream of a peer that ended it counts until the connection ends.
    const onEnded = (): void => {
      stream.close().catch((error: unknown) => end(error instanceof Error ? error : undefined));
    };
    stream.addEventListener('remoteCloseWrite', onEnded);
    if (stream.remoteWriteStatus !== 'writable') onEnded();
  };
  const onGone = ({ detail }: { readonly detail: unknown }): void => {
    const peer = keyOfConnection({ remotePeer: detail } as BitswapConnection);
    if (peer === undefined || isConnected(libp2p, peer)) return;
    client.forget(peer, unreachable('it hung up'));
    server.forget(peer);
    box.close(peer);
  };

  libp2p.addEventListener('peer:disconnect', onGone);
  const limits = {
    maxInboundStreams: MAX_INBOUND_STREAMS,
    maxOutboundStreams: MAX_OUTBOUND_STREAMS,
    // Through a relay, too, whose limits of bytes and time then hold for it.
    runOnLimitedConnection: true,
  } as const;
  // Registered before its first await; what may fail later is only telling the peer store.
  const handling = libp2p.handle(BITSWAP_PROTOCOL, onStream, limits).catch(() => undefined);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      libp2p.removeEventListener('peer:disconnect', onGone);
      await handling;
      await libp2p.unhandle(BITSWAP_PROTOCOL).catch(() => undefined);
      client.stop();
      box.stop();
    })();
    return stopping;
  };
  return {
    reader: (peer, readerOptions) => client.reader(peer, readerOptions),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A store without blocks. */
const NOTHING: Pick<ContentStore, 'get' | 'has'> = {
  has: async () => false,
  async get(cid) {
    throw new ContentError('ERR_CONTENT_NOT_FOUND', `Nothing is served here, not ${cid} either`);
  },
};

const tooMuch = (): ContentError =>
  new ContentError('ERR_CONTENT_UNREACHABLE', 'The bitswap peer sends more wants than anybody needs');

const tooSlow = (): ContentError =>
  new ContentError('ERR_CONTENT_UNREACHABLE', 'A bitswap message did not come to its end in time');

function isConnected(libp2p: BitswapLibp2p, peer: PublicKey): boolean {
  const hex = publicKeyToHex(peer);
  return libp2p.getConnections().some((connection) => {
    const key = connection.status === 'open' ? keyOfConnection(connection) : undefined;
    return key !== undefined && publicKeyToHex(key) === hex;
  });
}
