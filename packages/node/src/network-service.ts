import type { AbortOptions } from '@edmp/interface';

/** One way in which a peer is connected. */
export interface WayView {
  /** Multiaddr of the peer's end. */
  readonly address: string;
  /** Which side opened it. */
  readonly direction: 'inbound' | 'outbound';
  /** Key, hex, of the relay that it leads through; null when it is direct. */
  readonly relay: string | null;
  /** What the relay still lets through, bytes; null when it is direct or the relay has no such limit. */
  readonly relayBytesLeft: number | null;
  /** Last measured time of a round trip, ms; null in the first seconds. */
  readonly latencyMs: number | null;
  /** When it was opened, ms since the epoch. */
  readonly since: number;
}

/** A connected peer. */
export interface PeerView {
  /** Public key, hex. */
  readonly key: string;
  readonly ways: readonly WayView[];
}

/** A community that this node is in. */
export interface CommunityView {
  readonly name: string;
  /** The line by which others join it. */
  readonly line: string;
  readonly relays: readonly string[];
  readonly matchmakers: readonly string[];
  /** Statement keys, hex, of its witnesses. */
  readonly witnesses: readonly string[];
  /** Whether its witnesses are trusted only from the next start on. */
  readonly pending: boolean;
}

/** The line by which others join. */
export interface InvitationView {
  readonly name: string;
  readonly line: string;
  /** Whether only this machine can use it: the node listens nowhere else. */
  readonly local: boolean;
}

/** What a node does about peers and communities. */
export interface Networking {
  /** Who is connected, and how. */
  peers(options?: AbortOptions): Promise<readonly PeerView[]>;
  /** The communities that this node is in. */
  communities(options?: AbortOptions): Promise<readonly CommunityView[]>;
  /**
   * Joins a community by its line: connects to its relays and matchmakers, now and after every start, and knows its
   * currencies; its witnesses are trusted from the next start on. Throws `ERR_NODE_CONFIG` for what is no such line.
   */
  joinCommunity(line: string, options?: AbortOptions): Promise<CommunityView>;
  /** Leaves a community, from the next start on. Throws `ERR_NODE_NOT_FOUND`. */
  leaveCommunity(name: string, options?: AbortOptions): Promise<void>;
  /** The line by which others join this node's community. Throws `ERR_NODE_CONFLICT` for a node that has no role in one. */
  invitation(options?: AbortOptions): Promise<InvitationView>;
}
