import type { AbortOptions } from './abort.ts';
import type { PublicKey } from './keys.ts';

/** Options of {@link Network.request}. */
export interface RequestOptions extends AbortOptions {
  /** Longest wait for the next response frame, ms. Default 10 000. */
  readonly timeoutMs?: number;
  /** Largest response frame accepted, bytes. Default 4 MiB. */
  readonly maxFrameBytes?: number;
  /** Largest sum of response frames accepted, bytes. Default 256 MiB. */
  readonly maxResponseBytes?: number;
}

/** One request as its handler sees it. */
export interface IncomingRequest {
  /** Authenticated key of the peer that asks. */
  readonly from: PublicKey;
  readonly body: Uint8Array;
  /** Fires when the peer goes away or the network stops. */
  readonly signal: AbortSignal;
}

/** Answers a request with one frame (a promise) or with a stream of frames. A thrown `EdmpError` reaches the caller as `ERR_NETWORK_REMOTE` with its message and with its code as `details.code`; any other error travels as `ERR_INTERNAL` (an unexpected failure whose text stays where it happened). */
export type RequestHandler = (request: IncomingRequest) => Promise<Uint8Array> | AsyncIterable<Uint8Array>;

/** Options of {@link Network.handle}. */
export interface HandleOptions {
  /** Largest request accepted, bytes. Default 4 MiB. */
  readonly maxRequestBytes?: number;
  /** Requests that one peer may have open at once; more are refused with `ERR_NETWORK_BUSY`. Default 32. */
  readonly maxConcurrentPerPeer?: number;
}

/** What a topic's validator thinks of a message: only `accept` is relayed; `reject` counts against the sender. */
export type TopicVerdict = 'accept' | 'ignore' | 'reject';

/** Judges and consumes a topic message. `from` is the peer that delivered it, not necessarily its author. A handler that throws counts as `reject`. */
export type TopicHandler = (body: Uint8Array, from: PublicKey) => TopicVerdict | Promise<TopicVerdict>;

/** A change of connectivity. */
export interface PeerEvent {
  readonly type: 'connected' | 'disconnected';
  readonly peer: PublicKey;
}

/**
 * Addressed, authenticated request/response streams and topics between nodes.
 *
 * A peer *is* its ed25519 key. Implementations: libp2p (`@edmp/trustchain/libp2p`) and simulated
 * (`@edmp/trustchain/simulated`). Errors: `ERR_NETWORK_UNREACHABLE`, `ERR_NETWORK_PROTOCOL` (the peer does not
 * speak it), `ERR_NETWORK_REMOTE`, `ERR_NETWORK_LIMIT` (a size limit), `ERR_NETWORK_BUSY`, `ERR_NETWORK_STOPPED`,
 * `ERR_TIMEOUT`, `ERR_ABORTED`.
 */
export interface Network extends AsyncDisposable {
  /** This node's identity. */
  readonly self: PublicKey;
  /** Addresses that others can {@link Network.connect} to; empty before start. */
  addresses(): readonly string[];
  /** Keys of the peers connected now. */
  peers(): readonly PublicKey[];
  start(): Promise<void>;
  /** Closes everything; pending requests end with `ERR_NETWORK_STOPPED`. Idempotent. */
  stop(): Promise<void>;
  /** Dials an address and returns the authenticated key found there; a second dial to a connected peer is fine. */
  connect(address: string, options?: AbortOptions): Promise<PublicKey>;
  /**
   * Opens a stream, sends one request frame, yields the response frames. Ending the iteration early closes the stream
   * and fires the handler's signal. Time that the reader takes between frames does not count against the peer.
   * A peer that is not connected, or goes away, gives `ERR_NETWORK_UNREACHABLE`.
   */
  request(
    peer: PublicKey,
    protocol: string,
    body: Uint8Array,
    options?: RequestOptions,
  ): AsyncIterable<Uint8Array>;
  /** Serves a protocol until the returned function is called. One handler per protocol (`ERR_INVALID_ARGUMENT`). */
  handle(protocol: string, handler: RequestHandler, options?: HandleOptions): () => void;
  /** Sends a message to all subscribers of a topic; the sender does not receive it back. Resolves when handed over. */
  publish(topic: string, body: Uint8Array): Promise<void>;
  /** Receives a topic's messages until the returned function is called. One handler per topic. */
  subscribe(topic: string, handler: TopicHandler): () => void;
  /** Listens to connectivity until the returned function is called. */
  onPeer(listener: (event: PeerEvent) => void): () => void;
}
