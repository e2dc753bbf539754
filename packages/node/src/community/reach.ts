import { BlockList } from 'node:net';

/** From where a community's address can be reached: on this machine, in its inner network, or from anywhere. */
export type Reach = 'machine' | 'network' | 'anywhere';

/** An ed25519 key as a peer id: others are no peers here. */
const ID = '12D3KooW[1-9A-HJ-NP-Za-km-z]{44}';
const HOST = /^\/(ip4|ip6|dns[46]?)\/([^/]+)\//;
const SOCKET = String.raw`\/(?:ip4|ip6|dns[46]?)\/[^/]+\/tcp\/\d{1,5}(?:\/tls)?(?:\/wss?)?`;
/** TCP and WebSockets, which is what nodes dial, with the peer's id. */
export const RELAY_ADDRESS: RegExp = new RegExp(`^${SOCKET}/p2p/${ID}$`);
/** The same with or without an id, or through a relay. */
export const PEER_ADDRESS: RegExp = new RegExp(`^${SOCKET}(?:/p2p/${ID}(?:/p2p-circuit(?:/p2p/${ID})?)?)?$`);

const blocks = (entries: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[]): BlockList => {
  const list = new BlockList();
  for (const [net, prefix, family] of entries) list.addSubnet(net, prefix, family);
  return list;
};
/** This host and what stands for it (IANA special-purpose address registries, RFC 6890). */
const MACHINE = blocks([
  ['0.0.0.0', 8, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['::', 127, 'ipv6'],
]);
/** Private, link-local, shared and unique local. */
const NETWORK = blocks([
  ['10.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 9, 'ipv6'],
]);

/** IPv4 within IPv6 may be any of these. A list of its own: Node finds plain IPv4 in it as well. */
const WITHIN = blocks([
  ['::ffff:0:0', 96, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
]);

/** From where the host of an address can be reached; of a name all that is known is that `localhost` is here. */
export function reachOf(address: string): Reach {
  const [, kind = '', host = ''] = HOST.exec(address) ?? [];
  if (kind.startsWith('dns')) return /^localhost\.?$/i.test(host) ? 'machine' : 'anywhere';
  const family = kind === 'ip4' ? 'ipv4' : 'ipv6';
  if (MACHINE.check(host, family)) return 'machine';
  if (NETWORK.check(host, family)) return 'network';
  return family === 'ipv6' && WITHIN.check(host, family) ? 'network' : 'anywhere';
}

/** From where a community can be reached: as the node of one tells its addresses, they are all of a kind. */
export function commonReach(addresses: readonly string[]): Reach | undefined {
  const [first, ...others] = new Set(addresses.map(reachOf));
  return others.length === 0 ? first : undefined;
}
