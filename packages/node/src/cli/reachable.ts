import { addressScope } from '@edmp/trustchain/libp2p';
import type { PeerView } from '../network-service.ts';

/**
 * From where others have opened a connection to a node, the widest first: the internet, the inner network, this machine,
 * through a relay that it waits behind; `unseen` when it tells addresses that nobody has used so far, `nowhere` when
 * it tells none.
 */
export type Reach = 'public' | 'private' | 'loopback' | 'relay' | 'unseen' | 'nowhere';

const SCOPES = ['public', 'private', 'loopback'] as const;

/** What a node's connections and addresses show of who can reach it: nothing is asked of anybody. */
export function reachOf(peers: readonly Pick<PeerView, 'ways'>[], addresses: readonly string[]): Reach {
  const scopes = peers
    .flatMap(({ ways }) => ways)
    .filter(({ direction, relay }) => direction === 'inbound' && relay === null)
    .map(({ address }) => addressScope(address));
  const widest = SCOPES.find((scope) => scopes.includes(scope));
  if (widest === 'public') return widest;
  // Behind a relay everybody reaches it; neighbours on the same network show nothing of the others.
  if (addresses.some((address) => address.includes('/p2p-circuit'))) return 'relay';
  if (widest !== undefined) return widest;
  return addresses.length === 0 ? 'nowhere' : 'unseen';
}

/** {@link Reach} in words, with what to do where others may not reach the node. */
export const REACH_TEXT: Readonly<Record<Reach, string>> = {
  public: 'Peers on the internet have connected to this node directly.',
  private:
    'Only peers of the inner network have connected to this node: others may need a relay (join a community, or start with --via).',
  loopback:
    'Only peers on this machine have connected to this node: others may need --listen, or a relay (join a community).',
  relay: 'Others reach this node through its relay.',
  unseen:
    'Nobody has connected to this node so far: it may need an open port, or a relay (join a community, or start with --via).',
  nowhere:
    'Nobody can connect to this node: it listens nowhere and has no relay (start with --listen, or join a community).',
};
