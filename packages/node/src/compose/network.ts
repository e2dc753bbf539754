import { lookup } from 'node:dns/promises';
import type { AbortOptions, Environment } from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { type Libp2pNetwork, libp2pNetwork, relayServer } from '@edmp/trustchain/libp2p';
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { tcp } from '@libp2p/tcp';
import { webSockets } from '@libp2p/websockets';

/** Longest wait for the addresses of a name, ms. */
const NAME_TIMEOUT_MS = 3_000;

/** How a node is reached by peers, and reaches them. */
export interface NodeNetworkOptions {
  readonly secretKey: Uint8Array;
  readonly environment: Environment;
  /** Multiaddrs to listen on: TCP, and WebSockets (`…/ws`). */
  readonly listen: readonly string[];
  /** Multiaddrs to tell others instead of those listened on. */
  readonly announce: readonly string[];
  /** Multiaddrs of peers to stay connected to. */
  readonly connect: readonly string[];
  /** Multiaddrs of relays to be reached through. */
  readonly relays: readonly string[];
  /** Relay for others. */
  readonly relay: boolean;
}

/** The network of a node, not started: TCP, WebSockets, ways through relays, and the relay's role when it has it. */
export function nodeNetwork(options: NodeNetworkOptions): Libp2pNetwork {
  const { environment } = options;
  return libp2pNetwork({
    secretKey: options.secretKey,
    crypto: nodeCrypto(),
    environment,
    transports: [tcp(), webSockets(), circuitRelayTransport()],
    listen: options.listen,
    announce: options.announce,
    keepConnected: options.connect,
    relays: options.relays,
    resolveName,
    ...(options.relay ? { services: { relay: relayServer({ environment }) } } : {}),
  });
}

/** What the system knows of a name, after at most {@link NAME_TIMEOUT_MS}: its lookup cannot be called off. */
async function resolveName(name: string, { signal }: AbortOptions): Promise<readonly string[]> {
  const late = AbortSignal.timeout(NAME_TIMEOUT_MS);
  const ended = signal === undefined ? late : AbortSignal.any([signal, late]);
  const found = lookup(name, { all: true }).then((all) => all.map(({ address }) => address));
  return Promise.race([
    found,
    new Promise<never>((_, reject) =>
      ended.addEventListener('abort', () => reject(ended.reason), { once: true }),
    ),
  ]);
}
