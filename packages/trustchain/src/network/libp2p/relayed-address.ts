import { CODE_P2P, CODE_P2P_CIRCUIT, type Multiaddr, multiaddr } from '@multiformats/multiaddr';

/** An address that leads through a relay (libp2p specs, relay/circuit-v2), taken apart. */
export interface RelayedAddress {
  /** Where the relay itself is, without its peer id. */
  readonly relay: Multiaddr;
  readonly relayId: string;
  /** Peer id of whoever is reached, when the address says it. */
  readonly targetId: string | undefined;
}

/** Whether an address leads through a relay. */
export function isRelayed(address: Multiaddr): boolean {
  return address.getComponents().some(({ code }) => code === CODE_P2P_CIRCUIT);
}

/** Takes `<relay>/p2p/<id>/p2p-circuit[/p2p/<id>]` apart; undefined for any other address, through two relays among them. */
export function relayedAddress(address: Multiaddr): RelayedAddress | undefined {
  const components = address.getComponents();
  const at = components.findIndex(({ code }) => code === CODE_P2P_CIRCUIT);
  const [relay, ...rest] = [components[at - 1], ...components.slice(at + 1)];
  if (at < 2 || relay?.code !== CODE_P2P || relay.value === undefined || rest.length > 1) return undefined;
  const before = components.slice(0, at - 1);
  if (before.some(({ code }) => code === CODE_P2P)) return undefined;
  const [target] = rest;
  if (target !== undefined && target.code !== CODE_P2P) return undefined;
  return { relay: multiaddr(before), relayId: relay.value, targetId: target?.value };
}
