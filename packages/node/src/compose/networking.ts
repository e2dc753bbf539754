import { bytesToHex, equalBytes, hexToBytes, type Network, publicKeyToHex } from '@edmp/interface';
import type { Market } from '@edmp/market';
import { addressScope, type Libp2pNetwork, peerIdOfKey } from '@edmp/trustchain/libp2p';
import { communityName, type Invitation, invitationLine, parseInvitation } from '../community/invitation.ts';
import { join, joinedIn, leave } from '../community/joined.ts';
import type { CommunityView, InvitationView, Networking, PeerView, WayView } from '../network-service.ts';
import { NodeError } from './errors.ts';

/** Addresses of this node in a line. */
const MAX_ADDRESSES = 4;
/** Which addresses are told, the best first; the others only where there are none of these. */
const SCOPES = [['name', 'public'], ['private'], ['loopback']] as const;

/** What {@link networking} works with. */
export interface NetworkingParts {
  readonly name: string;
  readonly network: Network;
  readonly market: Market;
  /** File of the communities that the node is in. */
  readonly communitiesFile: string;
  /** Whether it relays for others. */
  readonly relay: boolean;
}

/** A node's peers and communities. */
export function networking(parts: NetworkingParts): Networking {
  const { network, market, communitiesFile: file } = parts;
  /** Witnesses that the market was started with. */
  const trusted = new Set<string>(joinedIn(file).flatMap(({ witnesses }) => witnesses));
  const view = (invitation: Invitation): CommunityView => ({
    name: invitation.name,
    line: invitationLine(invitation),
    relays: invitation.relays,
    matchmakers: invitation.matchmakers,
    witnesses: invitation.witnesses,
    pending: invitation.witnesses.some((key) => !trusted.has(key)),
  });

  return {
    peers: async () => peersOf(network),
    communities: async () => joinedIn(file).map(view),
    async joinCommunity(line, options) {
      const invitation = parseInvitation(line);
      const libp2p = libp2pNetworkOf(network);
      const own: readonly string[] = market.notaryKeys.map(publicKeyToHex);
      if (invitation.witnesses.some((key) => own.includes(key)))
        throw new NodeError('ERR_NODE_CONFLICT', 'This is the line of the node itself');
      const at = [...invitation.relays, ...invitation.matchmakers];
      if (libp2p !== undefined && at.some((address) => address.endsWith(`/p2p/${ownId(libp2p)}`)))
        throw new NodeError('ERR_NODE_CONFLICT', 'This is the line of the node itself');
      // What a currency's block says is checked before anything is kept.
      for (const block of invitation.currencies) await market.addCurrency(hexToBytes(block), options);
      // Nobody is connected to for a community that the next start would know nothing of.
      join(file, invitation);
      for (const address of invitation.relays) libp2p?.stayConnected(address, { relay: true });
      for (const address of invitation.matchmakers) libp2p?.stayConnected(address);
      return view(invitation);
    },
    async leaveCommunity(name) {
      leave(file, name);
    },
    async invitation() {
      return invitationOf(parts);
    },
  };
}

/** The line by which others join the community of a node. Throws `ERR_NODE_CONFLICT` when it has no part in any. */
function invitationOf(parts: NetworkingParts): InvitationView {
  const { market, network } = parts;
  const witnesses = market.notaryKeys.map(publicKeyToHex);
  const [joined] = joinedIn(parts.communitiesFile);
  if (!parts.relay && witnesses.length === 0) {
    if (joined !== undefined) return { name: joined.name, line: invitationLine(joined), local: false };
    throw new NodeError(
      'ERR_NODE_CONFLICT',
      'This node is neither relay nor notary of a community, and has joined none: start it with --community',
    );
  }
  const { addresses, local } = toldAddresses(network.addresses());
  if (addresses.length === 0)
    throw new NodeError('ERR_NODE_CONFLICT', 'This node listens nowhere: start it with --listen');
  const invitation: Invitation = {
    name: communityName(parts.name),
    relays: parts.relay ? addresses : [],
    matchmakers: parts.relay ? [] : addresses,
    witnesses,
    currencies: market
      .currencies()
      .filter((currency) => currency.kind === 'issued' && equalBytes(currency.issuer, network.self))
      .map(({ id }) => bytesToHex(market.currencyBlock(id).bytes)),
  };
  return { name: invitation.name, line: invitationLine(invitation), local };
}

/** The addresses that help others most, in the order in which the node has them. */
function toldAddresses(all: readonly string[]): {
  readonly addresses: readonly string[];
  readonly local: boolean;
} {
  for (const scopes of SCOPES) {
    const found = all.filter((address) =>
      (scopes as readonly string[]).includes(addressScope(address) ?? ''),
    );
    if (found.length > 0)
      return { addresses: found.slice(0, MAX_ADDRESSES), local: scopes[0] === 'loopback' };
  }
  return { addresses: [], local: true };
}

/** A network over libp2p; undefined for any other. */
function libp2pNetworkOf(network: Network): Libp2pNetwork | undefined {
  return 'stayConnected' in network ? (network as Libp2pNetwork) : undefined;
}

const ownId = (network: Libp2pNetwork): string => peerIdOfKey(network.self).toString();

function peersOf(network: Network): PeerView[] {
  const ways = new Map<string, WayView[]>(network.peers().map((key) => [publicKeyToHex(key), []]));
  for (const connection of libp2pNetworkOf(network)?.connections() ?? []) {
    const key = publicKeyToHex(connection.peer);
    const way: WayView = {
      address: connection.address,
      direction: connection.direction,
      relay: connection.relay === undefined ? null : publicKeyToHex(connection.relay),
      relayBytesLeft: connection.relayBytesLeft ?? null,
      latencyMs: connection.latencyMs ?? null,
      since: connection.since,
    };
    const known = ways.get(key);
    if (known === undefined) ways.set(key, [way]);
    else known.push(way);
  }
  return [...ways].map(([key, each]) => ({ key, ways: each }));
}
