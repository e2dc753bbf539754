/**
 * Hybrid public key encryption (RFC 9180), base mode with HKDF-SHA256 and ChaCha20-Poly1305, over X-Wing or X25519.
 *
 * @packageDocumentation
 */
export { type HpkeContext, type HpkeOptions, hpkeRecipient, hpkeSender } from './hpke.ts';
export { type HpkeKem, hpkeDeriveSecret, x25519Kem, xWingKem } from './kem.ts';
export type { HpkeCrypto } from './labeled.ts';
