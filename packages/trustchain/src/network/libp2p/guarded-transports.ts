import type { PeerId } from '@libp2p/interface';
import type { InboundLimits } from './inbound-table.ts';
import type { Libp2pTransport } from './options.ts';
import type { RelaySlots } from './relay-slots.ts';
import { type StreamHandler, withSteppedHandlers } from './stepped-registrar.ts';
import { guardWebSockets } from './web-sockets-door.ts';

/** Protocol by which a relay tells that somebody wants to be connected (libp2p specs, relay/circuit-v2, stop protocol). */
const STOP_PROTOCOL = '/libp2p/circuit/relay/0.2.0/stop';

/** Transports as a node takes them. */
export interface GuardedTransports {
  readonly transports: readonly Libp2pTransport[];
  /** Where reservations at relays are made; undefined before the node is made, and without a transport for relays. */
  slots(): RelaySlots | undefined;
}

/**
 * Transports that take relayed connections only from relays of this node's own choice. By itself `circuitRelayTransport`
 * makes a reservation at any peer that calls itself one, and has this node announce an address there. What they hold
 * before libp2p counts a connection is bounded, too.
 */
export function guardedTransports(
  transports: readonly Libp2pTransport[],
  isRelay: (peer: PeerId) => boolean,
  limits: InboundLimits,
): GuardedTransports {
  let slots: RelaySlots | undefined;
  const onlyFromRelays =
    (handler: StreamHandler): StreamHandler =>
    (stream, connection) => {
      if (isRelay(connection.remotePeer)) return handler(stream, connection);
      stream.abort(new Error('Relayed connections come only through relays of this node’s choice'));
      return undefined;
    };

  return {
    slots: () => slots,
    transports: transports.map(
      (transport): Libp2pTransport =>
        (components) => {
          const made = transport(
            withSteppedHandlers(components, (protocol, handler) =>
              protocol === STOP_PROTOCOL ? onlyFromRelays(handler) : handler,
            ),
          );
          const store = (made as { readonly reservationStore?: RelaySlots }).reservationStore;
          if (store !== undefined) slots = store;
          const listen = made.createListener.bind(made);
          made.createListener = (options) => {
            const listener = listen(options);
            guardWebSockets(listener, limits);
            return listener;
          };
          return made;
        },
    ),
  };
}
