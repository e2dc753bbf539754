import type { CancelTimer, Environment } from '@edmp/interface';
import type { PeerId } from '@libp2p/interface';
import { CODE_P2P, type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { hostOf } from './host.ts';
import type { EdmpLibp2p } from './node.ts';

/** Longest and shortest wait between attempts at one relay, ms. */
const MIN_WAIT_MS = 1_000;
const MAX_WAIT_MS = 60_000;
/** Addresses told of one relay: the one this node reaches it by, and as many of what the relay says of itself. */
const MAX_ADDRESSES_PER_RELAY = 4;

/** A reservation as `circuitRelayTransport` holds it. */
export interface RelaySlot {
  readonly relay: PeerId;
  readonly details: { readonly reservation: { readonly addrs: readonly Uint8Array[] } };
}

/** The part of `circuitRelayTransport` that makes reservations; it renews them by itself, a while before they expire. */
export interface RelaySlots {
  addRelay(relay: PeerId, type: 'configured'): Promise<RelaySlot>;
  hasReservation(relay: PeerId): boolean;
  addEventListener(
    type: 'relay:created-reservation' | 'relay:removed',
    listener: (event: CustomEvent<RelaySlot>) => void,
  ): void;
}

/** What {@link relayReservations} works with. */
export interface RelayReservationsContext {
  readonly environment: Environment;
  readonly libp2p: EdmpLibp2p;
  readonly slots: RelaySlots;
  /** Whether a peer is one of this node's relays. */
  readonly isRelay: (peer: PeerId) => boolean;
}

/** Reservations at this node's relays: made when a relay is connected, again when one is lost. */
export interface RelayReservations {
  /** Addresses through relays, to be told to others. */
  addresses(): readonly Multiaddr[];
  /** Tries relays that are connected and have no reservation, now. */
  attempt(): void;
  stop(): void;
}

/** Keeps a reservation at each of this node's relays that is connected, until it is stopped. */
export function relayReservations(context: RelayReservationsContext): RelayReservations {
  const { environment, libp2p, slots, isRelay } = context;
  const held = new Map<string, readonly Multiaddr[]>();
  const failures = new Map<string, number>();
  const waits = new Map<string, CancelTimer>();
  const trying = new Set<string>();
  let stopped = false;

  /** Has libp2p tell everybody who is connected. */
  const announce = (): void => {
    if (stopped || libp2p.status !== 'started') return;
    const self = `/p2p/${libp2p.peerId.toString()}`;
    const multiaddrs = libp2p.getMultiaddrs().map((address) => address.decapsulate(self));
    libp2p.peerStore.patch(libp2p.peerId, { multiaddrs }).catch(() => undefined);
  };

  const isConnected = (relay: PeerId): boolean =>
    libp2p.getConnections(relay).some(({ status, limits }) => status === 'open' && limits === undefined);

  const retry = (relay: PeerId): void => {
    const id = relay.toString();
    if (stopped || waits.has(id) || !isConnected(relay)) return;
    const failed = failures.get(id) ?? 0;
    failures.set(id, failed + 1);
    const ceiling = Math.min(MAX_WAIT_MS, MIN_WAIT_MS * 2 ** Math.min(failed, 10));
    const [random = 0] = environment.randomBytes(1);
    const cancel = environment.schedule(Math.ceil((ceiling * (256 + random)) / 512), () => {
      waits.delete(id);
      reserve(relay);
    });
    waits.set(id, cancel);
  };

  const reserve = (relay: PeerId): void => {
    const id = relay.toString();
    if (stopped || trying.has(id) || slots.hasReservation(relay) || !isConnected(relay)) return;
    waits.get(id)?.();
    waits.delete(id);
    trying.add(id);
    slots
      .addRelay(relay, 'configured')
      .then(
        () => failures.delete(id),
        () => undefined,
      )
      .finally(() => {
        trying.delete(id);
        if (!slots.hasReservation(relay)) retry(relay);
      });
  };

  slots.addEventListener('relay:created-reservation', ({ detail }) => {
    if (stopped || !isRelay(detail.relay)) return;
    held.set(detail.relay.toString(), addressesOf(detail, libp2p.peerId));
    announce();
  });
  slots.addEventListener('relay:removed', ({ detail }) => {
    if (!held.delete(detail.relay.toString())) return;
    announce();
    retry(detail.relay);
  });
  const onConnect = ({ detail }: CustomEvent<PeerId>): void => {
    if (isRelay(detail)) reserve(detail);
  };
  libp2p.addEventListener('peer:connect', onConnect);

  return {
    addresses: () => [...held.values()].flat(),
    attempt: () => {
      for (const peer of libp2p.getPeers()) if (isRelay(peer)) reserve(peer);
    },
    stop() {
      stopped = true;
      libp2p.removeEventListener('peer:connect', onConnect);
      for (const cancel of waits.values()) cancel();
      waits.clear();
    },
  };
}

/** What others are told: by what address this node reaches the relay, and what of the relay's own may help them. */
function addressesOf({ relay, details }: RelaySlot, self: PeerId): Multiaddr[] {
  const id = relay.toString();
  const all = details.reservation.addrs.flatMap((bytes) => {
    try {
      return [multiaddr(bytes)];
    } catch {
      return []; // The relay says it, and may say anything.
    }
  });
  return all
    .filter((address, index) => {
      const named = address.getComponents().filter(({ code }) => code === CODE_P2P);
      if (named.length !== 1 || named[0]?.value !== id) return false;
      return index === 0 || hostOf(address)?.scope === 'public';
    })
    .slice(0, MAX_ADDRESSES_PER_RELAY)
    .map((address) => address.encapsulate(`/p2p-circuit/p2p/${self.toString()}`));
}
