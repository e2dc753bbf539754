import { CryptoError } from './errors.ts';

/** Versions of the optional peers `@noble/*` that the providers work with; package.json says the same. */
export const NOBLE_RANGE = '^2.4.0';

/** Optional peers in JavaScript, each with what it is for. */
export type NoblePeer = '@noble/ciphers' | '@noble/curves' | '@noble/hashes';

/** All of them: what the portable provider needs. */
export const NOBLE_PEERS: readonly NoblePeer[] = ['@noble/ciphers', '@noble/curves', '@noble/hashes'];

/** `ERR_CRYPTO_PROVIDER` that says who needs which packages, and how to install them. */
export function missingNoble(who: string, peers: readonly NoblePeer[], cause: unknown): CryptoError {
  const install = peers.map((peer) => `"${peer}@${NOBLE_RANGE}"`).join(' ');
  const names =
    peers.length === 1 ? `the optional package ${peers[0]}` : `the optional packages ${peers.join(', ')}`;
  return new CryptoError('ERR_CRYPTO_PROVIDER', `${who} needs ${names}: npm install ${install}`, {
    cause,
    details: { peers: peers.map((peer) => `${peer}@${NOBLE_RANGE}`) },
  });
}

/** Whether a runtime says by this error that it could not find one of the peers, and not that one is broken. */
export function isMissingNoble(error: unknown): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  // `import` and `require` have a code each.
  const missing = typeof code === 'string' && code.endsWith('MODULE_NOT_FOUND');
  return missing && typeof message === 'string' && message.includes('@noble/');
}
