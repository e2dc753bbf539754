import type { PublicKey } from '@edmp/interface';
import type { Connection } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import type { EdmpLibp2p } from './node.ts';
import { hasEd25519Key, keyOfPeerId } from './peer-identity.ts';
import { relayedAddress } from './relayed-address.ts';

/** A connection that a network holds. */
export interface PeerConnection {
  readonly peer: PublicKey;
  /** Multiaddr of the peer's end. */
  readonly address: string;
  /** Which side opened it. */
  readonly direction: 'inbound' | 'outbound';
  /** Whom it leads through; undefined when it is direct. */
  readonly relay: PublicKey | undefined;
  /** What the relay still lets through, bytes; undefined when it is direct or has no such limit. */
  readonly relayBytesLeft: number | undefined;
  /** Last measured time of a round trip, ms; undefined in the first seconds. */
  readonly latencyMs: number | undefined;
  /** When it was opened, ms since the epoch. */
  readonly since: number;
}

/** What is known of the open connections of a libp2p node. */
export function peerConnections(libp2p: EdmpLibp2p): PeerConnection[] {
  return libp2p
    .getConnections()
    .filter(({ status, remotePeer }) => status === 'open' && hasEd25519Key(remotePeer))
    .map((connection) => ({
      peer: keyOfPeerId(connection.remotePeer),
      address: connection.remoteAddr.toString(),
      direction: connection.direction,
      relay: relayOf(connection),
      relayBytesLeft: connection.limits?.bytes === undefined ? undefined : Number(connection.limits.bytes),
      latencyMs: connection.rtt,
      since: connection.timeline.open,
    }));
}

function relayOf({ remoteAddr }: Connection): PublicKey | undefined {
  const id = relayedAddress(remoteAddr)?.relayId;
  if (id === undefined) return undefined;
  const relay = peerIdFromString(id);
  return hasEd25519Key(relay) ? keyOfPeerId(relay) : undefined;
}
