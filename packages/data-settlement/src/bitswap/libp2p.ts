import {
  type AbortOptions,
  type Environment,
  type PublicKey,
  publicKey,
  withDeadline,
} from '@edmp/interface';
import { ContentError } from '../errors.ts';

/** What is used of a libp2p stream. */
export interface BitswapStream {
  readonly status: string;
  /** Whether more may come: `writable` until the peer ended its side. */
  readonly remoteWriteStatus: string;
  readonly writableNeedsDrain: boolean;
  readonly writeBufferLength: number;
  send(data: Uint8Array): boolean;
  close(options?: AbortOptions): Promise<void>;
  abort(error: Error): void;
  addEventListener(
    type: 'message',
    listener: (event: { readonly data: { subarray(): Uint8Array } }) => void,
  ): void;
  addEventListener(type: 'drain' | 'idle' | 'close' | 'remoteCloseWrite', listener: () => void): void;
  removeEventListener(type: 'drain' | 'idle' | 'close', listener: () => void): void;
}

/** What is used of a libp2p connection. */
export interface BitswapConnection {
  readonly status: string;
  readonly remotePeer: {
    readonly type?: string | undefined;
    readonly publicKey?: { readonly raw: Uint8Array } | undefined;
  };
  newStream(
    protocol: string,
    options: {
      readonly signal: AbortSignal;
      readonly maxOutboundStreams: number;
      readonly runOnLimitedConnection: true;
    },
  ): Promise<BitswapStream>;
}

/** What is used of a libp2p node (3.x), by shape: `libp2p` of a `Libp2pNetwork` fits. */
export interface BitswapLibp2p {
  getConnections(): readonly BitswapConnection[];
  handle(
    protocol: string,
    handler: (stream: BitswapStream, connection: BitswapConnection) => void,
    options: {
      readonly maxInboundStreams: number;
      readonly maxOutboundStreams: number;
      readonly runOnLimitedConnection: true;
    },
  ): Promise<void>;
  unhandle(protocol: string): Promise<void>;
  addEventListener(type: 'peer:disconnect', listener: (event: { readonly detail: unknown }) => void): void;
  removeEventListener(type: 'peer:disconnect', listener: (event: { readonly detail: unknown }) => void): void;
}

/** The ed25519 key of a connection's peer; undefined for other kinds of key. */
export function keyOfConnection({ remotePeer }: BitswapConnection): PublicKey | undefined {
  const raw = remotePeer.type === 'Ed25519' ? remotePeer.publicKey?.raw : undefined;
  return raw?.length === 32 ? publicKey(raw) : undefined;
}

/** Sends bytes and waits until the transport has taken them. Throws when the stream breaks; aborts it when it takes too long. */
export async function sendAll(
  stream: BitswapStream,
  bytes: Uint8Array,
  options: AbortOptions & { readonly environment: Environment; readonly timeoutMs: number },
): Promise<void> {
  const { environment, timeoutMs, signal } = options;
  try {
    if (stream.send(bytes)) return;
    await withDeadline(
      environment,
      timeoutMs,
      'Sending to a bitswap peer',
      (inner) => drained(stream, inner),
      {
        signal,
      },
    );
  } catch (cause) {
    const error = new ContentError('ERR_CONTENT_UNREACHABLE', 'The bitswap peer does not take what is sent', {
      cause,
      retryable: true,
    });
    stream.abort(error);
    throw error;
  }
}

/** Waits for room. Not `stream.onDrain()`: in @libp2p/utils 7.4.1 only its first wait is one. */
function drained(stream: BitswapStream, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      if (stream.status === 'open' && (stream.writableNeedsDrain || stream.writeBufferLength > 0)) return;
      finish();
      if (stream.status === 'open') resolve();
      else reject(new Error('The stream is closed'));
    };
    // libp2p refills from its queue in a microtask after 'drain': look again after that.
    const later = (): void => queueMicrotask(settle);
    const give = (): void => {
      finish();
      reject(signal.reason);
    };
    const finish = (): void => {
      for (const type of ['drain', 'idle', 'close'] as const) stream.removeEventListener(type, later);
      signal.removeEventListener('abort', give);
    };
    for (const type of ['drain', 'idle', 'close'] as const) stream.addEventListener(type, later);
    signal.addEventListener('abort', give, { once: true });
    settle();
  });
}
