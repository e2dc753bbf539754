import { type Environment, withDeadline } from '@edmp/interface';
import { tokenBuckets } from '@edmp/interface/bounded';
import type { IdentifyResult } from '@libp2p/interface';
import { hostOf } from './host.ts';
import type { EdmpLibp2p } from './node.ts';
import { isRelayed, relayedAddress } from './relayed-address.ts';

/** Addresses of one peer that are tried. */
const MAX_TRIED = 2;
/** Attempts for all peers: strangers choose whom they come through a relay to, and what addresses they tell. */
const RATE = { burst: 10, perSecond: 1 / 6 };
/** Attempts for one peer: one in ten minutes. */
const PEER_RATE = { burst: 1, perSecond: 1 / 600 };

/** What {@link directUpgrades} works with. */
export interface DirectUpgradesContext {
  readonly environment: Environment;
  readonly libp2p: EdmpLibp2p;
  /** Longest attempt, ms. */
  readonly dialTimeoutMs: number;
}

/**
 * Connects directly to whoever came through a relay and can be reached without: the first step of DCUtR (libp2p specs,
 * relay/DCUtR). Streams prefer the direct connection from then on; those of the relayed one end by themselves. DCUtR's
 * second step, both dialling at once, needs ports that are dialled from and listened on, which TCP in JavaScript has not.
 */
export function directUpgrades(context: DirectUpgradesContext): void {
  const { environment, libp2p, dialTimeoutMs } = context;
  const now = (): number => environment.now();
  const all = tokenBuckets(RATE, now);
  const each = tokenBuckets(PEER_RATE, now);

  libp2p.addEventListener('peer:identify', ({ detail }: CustomEvent<IdentifyResult>) => {
    const { connection, listenAddrs, peerId } = detail;
    if (connection.limits === undefined || connection.direction !== 'inbound') return;
    if (libp2p.getConnections(peerId).some(({ limits }) => limits === undefined)) return;
    const through = relayedAddress(connection.remoteAddr)?.relay;
    const isLocal = through !== undefined && hostOf(through)?.scope === 'loopback';
    const id = peerId.toString();
    const addresses = listenAddrs
      .filter((address) => {
        const scope = isRelayed(address) ? undefined : hostOf(address)?.scope;
        return scope === 'public' || (isLocal && scope === 'loopback');
      })
      .slice(0, MAX_TRIED)
      .map((address) => (address.toString().endsWith(id) ? address : address.encapsulate(`/p2p/${id}`)));
    if (addresses.length === 0 || !each.take(id) || !all.take('')) return;
    withDeadline(environment, dialTimeoutMs, `Dialling ${id}`, (signal) =>
      libp2p.dial(addresses, { signal }),
    ).catch(() => undefined);
  });
}
