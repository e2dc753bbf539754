import { bytesToHex } from '@edmp/interface';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { isRelayed } from './relayed-address.ts';

/** Codes of the address families (multiformats, multicodec table). */
const IP4 = 4;
const IP6 = 41;

/**
 * From where a host can be reached: from itself, from its own network (private, link-local, shared and
 * translated ranges), or from anywhere (IANA special-purpose address registries, RFC 6890).
 */
export type HostScope = 'loopback' | 'private' | 'public';

/** The machine that an address names. */
export interface Host {
  readonly scope: HostScope;
  /** What one machine can vary least: its IPv4 address, or the /64 network of its IPv6 address. */
  readonly group: string;
}

/**
 * The host of a multiaddr that begins with an IP address; undefined for names, multicast and reserved ranges, and for
 * what lies behind a relay, whose own host says nothing of it.
 */
export function hostOf(address: Multiaddr): Host | undefined {
  if (isRelayed(address)) return undefined;
  const components = multiaddr(address.bytes).getComponents();
  const ip = components.find(({ code }) => code === IP4 || code === IP6);
  // A zone may stand before the address, nothing else.
  if (ip?.bytes === undefined || components.indexOf(ip) > (components[0]?.name === 'ip6zone' ? 1 : 0)) {
    return undefined;
  }
  return ip.code === IP4 ? hostOfIp4(ip.bytes.subarray(1)) : hostOfIp6(ip.bytes.subarray(1));
}

function hostOfIp4(bytes: Uint8Array): Host | undefined {
  const [a = 0, b = 0, c = 0] = bytes;
  if (a >= 224) return undefined;
  const group = bytes.join('.');
  // 0.0.0.0/8 means "this host": systems connect it to loopback.
  if (a === 127 || a === 0) return { scope: 'loopback', group };
  const isPrivate =
    a === 10 ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 169 && b === 254) ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 198 && (b === 18 || b === 19)) ||
    (a === 192 && b === 0 && c === 0);
  return { scope: isPrivate ? 'private' : 'public', group };
}

function hostOfIp6(bytes: Uint8Array): Host | undefined {
  const startsWith = (...prefix: readonly number[]): boolean =>
    prefix.every((byte, index) => bytes[index] === byte);
  const [first = 0, second = 0] = bytes;
  const zeros = bytes.findIndex((byte) => byte !== 0);
  const group = `${bytesToHex(bytes.subarray(0, 8))}/64`;
  if (zeros === -1 || (zeros === 15 && bytes[15] === 1)) return { scope: 'loopback', group: '::1' };
  // Addresses that contain an IPv4 address lead to that host: mapped, compatible, NAT64 (RFC 6052), 6to4 (RFC 3056).
  if (zeros >= 12 || (zeros === 10 && startsWith(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255))) {
    return hostOfIp4(bytes.subarray(12));
  }
  if (startsWith(0, 0x64, 0xff, 0x9b)) return hostOfIp4(bytes.subarray(12));
  if (startsWith(0x20, 0x02)) return hostOfIp4(bytes.subarray(2, 6));
  if (first === 0xff) return undefined;
  // Unique local fc00::/7, link-local fe80::/10, the former site-local fec0::/10.
  const isPrivate = (first & 0xfe) === 0xfc || (first === 0xfe && second >= 0x80);
  return { scope: isPrivate ? 'private' : 'public', group };
}

/**
 * Whether a peer that is itself reached at `speaker` may be believed about an address of scope `claimed`. Loopback and
 * private addresses mean something only to those who share the machine or the network; from anybody else they would
 * have this node dial its own machine and its neighbours.
 */
export function mayName(speaker: HostScope | undefined, claimed: HostScope): boolean {
  if (claimed === 'public') return true;
  return speaker === 'loopback' || (speaker === 'private' && claimed === 'private');
}

/**
 * From where the host of a multiaddr can be reached, `name` when it is one to be looked up; undefined for an address
 * through a relay, and for what is no address of a host.
 *
 * @param address - A multiaddr.
 */
export function addressScope(address: string): HostScope | 'name' | undefined {
  let parsed: Multiaddr;
  try {
    parsed = multiaddr(address);
  } catch {
    return undefined;
  }
  if (isRelayed(parsed)) return undefined;
  return /^dns[46]?$/.test(parsed.getComponents()[0]?.name ?? '') ? 'name' : hostOf(parsed)?.scope;
}
