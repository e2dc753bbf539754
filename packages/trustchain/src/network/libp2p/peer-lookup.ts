import {
  bytesToUtf8,
  type IncomingRequest,
  isEdmpError,
  type Network,
  publicKey,
  publicKeyToHex,
  singleFrame,
  utf8ToBytes,
} from '@edmp/interface';
import { CODE_P2P, type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import type { EdmpLibp2p } from './node.ts';
import { peerIdOfKey } from './peer-identity.ts';

/**
 * Protocol by which a node asks the peers that it is connected to where another peer can be reached. Request: a
 * 32-byte public key. Answer: at most {@link MAX_ADDRESSES} multiaddrs as UTF-8 lines, none when the peer is not
 * connected there.
 */
export const PEER_LOOKUP_PROTOCOL = '/edmp/peers/1';

/** Addresses in one answer. */
const MAX_ADDRESSES = 8;
/** Bytes of one answer. */
const MAX_ANSWER_BYTES = 4_096;
/** Connected peers asked for one lookup. */
const MAX_ASKED = 8;
/** Longest wait for one answer, ms. */
const ANSWER_TIMEOUT_MS = 3_000;

/** Answers a lookup: addresses of a peer that is connected now, as it told them itself (identify). */
export async function answerLookup(
  libp2p: EdmpLibp2p | undefined,
  request: IncomingRequest,
): Promise<Uint8Array> {
  const wanted = peerIdOfKey(publicKey(request.body));
  if (libp2p === undefined || libp2p.getConnections(wanted).length === 0) return new Uint8Array();
  const peer = await libp2p.peerStore.get(wanted).catch(() => undefined);
  const lines = (peer?.addresses ?? []).slice(0, MAX_ADDRESSES).map((entry) => entry.multiaddr.toString());
  return utf8ToBytes(lines.join('\n'));
}

/** Whether this node knows any address of a peer. */
export async function knowsAddress(libp2p: EdmpLibp2p, key: Uint8Array): Promise<boolean> {
  const peer = await libp2p.peerStore.get(peerIdOfKey(publicKey(key))).catch(() => undefined);
  return (peer?.addresses.length ?? 0) > 0;
}

/**
 * Asks connected peers for the addresses of another one. Whoever lies causes a failed dial at most: every address is
 * dialled with the wanted peer id, which the handshake proves. Never throws; no answer gives no addresses.
 */
export async function lookUp(
  network: Network,
  key: Uint8Array,
  signal: AbortSignal,
): Promise<readonly Multiaddr[]> {
  const wanted = publicKey(key);
  const id = peerIdOfKey(wanted).toString();
  const wantedHex = publicKeyToHex(wanted);
  const asked = network
    .peers()
    .filter((peer) => publicKeyToHex(peer) !== wantedHex)
    .slice(0, MAX_ASKED);
  const answers = await Promise.all(
    asked.map(async (peer) => {
      try {
        const frames = network.request(peer, PEER_LOOKUP_PROTOCOL, wanted, {
          signal,
          timeoutMs: ANSWER_TIMEOUT_MS,
          maxFrameBytes: MAX_ANSWER_BYTES,
        });
        return parseAnswer(bytesToUtf8(await singleFrame(frames)), id);
      } catch (error) {
        if (isEdmpError(error)) return [];
        throw error;
      }
    }),
  );
  const unique = new Map(answers.flat().map((address) => [address.toString(), address]));
  return [...unique.values()].slice(0, MAX_ADDRESSES);
}

function parseAnswer(text: string, id: string): Multiaddr[] {
  const found: Multiaddr[] = [];
  for (const line of text.split('\n').slice(0, MAX_ADDRESSES)) {
    if (line === '') continue;
    try {
      const address = multiaddr(line);
      const named = address.getComponents().find(({ code }) => code === CODE_P2P)?.value;
      if (named === undefined) found.push(address.encapsulate(`/p2p/${id}`));
      else if (named === id) found.push(address);
    } catch {
      // Not an address: what a peer says wrongly is not used.
    }
  }
  return found;
}
