import { NetworkError } from '../errors.ts';

/** Optional peers of this package that the network over libp2p is made of; package.json says the same. */
export const LIBP2P_PEERS: Readonly<Record<string, string>> = {
  '@libp2p/circuit-relay-v2': '^4.2.13',
  '@libp2p/crypto': '^5.1.23',
  '@libp2p/gossipsub': '^17.1.1',
  '@libp2p/identify': '^4.1.14',
  '@libp2p/interface': '^3.3.0',
  '@libp2p/noise': '^17.0.3',
  '@libp2p/peer-id': '^6.0.15',
  '@libp2p/tcp': '^11.0.28',
  '@libp2p/yamux': '^8.0.3',
  '@multiformats/multiaddr': '^13.0.3',
  libp2p: '^3.3.11',
};

/** `ERR_NETWORK_PROVIDER` that says which packages are needed, and how to install them. */
export function missingLibp2p(cause: unknown): NetworkError {
  const packages = Object.entries(LIBP2P_PEERS).map(([name, range]) => `${name}@${range}`);
  const install = packages.map((each) => `"${each}"`).join(' ');
  return new NetworkError(
    'ERR_NETWORK_PROVIDER',
    `@edmp/trustchain/libp2p needs optional packages, of which at least one is not installed: npm install ${install}`,
    { cause, details: { peers: packages } },
  );
}

/** Whether a runtime says by this error that it could not find one of the peers, and not that one of them is broken. */
export function isMissingLibp2p(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { readonly code?: unknown };
  if (typeof code !== 'string' || !code.endsWith('MODULE_NOT_FOUND')) return false;
  // The package that is not there stands first; a path to the one that asked for it may follow.
  const [, name] = /['"]([^'"]+)['"]/.exec(error.message) ?? [];
  return Object.keys(LIBP2P_PEERS).some((peer) => name === peer || name?.startsWith(`${peer}/`) === true);
}
