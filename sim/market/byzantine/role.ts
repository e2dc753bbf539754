import type { KeyValueStore, Network, SeededRandom } from '../../../packages/interface/src/index.ts';
import type { Cast, Member, Party } from '../members.ts';
import type { Universe } from '../universe.ts';

/** What a liar knows and can do. */
export interface LiarContext {
  readonly cast: Cast;
  readonly member: Member;
  readonly universe: Universe;
  readonly random: SeededRandom;
  /** Counts one lie, by the role's name. */
  readonly lie: () => void;
}

/** A way not to keep to the protocol: plugged into a node that otherwise runs the ordinary software. */
export interface ByzantineRole {
  readonly name: string;
  readonly parties: readonly Party[];
  /** Lies about statements: at most f of the notaries or witnesses may have such a role. */
  readonly decides?: boolean;
  /** Called once, before the node starts. */
  install?(context: LiarContext): void;
  /** Stands between the node and the network. */
  wrapNetwork?(network: Network, context: LiarContext): Network;
  /** Stands between its notary and the store that its statements rest on. */
  wrapStatements?(store: KeyValueStore, context: LiarContext): KeyValueStore;
  /** Stands between its market and its records. */
  wrapRecords?(store: KeyValueStore, context: LiarContext): KeyValueStore;
}

/** A network of which `serve` may answer requests of one protocol instead of the node: undefined = let it. */
export function answering(
  network: Network,
  protocol: string,
  serve: (body: Uint8Array, honest: () => Promise<Uint8Array>) => Promise<Uint8Array>,
): Network {
  const handle: Network['handle'] = (name, handler, options) => {
    if (name !== protocol) return network.handle(name, handler, options);
    return network.handle(
      name,
      (request) => serve(request.body, async () => handler(request) as Promise<Uint8Array>),
      options,
    );
  };
  return new Proxy(network, {
    get: (target, name) => (name === 'handle' ? handle : (Reflect.get(target, name) as unknown)),
  });
}
