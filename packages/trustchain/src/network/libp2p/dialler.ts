import {
  type AbortOptions,
  type Environment,
  isEdmpError,
  type PublicKey,
  sleep,
  withDeadline,
} from '@edmp/interface';
import type { Connection, PeerId } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { OpenWork } from '../open-work.ts';
import { networkErrorOf } from './errors.ts';
import type { EdmpLibp2p } from './node.ts';
import type { PeerLookup, ToldAddress } from './peer-lookup.ts';
import { isRelayed } from './relayed-address.ts';

/** Aborted dials of others that a dial may find itself joined to, and the wait before it tries again, ms. */
const MAX_JOINED = 20;
const JOINED_WAIT_MS = 10;

/** Part of a dial's time that addresses without a relay get where there are relayed ones, too: behind routers they lead nowhere. */
const DIRECT_SHARE = 0.3;

type Target = Multiaddr | readonly Multiaddr[] | PeerId;

/** What {@link dialler} works with. */
export interface DiallerContext {
  readonly environment: Environment;
  /** Longest dial, ms. */
  readonly dialTimeoutMs: number;
  readonly work: OpenWork;
  readonly lookup: Pick<PeerLookup, 'disprove'>;
  /** The libp2p node. Throws `ERR_NETWORK_STOPPED` when there is none. */
  running(): EdmpLibp2p;
  /** Called with each connection that a dial found or made. */
  dialled(libp2p: EdmpLibp2p, connection: Connection): void;
}

/** Makes connections. Throws `ERR_NETWORK_UNREACHABLE`, `ERR_TIMEOUT`, `ERR_ABORTED`, `ERR_NETWORK_STOPPED`. */
export interface Dialler {
  /** Dials one address, some addresses of a peer, or whatever libp2p knows of it. `what` names the dial in errors. */
  dial(target: Target, what: string, abort: AbortOptions, timeoutMs?: number): Promise<Connection>;
  /** Dials what libp2p knows of a peer, and leaves time for relayed addresses when the others hang. */
  dialKnown(peer: PeerId, what: string, abort: AbortOptions): Promise<Connection>;
  /** Dials what others told of a peer, each address within its share of the time: one that hangs delays, no more. */
  dialTold(
    peer: PublicKey,
    told: readonly ToldAddress[],
    what: string,
    signal: AbortSignal,
  ): Promise<Connection>;
}

/** A {@link Dialler}. */
export function dialler(context: DiallerContext): Dialler {
  const { environment, dialTimeoutMs, work, lookup } = context;

  const attempt = async (libp2p: EdmpLibp2p, target: Target, signal: AbortSignal): Promise<Connection> => {
    for (let joined = 0; ; joined++) {
      try {
        return await libp2p.dial(target as Multiaddr | Multiaddr[] | PeerId, { signal });
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        // libp2p joins dials of one peer, also to one that was given up just now and is not over yet.
        if (!(error instanceof Error && error.name === 'AbortError') || joined === MAX_JOINED) throw error;
        await sleep(environment, JOINED_WAIT_MS, { signal });
      }
    }
  };

  const dial: Dialler['dial'] = async (target, what, abort, timeoutMs = dialTimeoutMs) => {
    const libp2p = context.running();
    let end: (() => void) | undefined;
    try {
      const connection = await new Promise<Connection>((resolve, reject) => {
        end = work.add(reject);
        withDeadline(environment, timeoutMs, what, (signal) => attempt(libp2p, target, signal), abort).then(
          resolve,
          reject,
        );
      });
      context.dialled(libp2p, connection);
      return connection;
    } catch (error) {
      throw networkErrorOf(what, error);
    } finally {
      end?.();
    }
  };

  return {
    dial,
    async dialKnown(peer, what, abort) {
      const known = await context
        .running()
        .peerStore.get(peer)
        .catch(() => undefined);
      const id = `/p2p/${peer.toString()}`;
      const all = (known?.addresses ?? []).map(({ multiaddr }) =>
        multiaddr.toString().endsWith(id) ? multiaddr : multiaddr.encapsulate(id),
      );
      const relayed = all.filter(isRelayed);
      const direct = all.filter((address) => !isRelayed(address));
      if (relayed.length === 0 || direct.length === 0) return dial(peer, what, abort);
      try {
        return await dial(direct, what, abort, Math.ceil(dialTimeoutMs * DIRECT_SHARE));
      } catch (error) {
        if (!leadsNowhere(error)) throw error;
      }
      return dial(relayed, what, abort, Math.ceil(dialTimeoutMs * (1 - DIRECT_SHARE)));
    },
    async dialTold(peer, told, what, signal) {
      let failure: unknown;
      for (const one of told) {
        try {
          return await dial(one.address, what, { signal }, Math.ceil(dialTimeoutMs / told.length));
        } catch (error) {
          if (!leadsNowhere(error)) throw error;
          lookup.disprove(peer, one);
          failure = error;
        }
      }
      throw networkErrorOf(what, failure);
    },
  };
}

/** Whether an error says that nobody is there, and another address may do. */
export function leadsNowhere(error: unknown): boolean {
  return isEdmpError(error, 'ERR_NETWORK_UNREACHABLE') || isEdmpError(error, 'ERR_TIMEOUT');
}
