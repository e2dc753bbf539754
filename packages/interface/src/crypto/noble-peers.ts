import { CryptoError } from './errors.ts';

/** Versions of the optional peers `@noble/*` that the providers work with; package.json says the same. */
export const NOBLE_RANGES = {
  '@noble/ciphers': '^2.4.0',
  '@noble/curves': '^2.4.0',
  '@noble/hashes': '^2.4.0',
  '@noble/post-quantum': '^0.7.1',
} as const;

/** Optional peers in JavaScript, each with what it is for. */
export type NoblePeer = keyof typeof NOBLE_RANGES;

/** All of them: what the portable provider needs. */
export const NOBLE_PEERS: readonly NoblePeer[] = [
  '@noble/ciphers',
  '@noble/curves',
  '@noble/hashes',
  '@noble/post-quantum',
];

const ranged = (peer: NoblePeer): string => `${peer}@${NOBLE_RANGES[peer]}`;

/** `ERR_CRYPTO_PROVIDER` that says who needs which packages, and how to install them. */
export function missingNoble(who: string, peers: readonly NoblePeer[], cause: unknown): CryptoError {
  const install = peers.map((peer) => `"${ranged(peer)}"`).join(' ');
  const names =
    peers.length === 1 ? `the optional package ${peers[0]}` : `the optional packages ${peers.join(', ')}`;
  return new CryptoError('ERR_CRYPTO_PROVIDER', `${who} needs ${names}: npm install ${install}`, {
    cause,
    details: { peers: peers.map(ranged) },
  });
}

/** Whether a runtime says by this error that it could not find one of the peers, and not that one is broken. */
export function isMissingNoble(error: unknown): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  // `import` and `require` have a code each.
  const missing = typeof code === 'string' && code.endsWith('MODULE_NOT_FOUND');
  return missing && typeof message === 'string' && message.includes('@noble/');
}
