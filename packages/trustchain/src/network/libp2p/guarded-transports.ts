import type { Connection, PeerId, Stream } from '@libp2p/interface';
import type { Libp2pTransport } from './options.ts';
import type { RelaySlots } from './relay-slots.ts';

/** Protocol by which a relay tells that somebody wants to be connected (libp2p specs, relay/circuit-v2, stop protocol). */
const STOP_PROTOCOL = '/libp2p/circuit/relay/0.2.0/stop';

type Handler = (stream: Stream, connection: Connection) => unknown;

/** The part of libp2p's registrar that is stepped between. */
interface Registrar {
  handle(protocol: string, handler: Handler, options?: object): Promise<void>;
}

/** Transports as a node takes them. */
export interface GuardedTransports {
  readonly transports: readonly Libp2pTransport[];
  /** Where reservations at relays are made; undefined before the node is made, and without a transport for relays. */
  slots(): RelaySlots | undefined;
}

/**
 * Transports that take relayed connections only from relays of this node's own choice. By itself `circuitRelayTransport`
 * makes a reservation at any peer that calls itself one, and has this node announce an address there.
 */
export function guardedTransports(
  transports: readonly Libp2pTransport[],
  isRelay: (peer: PeerId) => boolean,
): GuardedTransports {
  let slots: RelaySlots | undefined;

  const guarded = (registrar: Registrar): Registrar =>
    new Proxy(registrar, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (name !== 'handle') return typeof value === 'function' ? value.bind(target) : value;
        return (protocol: string, handler: Handler, options?: object) =>
          target.handle(protocol, protocol === STOP_PROTOCOL ? onlyFromRelays(handler) : handler, options);
      },
    });
  const onlyFromRelays =
    (handler: Handler): Handler =>
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
            Object.create(components, {
              registrar: { get: () => guarded(components.registrar as Registrar) },
            }),
          );
          const store = (made as { readonly reservationStore?: RelaySlots }).reservationStore;
          if (store !== undefined) slots = store;
          return made;
        },
    ),
  };
}
