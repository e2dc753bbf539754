import { type Crypto, concatBytes, type TopicVerdict, utf8ToBytes } from '@edmp/interface';
import {
  type GossipSub,
  type GossipsubOpts,
  type Message,
  StrictNoSign,
  TopicValidatorResult,
} from '@libp2p/gossipsub';
import type { PeerId } from '@libp2p/interface';
import type { PeerPenalties } from '../peer-penalties.ts';
import type { TopicTable } from '../topic-table.ts';
import { MAX_QUEUED_BYTES, MAX_RPC_BYTES } from './gossip-sending.ts';
import { keyOfPeerId } from './peer-identity.ts';

export type { GossipSub } from '@libp2p/gossipsub';

/** What {@link gossipSubOptions} needs. */
export interface GossipSubOptions {
  readonly crypto: Pick<Crypto, 'sha256'>;
  readonly penalties: PeerPenalties;
  /** Peers of one host that are nothing unusual. */
  readonly peersPerHost: number;
  /** Whether an IP address is that of a relay: whoever comes through it seems to be there. */
  readonly isRelayHost: (ip: string) => boolean;
  /** Largest topic message, bytes. */
  readonly maxMessageBytes: number;
}

/** Room for subscriptions and control messages in an RPC, bytes: gossipsub names at most 5 000 messages in one. */
const MAX_CONTROL_BYTES = 512 * 1024;
/** Streams of one gossipsub version that a connection may have open each way; one is in use, one may be ending. */
const MAX_GOSSIP_STREAMS = 2;
/**
 * Peers that may have messages pushed to them, if they ask for it; a node itself asks six. A community is a star, whose
 * leaves can ask nobody but its hub: with the default of 12, 35 of 100 leaves did not know a head after ten seconds.
 * Well connected nodes are asked by six or so, so that what they send does not grow with their connections.
 */
const MAX_MESH = 1_024;
const VERDICTS: Readonly<Record<TopicVerdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
};

/**
 * Settings of gossipsub (libp2p specs, pubsub/gossipsub v1.2). Messages are not signed by their publisher: what they
 * carry is signed already, and a validator judges it at every hop. A message is its topic and content, so that
 * publishing the same bytes again within two minutes spreads nothing.
 */
export function gossipSubOptions(options: GossipSubOptions): Partial<GossipsubOpts> {
  const { crypto, penalties, peersPerHost, maxMessageBytes } = options;
  return {
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: (message: Message) =>
      crypto.sha256(concatBytes(utf8ToBytes(`${message.topic}\n`), message.data)),
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    // Floodsub peers are sent what no validator has seen, for topics that this node does not follow.
    fallbackToFloodsub: false,
    emitSelf: false,
    // Two that meet only through a relay may have nobody else to hear from.
    runOnLimitedConnection: true,
    Dhi: MAX_MESH,
    doPX: false,
    // One RPC (see MAX_RPC_BYTES) of each stream may be held half read.
    maxInboundDataLength: MAX_RPC_BYTES + maxMessageBytes + MAX_CONTROL_BYTES,
    maxInboundStreams: MAX_GOSSIP_STREAMS,
    maxOutboundStreams: MAX_GOSSIP_STREAMS,
    // Reached by control messages alone: a stream that exceeds it is reset, and comes back only with its connection.
    maxOutboundBufferSize: MAX_QUEUED_BYTES + MAX_RPC_BYTES + maxMessageBytes + 4 * MAX_CONTROL_BYTES,
    scoreParams: {
      appSpecificWeight: 1,
      appSpecificScore: (peer: string) => -penalties.points(peer),
      // Connections of a host are bounded already; up to that bound they are worth as much as others.
      IPColocationFactorThreshold: peersPerHost,
      // Nodes of one household or test share an address; scores must not punish that on loopback.
      IPColocationFactorWhitelist: new ExemptHosts(options.isRelayHost),
    },
  };
}

/** Hosts that any number of peers may share, as gossipsub asks for them. */
class ExemptHosts extends Set<string> {
  readonly #isRelayHost: (ip: string) => boolean;

  constructor(isRelayHost: (ip: string) => boolean) {
    super(['127.0.0.1', '::1']);
    this.#isRelayHost = isRelayHost;
  }

  override has(ip: string): boolean {
    return super.has(ip) || this.#isRelayHost(ip);
  }
}

/** Joins a topic: its messages are judged by `table` before gossipsub relays them. */
export function joinTopic(pubsub: GossipSub, topic: string, table: TopicTable): void {
  pubsub.topicValidators.set(topic, async (peer: PeerId, message: Message) => {
    // Copied: gossipsub keeps the bytes for peers that ask for them later.
    const body = message.data.slice();
    return VERDICTS[await table.judge(topic, body, keyOfPeerId(peer), peer.toString())];
  });
  pubsub.subscribe(topic);
}

/** Leaves a topic. */
export function leaveTopic(pubsub: GossipSub, topic: string): void {
  pubsub.unsubscribe(topic);
  pubsub.topicValidators.delete(topic);
}

/**
 * Has messages on topics without a validator ignored. By default gossipsub takes them for valid, keeps them for some
 * seconds and hands them to whoever asks, so that any node would pass on what it never judged.
 */
export function ignoreUnknownTopics(pubsub: GossipSub): void {
  const validators = pubsub.topicValidators;
  const lookUp = validators.get.bind(validators);
  validators.get = (topic) => lookUp(topic) ?? (() => TopicValidatorResult.Ignore);
}
