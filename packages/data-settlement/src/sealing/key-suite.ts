import { type HpkeKem, x25519Kem, xWingKem } from '@edmp/interface/hpke';
import { SettlementError } from '../errors.ts';

/** A way of wrapping content keys: HPKE base mode over `kem`, HKDF-SHA256, ChaCha20-Poly1305 (RFC 9180). */
export interface KeySuite {
  /** Its name in the terms of a trade, 1 … 32 characters of `[a-z0-9-]`. */
  readonly id: string;
  readonly kem: HpkeKem;
}

/** X25519 and ML-KEM-768: a conversation that is recorded today stays closed as long as either of them does. The default. */
export const xWingSuite: KeySuite = { id: 'x-wing', kem: xWingKem };

/**
 * X25519 alone, which a quantum computer opens. Refused unless a settlement is told to take it: it is here so that there are
 * two suites to test the change from one to another with.
 */
export const x25519Suite: KeySuite = { id: 'x25519', kem: x25519Kem };

/** What a settlement, and a judge, take when they are not told otherwise. */
export const DEFAULT_KEY_SUITES: readonly KeySuite[] = [xWingSuite];

/**
 * The suite by the name `id` among those that are taken here. Throws `ERR_SETTLEMENT_SUITE`.
 *
 * @param suites - The ways of wrapping keys that are taken here.
 */
export function keySuiteOf(suites: readonly KeySuite[], id: string): KeySuite {
  const suite = suites.find((known) => known.id === id);
  if (suite !== undefined) return suite;
  throw new SettlementError(
    'ERR_SETTLEMENT_SUITE',
    `Expected keys to be wrapped by ${suites.map((known) => known.id).join(' or ')}, got ${JSON.stringify(String(id).slice(0, 32))}: both sides need a version of this software that has a way in common`,
  );
}
