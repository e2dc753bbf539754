import type { AbortOptions } from '@edmp/interface';
import { CODE_DNS, CODE_DNS4, CODE_DNS6, CODE_P2P, type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { type HostScope, hostOf, mayName } from './host.ts';
import { isRelayed, relayedAddress } from './relayed-address.ts';

/** Addresses of one name that are used. */
const MAX_PER_NAME = 2;
const NAMES: readonly number[] = [CODE_DNS, CODE_DNS4, CODE_DNS6];

/** Who told an address, and what of it this node may use. */
export interface Speaker {
  /** From where that peer is reached; undefined through a relay. */
  readonly scope: HostScope | undefined;
  /** Looks a name up; undefined for a peer that may not have this node ask others. */
  readonly resolveName: ((name: string, abort: AbortOptions) => Promise<readonly string[]>) | undefined;
  /** Whether this node is connected to a relay, so that going through it dials nobody. */
  isConnectedRelay(relayId: string): boolean;
}

/** Whether an address begins with a name instead of an IP address. */
export function isNamed(address: Multiaddr): boolean {
  const [first] = address.getComponents();
  return first !== undefined && NAMES.includes(first.code);
}

/**
 * The addresses, each ending in `id`, that a line of an answer stands for, as far as its speaker is to be believed; none
 * when it is not an address, not the wanted peer's, or leads where the speaker has no say.
 */
export async function toldAddresses(
  line: string,
  id: string,
  speaker: Speaker,
  abort: AbortOptions,
): Promise<readonly Multiaddr[]> {
  let address: Multiaddr;
  try {
    address = multiaddr(line);
  } catch {
    return []; // What a peer says wrongly is not used.
  }
  if (!isRelayed(address)) {
    const components = address.getComponents();
    const named = components.filter(({ code }) => code === CODE_P2P);
    if (named.length > 1 || named.some((name) => name !== components.at(-1) || name.value !== id)) return [];
    const hosts = await hostsOf(address, speaker, abort);
    return hosts.map((host) => (named.length === 0 ? host.encapsulate(`/p2p/${id}`) : host));
  }
  const through = relayedAddress(address);
  if (through === undefined || (through.targetId ?? id) !== id || through.relayId === id) return [];
  const hosts = speaker.isConnectedRelay(through.relayId)
    ? [through.relay]
    : await hostsOf(through.relay, speaker, abort);
  return hosts.map((host) => host.encapsulate(`/p2p/${through.relayId}/p2p-circuit/p2p/${id}`));
}

/** An address with the name in it replaced by what it stands for. None when the speaker has no say about the host. */
async function hostsOf(
  address: Multiaddr,
  speaker: Speaker,
  abort: AbortOptions,
): Promise<readonly Multiaddr[]> {
  const isAllowed = (each: Multiaddr): boolean => {
    const host = hostOf(each);
    return host !== undefined && mayName(speaker.scope, host.scope);
  };
  if (!isNamed(address)) return isAllowed(address) ? [address] : [];
  const [name, ...rest] = address.getComponents();
  if (speaker.resolveName === undefined || name?.value === undefined) return [];
  const found = await speaker.resolveName(name.value, abort).catch(() => []);
  const hosts = found.flatMap((ip) => {
    const isSix = ip.includes(':');
    if (name.code === (isSix ? CODE_DNS4 : CODE_DNS6)) return [];
    const tail = rest.length === 0 ? '' : multiaddr([...rest]).toString();
    try {
      return [multiaddr(`/${isSix ? 'ip6' : 'ip4'}/${ip}${tail}`)];
    } catch {
      return [];
    }
  });
  // A name of several hosts is as good as its worst.
  if (!hosts.every(isAllowed)) return [];
  // A certificate is for the name.
  const isTls = rest.some(({ name: protocol }) => protocol === 'tls' || protocol === 'wss');
  return isTls && hosts.length > 0 ? [address] : hosts.slice(0, MAX_PER_NAME);
}
