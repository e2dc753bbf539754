import {
  type AbortOptions,
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
import type { Multiaddr } from '@multiformats/multiaddr';
import { forgetOldest } from '../../store/forget-oldest.ts';
import { peerPenalties } from '../peer-penalties.ts';
import { shuffled } from '../shuffled.ts';
import { type HostScope, hostOf, mayName } from './host.ts';
import type { EdmpLibp2p } from './node.ts';
import { peerIdOfKey } from './peer-identity.ts';
import { isRelayed, relayedAddress } from './relayed-address.ts';
import { isNamed, type Speaker, toldAddresses } from './told-address.ts';

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
/** Addresses believed of one answer, through relays and not: behind routers only the former lead anywhere. */
const MAX_BELIEVED = 4;
const MAX_BELIEVED_EACH = 2;
/** Names told in one answer, and looked up for one. */
const MAX_NAMES = 2;
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
  /** Whether this node was told to stay connected to a peer. */
  readonly isConfigured: (peer: PublicKey) => boolean;
  readonly resolveName: Speaker['resolveName'];
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

  const speakerOf = (peer: PublicKey): Speaker => ({
    scope: scopeOf(peer),
    // A lookup of a name tells somebody else of it: only who this node was told to trust may cause one.
    resolveName: context.isConfigured(peer) ? context.resolveName : undefined,
    isConnectedRelay: (relayId) =>
      (context.libp2p()?.getConnections() ?? []).some(
        ({ remotePeer, limits }) => limits === undefined && remotePeer.toString() === relayId,
      ),
  });

  /** Which lines of an answer are used: the first of each kind that this node can dial. */
  const believe = async (
    lines: readonly string[],
    key: PublicKey,
    speaker: Speaker,
    abort: AbortOptions,
  ): Promise<readonly Multiaddr[]> => {
    const libp2p = context.libp2p();
    const id = peerIdOfKey(key).toString();
    const believed: Multiaddr[] = [];
    let names = 0;
    for (const line of lines) {
      const isName = /^\/dns/.test(line);
      if (isName && ++names > MAX_NAMES) continue;
      for (const address of await toldAddresses(line, id, speaker, abort)) {
        const alike = believed.filter((other) => isRelayed(other) === isRelayed(address));
        if (alike.length === MAX_BELIEVED_EACH) continue;
        if (relayedAddress(address)?.relayId === libp2p?.peerId.toString()) continue;
        if ((await libp2p?.isDialable(address)) === true) believed.push(address);
      }
    }
    return believed;
  };

  const askOne = async (
    peer: PublicKey,
    key: PublicKey,
    signal: AbortSignal,
  ): Promise<readonly Multiaddr[]> => {
    const frames = network.request(peer, PEER_LOOKUP_PROTOCOL, key, {
      signal,
      timeoutMs: ANSWER_TIMEOUT_MS,
      maxFrameBytes: MAX_ANSWER_BYTES,
    });
    try {
      const lines = bytesToUtf8(await singleFrame(frames)).split('\n', MAX_LINES);
      return await believe(lines, key, speakerOf(peer), { signal });
    } catch (error) {
      if (!isEdmpError(error)) throw error;
      // Silence costs every lookup its longest wait.
      if (error.code === 'ERR_TIMEOUT') wrong.penalise(publicKeyToHex(peer));
      return [];
    }
  };

  return {
    async answer(request) {
      const libp2p = context.libp2p();
      const wanted = peerIdOfKey(publicKey(request.body));
      if (libp2p === undefined || libp2p.getConnections(wanted).length === 0) return new Uint8Array();
      const peer = await libp2p.peerStore.get(wanted).catch(() => undefined);
      const asker = scopeOf(request.from);
      const self = libp2p.peerId.toString();
      /** What the asker would not believe is not told either. */
      const isUseful = (address: Multiaddr): boolean => {
        const through = relayedAddress(address);
        if (through?.relayId === self) return true;
        const where = through?.relay ?? address;
        const host = hostOf(where);
        return host === undefined ? isNamed(where) : mayName(asker, host.scope);
      };
      const rank = (address: Multiaddr): number => (isNamed(address) ? 2 : 0) + (isRelayed(address) ? 1 : 0);
      const useful = (peer?.addresses ?? [])
        .map(({ multiaddr }) => multiaddr)
        .filter(isUseful)
        .sort((a, b) => rank(a) - rank(b));
      const lines: string[] = [];
      let bytes = 0;
      let names = 0;
      for (const address of useful) {
        const line = address.toString();
        if (isNamed(address) && ++names > MAX_NAMES) continue;
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

    disprove(key, { address, tellers }) {
      for (const teller of tellers) {
        // A relay that has lost a reservation is told the next one; that it was asked in vain cost it as much as this node.
        if (relayedAddress(address)?.relayId === peerIdOfKey(teller).toString()) continue;
        const word = wordOf(teller, key);
        wrong.penalise(publicKeyToHex(teller));
        disbelieved.delete(word);
        disbelieved.set(word, environment.now() + DISBELIEF_MS);
        if (disbelieved.size > MAX_DISBELIEFS) forgetOldest(disbelieved);
      }
    },
  };
}
