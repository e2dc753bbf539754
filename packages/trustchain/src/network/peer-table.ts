import { type PeerEvent, type PublicKey, type PublicKeyHex, publicKeyToHex } from '@edmp/interface';

/** Who is connected, and who wants to know. */
export interface PeerTable {
  /** Records a connection; tells the listeners unless it was known. */
  connected(peer: PublicKey): void;
  /** Records the end of a connection; tells the listeners unless it was known. */
  disconnected(peer: PublicKey): void;
  has(peer: PublicKey): boolean;
  keys(): readonly PublicKey[];
  /** See {@link @edmp/interface!Network.onPeer}. */
  onPeer(listener: (event: PeerEvent) => void): () => void;
  /** Forgets all peers and tells nobody: for a network that stops. */
  clear(): void;
}

/** A {@link PeerTable} without peers. */
export function peerTable(): PeerTable {
  const peers = new Map<PublicKeyHex, PublicKey>();
  const listeners = new Set<(event: PeerEvent) => void>();
  const tell = (event: PeerEvent): void => {
    for (const listener of [...listeners]) listener(event);
  };
  return {
    connected(peer) {
      const hex = publicKeyToHex(peer);
      if (peers.has(hex)) return;
      peers.set(hex, peer);
      tell({ type: 'connected', peer });
    },
    disconnected(peer) {
      if (peers.delete(publicKeyToHex(peer))) tell({ type: 'disconnected', peer });
    },
    has: (peer) => peers.has(publicKeyToHex(peer)),
    keys: () => [...peers.values()],
    onPeer(listener) {
      const entry = (event: PeerEvent): void => listener(event);
      listeners.add(entry);
      return () => listeners.delete(entry);
    },
    clear: () => peers.clear(),
  };
}
