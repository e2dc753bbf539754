import {
  type AbortOptions,
  type Environment,
  type PublicKey,
  publicKeyToHex,
  withDeadline,
} from '@edmp/interface';
import { ContentError } from '../errors.ts';
import { type BitswapLibp2p, type BitswapStream, keyOfConnection, sendAll } from './libp2p.ts';
import { BITSWAP_PROTOCOL, type BitswapMessage, frameBitswapMessage } from './message.ts';

/** Longest that a peer may take to accept a stream or a message, ms. */
const SEND_TIMEOUT_MS = 30_000;
/** Streams of the protocol that this node opens on one connection. */
const MAX_OUTBOUND_STREAMS = 16;

/** Sends messages to peers, over one stream for each peer that stays open between them. */
export interface Outbox {
  /** Throws `ERR_CONTENT_UNREACHABLE` when the peer is not connected, does not speak bitswap or does not read. */
  send(peer: PublicKey, message: Partial<BitswapMessage>, options?: AbortOptions): Promise<void>;
  /** Closes the stream to a peer; the next message opens another. */
  close(peer: PublicKey): void;
  stop(): void;
}

/** An {@link Outbox} over the connections that a libp2p node has; it dials nobody. */
export function outbox(options: {
  readonly libp2p: BitswapLibp2p;
  readonly environment: Environment;
}): Outbox {
  const { libp2p, environment } = options;
  const streams = new Map<string, Promise<BitswapStream>>();

  const open = async (peer: PublicKey): Promise<BitswapStream> => {
    const hex = publicKeyToHex(peer);
    const connection = libp2p.getConnections().find((each) => {
      const key = each.status === 'open' ? keyOfConnection(each) : undefined;
      return key !== undefined && publicKeyToHex(key) === hex;
    });
    if (connection === undefined) throw unreachable('it is not connected');
    try {
      return await withDeadline(environment, SEND_TIMEOUT_MS, 'Opening a bitswap stream', async (signal) => {
        const stream = await connection.newStream(BITSWAP_PROTOCOL, {
          signal,
          maxOutboundStreams: MAX_OUTBOUND_STREAMS,
          runOnLimitedConnection: true,
        });
        // Opened too late, whatever became of the signal: nobody would close it.
        if (signal.aborted) stream.abort(unreachable('it opened a stream too late'));
        return stream;
      });
    } catch (cause) {
      throw unreachable('it opens no stream', cause);
    }
  };
  const streamTo = async (peer: PublicKey): Promise<BitswapStream> => {
    const hex = publicKeyToHex(peer);
    for (let held = streams.get(hex); held !== undefined; held = streams.get(hex)) {
      const stream = await held.catch(() => undefined);
      if (stream?.status === 'open') return stream;
      if (streams.get(hex) === held) streams.delete(hex);
    }
    const opening = open(peer);
    streams.set(hex, opening);
    return opening;
  };

  const close = (hex: string): void => {
    const stream = streams.get(hex);
    streams.delete(hex);
    stream?.then((each) => each.close()).catch(() => undefined);
  };
  return {
    async send(peer, message, sendOptions = {}) {
      const stream = await streamTo(peer);
      await sendAll(stream, frameBitswapMessage(message), {
        environment,
        timeoutMs: SEND_TIMEOUT_MS,
        signal: sendOptions.signal,
      });
    },
    close: (peer) => close(publicKeyToHex(peer)),
    stop() {
      for (const hex of [...streams.keys()]) close(hex);
    },
  };
}

/** The error of a peer that cannot be asked. */
export function unreachable(why: string, cause?: unknown): ContentError {
  return new ContentError('ERR_CONTENT_UNREACHABLE', `The bitswap peer cannot be asked: ${why}`, {
    cause,
    retryable: true,
  });
}
