import { InvalidArgumentError, type PublicKey, publicKey } from '@edmp/interface';
import { publicKeyFromRaw } from '@libp2p/crypto/keys';
import type { PeerId } from '@libp2p/interface';
import { peerIdFromPublicKey } from '@libp2p/peer-id';

/** libp2p's name of a key: an identity multihash of the protobuf-wrapped ed25519 key (libp2p specs, peer-ids §Ed25519). */
export function peerIdOfKey(key: PublicKey): PeerId {
  return peerIdFromPublicKey(publicKeyFromRaw(key));
}

/** The ed25519 key that a peer id contains. Throws `ERR_INVALID_ARGUMENT` for other kinds of key. */
export function keyOfPeerId(peer: PeerId): PublicKey {
  const raw = peer.type === 'Ed25519' ? peer.publicKey.raw : undefined;
  if (raw === undefined || raw.length !== 32) {
    throw new InvalidArgumentError(`A peer is an ed25519 key here, ${peer.toString()} is ${peer.type}`);
  }
  return publicKey(raw);
}

/** Whether a peer id is an ed25519 key, the only identity that peers have here. */
export function hasEd25519Key(peer: PeerId): boolean {
  return peer.type === 'Ed25519';
}
