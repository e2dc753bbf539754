import type { GossipSub } from '@libp2p/gossipsub';

/** Messages of one RPC, bytes; one more message may follow. Answers to IWANT would have no bound otherwise. */
export const MAX_RPC_BYTES: number = 1024 * 1024;
/** Bytes queued for a peer that does not read, above which it is sent no more messages. */
export const MAX_QUEUED_BYTES: number = 2 * 1024 * 1024;
/** Bytes queued for all peers, above which those with more than {@link FAIR_QUEUED_BYTES} are sent no more messages. */
const MAX_QUEUED_TOTAL_BYTES = 64 * 1024 * 1024;
const FAIR_QUEUED_BYTES = 128 * 1024;

/** What {@link boundSending} uses of an RPC. */
interface Rpc {
  readonly subscriptions: readonly unknown[];
  readonly messages: readonly { readonly data?: Uint8Array }[];
  readonly control?: unknown;
}

/** Insides of gossipsub that {@link boundSending} steps between. */
interface RpcSender {
  sendRpc(peer: string, rpc: Rpc): boolean;
  readonly streamsOutbound: ReadonlyMap<
    string,
    { readonly rawStream?: { readonly writeBufferLength?: number } }
  >;
}

/**
 * Bounds what is sent to a peer: RPCs are cut to {@link MAX_RPC_BYTES}, and a peer that does not read misses messages.
 * By default gossipsub makes an RPC of whatever was asked for, which the asker may refuse as too long, and resets the
 * stream of a slow reader, which ends gossip between the two until they connect again.
 */
export function boundSending(pubsub: GossipSub): void {
  const sender = pubsub as unknown as RpcSender;
  const send = sender.sendRpc.bind(pubsub);
  const queued = (peer: string): number =>
    sender.streamsOutbound.get(peer)?.rawStream?.writeBufferLength ?? 0;
  const isFull = (peer: string): boolean => {
    const mine = queued(peer);
    if (mine <= FAIR_QUEUED_BYTES) return false;
    if (mine > MAX_QUEUED_BYTES) return true;
    let total = 0;
    for (const other of sender.streamsOutbound.keys()) total += queued(other);
    return total > MAX_QUEUED_TOTAL_BYTES;
  };
  sender.sendRpc = (peer, rpc) => {
    let sent = true;
    // What is no message goes with the first part, also when no message does.
    let head = { ...rpc };
    for (const messages of cut(rpc.messages)) {
      const full = messages.length > 0 && isFull(peer);
      if (full) sent = false;
      const part = { ...head, messages: full ? [] : messages };
      if (part.messages.length > 0 || part.control !== undefined || part.subscriptions.length > 0) {
        sent = send(peer, part) && sent;
      }
      head = { subscriptions: [], messages: [] };
    }
    return sent;
  };
}

/** Messages in groups of at most {@link MAX_RPC_BYTES} and one message more; at least one group. */
function cut(messages: Rpc['messages']): Rpc['messages'][] {
  const groups: Rpc['messages'][] = [];
  let group: { readonly data?: Uint8Array }[] = [];
  let bytes = 0;
  for (const message of messages) {
    group.push(message);
    bytes += message.data?.length ?? 0;
    if (bytes < MAX_RPC_BYTES) continue;
    groups.push(group);
    group = [];
    bytes = 0;
  }
  if (group.length > 0 || groups.length === 0) groups.push(group);
  return groups;
}
