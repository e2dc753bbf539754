import {
  type AbortOptions,
  type Environment,
  isEdmpError,
  type PublicKey,
  singleFrame,
} from '@edmp/interface';
import type { Connection } from '@libp2p/interface';
import type { FrameStream } from '../frame-stream.ts';
import type { OpenWork } from '../open-work.ts';
import { requestFrames } from '../request-client.ts';
import { type Dialler, leadsNowhere } from './dialler.ts';
import { networkErrorOf } from './errors.ts';
import { type EdmpLibp2p, MAX_STREAMS_PER_CONNECTION } from './node.ts';
import type { OutboundTable } from './outbound-table.ts';
import { peerIdOfKey } from './peer-identity.ts';
import type { PeerLookup } from './peer-lookup.ts';
import { libp2pFrameStream } from './stream.ts';

/** Answered once the dialled side has taken the connection in; a peer that does not speak it is taken as it is. */
export const HELLO = '/edmp/hello/1';

/** What {@link outgoingStreams} works with. */
export interface OutgoingStreamsContext {
  readonly environment: Environment;
  /** Longest dial, ms. */
  readonly dialTimeoutMs: number;
  readonly work: OpenWork;
  readonly lookup: Pick<PeerLookup, 'ask' | 'knowsAddress'>;
  readonly dials: Dialler;
  readonly outbound: Pick<OutboundTable, 'used' | 'makeRoom'>;
  /** The libp2p node. Throws `ERR_NETWORK_STOPPED` when there is none. */
  running(): EdmpLibp2p;
}

/** Streams that this node opens. */
export interface OutgoingStreams {
  /** A stream to a peer, over the best connection that there is, or over a new one. */
  to(peer: PublicKey, protocol: string, signal: AbortSignal): Promise<FrameStream>;
  /** Makes sure that the peer, too, knows of a connection: libp2p's dial may resolve before that. */
  greet(connection: Connection, abort: AbortOptions): Promise<void>;
}

/** {@link OutgoingStreams}. */
export function outgoingStreams(context: OutgoingStreamsContext): OutgoingStreams {
  const { environment, dialTimeoutMs, work, lookup, dials, outbound } = context;
  const greeted = new WeakSet<Connection>();

  const openOn = async (
    connection: Connection,
    protocol: string,
    signal: AbortSignal,
  ): Promise<FrameStream> => {
    const what = `Opening a stream of ${protocol} to ${connection.remotePeer.toString()}`;
    try {
      const stream = await connection.newStream(protocol, {
        signal,
        maxOutboundStreams: MAX_STREAMS_PER_CONNECTION,
        runOnLimitedConnection: true,
      });
      outbound.used(connection);
      return libp2pFrameStream(stream, environment);
    } catch (error) {
      throw networkErrorOf(what, signal.aborted ? signal.reason : error);
    }
  };

  /** Dials what is known of a peer, and where others say that it is: somebody whom both are connected to may know. */
  const find = async (peer: PublicKey, signal: AbortSignal): Promise<Connection> => {
    const peerId = peerIdOfKey(peer);
    const what = `Dialling ${peerId.toString()}`;
    outbound.makeRoom();
    let failure: unknown;
    if (await lookup.knowsAddress(peer)) {
      try {
        return await dials.dialKnown(peerId, what, { signal });
      } catch (error) {
        if (!leadsNowhere(error) || signal.aborted) throw error;
        failure = error;
      }
    }
    const told = await lookup.ask(peer, signal);
    if (told.length > 0) return dials.dialTold(peer, told, what, signal);
    if (failure !== undefined) throw failure;
    return dials.dial(peerId, what, { signal });
  };

  return {
    async to(peer, protocol, signal) {
      const open = context
        .running()
        .getConnections(peerIdOfKey(peer))
        .filter(({ status }) => status === 'open');
      // What a relay carries counts against its limits.
      const best = open.find(({ limits }) => limits === undefined) ?? open[0];
      return openOn(best ?? (await find(peer, signal)), protocol, signal);
    },
    async greet(connection, abort) {
      if (greeted.has(connection)) return;
      const hello = requestFrames({
        environment,
        protocol: HELLO,
        body: new Uint8Array(),
        options: { ...abort, timeoutMs: dialTimeoutMs },
        work,
        open: (opening) => openOn(connection, HELLO, opening.signal),
      });
      try {
        await singleFrame(hello);
      } catch (error) {
        if (!isEdmpError(error, 'ERR_NETWORK_PROTOCOL')) throw error;
      }
      greeted.add(connection);
    },
  };
}
