import {
  bytesToUtf8,
  type Environment,
  type IncomingRequest,
  isEdmpError,
  type Network,
  type PublicKey,
  publicKey,
  publicKeyToHex,
  singleFrame,
  utf8ToBytes,
} from '@edmp/interface';
import { CODE_P2P, type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { forgetOldest } from '../../store/forget-oldest.ts';
import { peerPenalties } from '../peer-penalties.ts';
import { shuffled } from '../shuffled.ts';
import { type HostScope, hostOf, mayName } from './host.ts';
import type { EdmpLibp2p } from './node.ts';
import { peerIdOfKey } from './peer-identity.ts';

/**
 * Protocol by which a node asks the peers that it is connected to where another peer can be reached. Request: a
 * 32-byte public key. Answer: at most {@link MAX_LINES} multiaddrs as UTF-8 lines, none when the peer is not
 * connected there.
 */
export const PEER_LOOKUP_PROTOCOL = '/edmp/peers/1';

/** Lines of one answer. */
const MAX_LINES = 8;
/** Bytes of one answer. */
const MAX_ANSWER_BYTES = 4_096;
/** Addresses believed of one answer. */
const MAX_BELIEVED = 2;
/** Addresses dialled for one lookup. */
const MAX_ADDRESSES = 8;
/** Connected peers asked for one lookup. */
const MAX_ASKED = 8;
/** Longest wait for one answer, ms. */
const ANSWER_TIMEOUT_MS = 3_000;
/** How long a peer whose word on another one proved wrong is not believed about that one, ms. */
const DISBELIEF_MS = 60_000;
/** Wrong words remembered; the oldest is forgotten first. */
const MAX_DISBELIEFS = 4_096;

/** An address and the peers that named it. */
export interface ToldAddress {
  readonly address: Multiaddr;
  readonly tellers: readonly PublicKey[];
}

/** Finds peers through common acquaintances. */
export interface PeerLookup {
  /** Answers a lookup: addresses of a peer that is connected now, as it told them itself (identify). */
  answer(request: IncomingRequest): Promise<Uint8Array>;
  /** Whether this node knows any address of a peer. */
  knowsAddress(key: PublicKey): Promise<boolean>;
  /**
   * Asks connected peers, chosen at random, for the addresses of another one, and takes turns between their answers,
   * so that nobody's answer crowds out another's. Never throws; no answer gives no addresses.
   */
  ask(key: PublicKey, signal: AbortSignal): Promise<readonly ToldAddress[]>;
  /** A dial proved an address of `key` wrong: those who named it are not believed about that peer for a while. */
  disprove(key: PublicKey, told: ToldAddress): void;
}

/** What {@link peerLookup} works with. */
export interface PeerLookupContext {
  readonly environment: Environment;
  readonly network: Network;
  /** The running libp2p node. */
  readonly libp2p: () => EdmpLibp2p | undefined;
}

/** A {@link PeerLookup} that mistrusts nobody yet. */
export function peerLookup(context: PeerLookupContext): PeerLookup {
  const { environment, network } = context;
  const disbelieved = new Map<string, number>();
  // Whoever is wrong about many peers is not asked at all until most of it has leaked away.
  const wrong = peerPenalties({ environment });
  const wordOf = (teller: PublicKey, key: PublicKey): string => publicKeyToHex(teller) + publicKeyToHex(key);

  /** The narrowest scope in which a connected peer is reached. */
  const scopeOf = (peer: PublicKey): HostScope | undefined => {
    const scopes = new Set(
      context
        .libp2p()
        ?.getConnections(peerIdOfKey(peer))
        .map(({ remoteAddr }) => hostOf(remoteAddr)?.scope),
    );
    return (['loopback', 'private', 'public'] as const).find((scope) => scopes.has(scope));
  };

  /** The wanted peer's address in a line of an answer, with its id; undefined when it is not to be dialled. */
  const believe = async (
    line: string,
    key: PublicKey,
    speaker: HostScope | undefined,
  ): Promise<Multiaddr | undefined> => {
    const id = peerIdOfKey(key).toString();
    let address: Multiaddr;
    try {
      address = multiaddr(line);
    } catch {
      return undefined; // Not an address: what a peer says wrongly is not used.
    }
    // Names are left out: resolving them asks somebody else, and they may stand for any host.
    const host = hostOf(address);
    if (host === undefined || !mayName(speaker, host.scope)) return undefined;
    const components = address.getComponents();
    const named = components.filter(({ code }) => code === CODE_P2P);
    if (named.length > 1 || named.some((name) => name !== components.at(-1) || name.value !== id)) {
      return undefined;
    }
    const full = named.length === 0 ? address.encapsulate(`/p2p/${id}`) : address;
    return (await context.libp2p()?.isDialable(full)) === true ? full : undefined;
  };

  const askOne = async (
    peer: PublicKey,
    key: PublicKey,
    signal: AbortSignal,
  ): Promise<readonly Multiaddr[]> => {
    const speaker = scopeOf(peer);
    const frames = network.request(peer, PEER_LOOKUP_PROTOCOL, key, {
      signal,
      timeoutMs: ANSWER_TIMEOUT_MS,
      maxFrameBytes: MAX_ANSWER_BYTES,
    });
    const believed: Multiaddr[] = [];
    try {
      for (const line of bytesToUtf8(await singleFrame(frames)).split('\n', MAX_LINES)) {
        const address = await believe(line, key, speaker);
        if (address !== undefined && believed.length < MAX_BELIEVED) believed.push(address);
      }
    } catch (error) {
      if (!isEdmpError(error)) throw error;
      // Silence costs every lookup its longest wait.
      if (error.code === 'ERR_TIMEOUT') wrong.penalise(publicKeyToHex(peer));
    }
    return believed;
  };

  return {
    async answer(request) {
      const libp2p = context.libp2p();
      const wanted = peerIdOfKey(publicKey(request.body));
      if (libp2p === undefined || libp2p.getConnections(wanted).length === 0) return new Uint8Array();
      const peer = await libp2p.peerStore.get(wanted).catch(() => undefined);
      const asker = scopeOf(request.from);
      const lines: string[] = [];
      let bytes = 0;
      for (const { multiaddr: address } of peer?.addresses ?? []) {
        const host = hostOf(address);
        const line = address.toString();
        // What the asker would not believe is not told either.
        if (host === undefined || !mayName(asker, host.scope)) continue;
        if (lines.length === MAX_LINES || bytes + line.length + 1 > MAX_ANSWER_BYTES) break;
        lines.push(line);
        bytes += line.length + 1;
      }
      return utf8ToBytes(lines.join('\n'));
    },

    async knowsAddress(key) {
      const peer = await context
        .libp2p()
        ?.peerStore.get(peerIdOfKey(key))
        .catch(() => undefined);
      return (peer?.addresses.length ?? 0) > 0;
    },

    async ask(key, signal) {
      const wantedHex = publicKeyToHex(key);
      const believable = network.peers().filter((peer) => {
        const hex = publicKeyToHex(peer);
        const until = disbelieved.get(wordOf(peer, key)) ?? 0;
        return hex !== wantedHex && !wrong.ignored(hex) && until <= environment.now();
      });
      const asked = shuffled(environment, believable).slice(0, MAX_ASKED);
      const answers = await Promise.all(asked.map((peer) => askOne(peer, key, signal)));
      const told = new Map<string, { address: Multiaddr; tellers: PublicKey[] }>();
      for (let turn = 0; turn < MAX_BELIEVED; turn++) {
        for (const [index, teller] of asked.entries()) {
          const address = answers[index]?.[turn];
          if (address === undefined) continue;
          const text = address.toString();
          const known = told.get(text);
          if (known !== undefined) known.tellers.push(teller);
          else if (told.size < MAX_ADDRESSES) told.set(text, { address, tellers: [teller] });
        }
      }
      return [...told.values()];
    },

    disprove(key, { tellers }) {
      for (const teller of tellers) {
        const word = wordOf(teller, key);
        wrong.penalise(publicKeyToHex(teller));
        disbelieved.delete(word);
        disbelieved.set(word, environment.now() + DISBELIEF_MS);
        if (disbelieved.size > MAX_DISBELIEFS) forgetOldest(disbelieved);
      }
    },
  };
}
