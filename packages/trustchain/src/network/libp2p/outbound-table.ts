import { type CancelTimer, type Environment, withDeadline } from '@edmp/interface';
import type { Connection } from '@libp2p/interface';
import { NetworkError } from '../errors.ts';
import type { EdmpLibp2p } from './node.ts';

/** Relayed connections that this node opens at once: fewer than a relay lets one peer have. */
const MAX_RELAYED = 6;
/** After so long without a request a relayed connection is closed: it takes a place at the relay, ms. */
const RELAYED_IDLE_MS = 2 * 60_000;
const SWEEP_MS = 30_000;
/** Bytes between two looks at a relayed connection that are more than its upkeep and gossip: blocks of bitswap, for one. */
const USED_BYTES = 64n * 1024n;
/** Longest that the end of a connection may take; after that it is cut off, ms. */
const CLOSE_TIMEOUT_MS = 5_000;
/** What begins the names of the protocols of requests; streams of others are open as long as the connection is. */
const REQUESTS = '/edmp/';

/** What {@link outboundTable} works with. */
export interface OutboundTableContext {
  readonly environment: Environment;
  /** Connections opened by this node at once, those that it was told to keep apart. */
  readonly maxOutbound: number;
  readonly libp2p: () => EdmpLibp2p | undefined;
  /** Whether this node was told to stay connected to a peer. */
  readonly isKept: (peerId: string) => boolean;
}

/** Which connections this node opened, and which of them it needs least. */
export interface OutboundTable {
  /** A request was made or came over a connection. */
  used(connection: Connection): void;
  /** Makes room for one more connection. Throws `ERR_NETWORK_BUSY` when all are in use. */
  makeRoom(): void;
  /** Closes relayed connections that nobody uses, from now on and until {@link OutboundTable.stop}. */
  start(): void;
  stop(): void;
}

/** An {@link OutboundTable} that has seen no connection used. */
export function outboundTable(context: OutboundTableContext): OutboundTable {
  const { environment, maxOutbound, isKept } = context;
  const usedAt = new WeakMap<Connection, number>();
  const closing = new WeakSet<Connection>();
  const bytesLeft = new WeakMap<Connection, bigint>();
  let cancel: CancelTimer | undefined;

  const opened = (): Connection[] =>
    (context.libp2p()?.getConnections() ?? []).filter(
      (connection) =>
        connection.direction === 'outbound' &&
        connection.status === 'open' &&
        !closing.has(connection) &&
        !isKept(connection.remotePeer.toString()),
    );
  const lastUse = (connection: Connection): number => usedAt.get(connection) ?? connection.timeline.open;
  const isIdle = ({ streams }: Connection): boolean =>
    !streams.some(({ protocol, status }) => protocol.startsWith(REQUESTS) && status === 'open');
  const close = (connection: Connection): void => {
    closing.add(connection);
    withDeadline(environment, CLOSE_TIMEOUT_MS, 'Closing a connection', (signal) =>
      connection.close({ signal }),
    ).catch((error: unknown) => connection.abort(error instanceof Error ? error : new Error(String(error))));
  };
  const leaveRoom = (among: readonly Connection[], most: number): void => {
    if (among.length < most) return;
    const [longest] = among.filter(isIdle).sort((a, b) => lastUse(a) - lastUse(b));
    if (longest === undefined) {
      throw new NetworkError('ERR_NETWORK_BUSY', `All ${most} connections that may be opened are in use`, {
        retryable: true,
      });
    }
    close(longest);
  };
  const sweep = (): void => {
    const now = environment.now();
    for (const connection of opened()) {
      const left = connection.limits?.bytes;
      if (left !== undefined) {
        if ((bytesLeft.get(connection) ?? left) - left >= USED_BYTES) usedAt.set(connection, now);
        bytesLeft.set(connection, left);
      }
      if (connection.limits === undefined || !isIdle(connection)) continue;
      if (now - lastUse(connection) >= RELAYED_IDLE_MS) close(connection);
    }
    cancel = environment.schedule(SWEEP_MS, sweep);
  };

  return {
    used: (connection) => void usedAt.set(connection, environment.now()),
    makeRoom() {
      const all = opened();
      leaveRoom(all, maxOutbound);
      leaveRoom(
        all.filter(({ limits }) => limits !== undefined),
        MAX_RELAYED,
      );
    },
    start() {
      cancel ??= environment.schedule(SWEEP_MS, sweep);
    },
    stop() {
      cancel?.();
      cancel = undefined;
    },
  };
}
