import { type Finding, ok } from './finding.ts';

/** Says which library verifies signatures, and how to get the faster one. */
export async function checkSignatures(): Promise<readonly Finding[]> {
  const { fastestNodeCrypto } = await import('@edmp/interface/crypto/sodium');
  const { name } = await fastestNodeCrypto();
  return [
    ok(
      'signatures',
      name === 'sodium'
        ? 'verified by libsodium (sodium-native)'
        : 'verified by node:crypto; installing sodium-native verifies about twice as many a second',
    ),
  ];
}
