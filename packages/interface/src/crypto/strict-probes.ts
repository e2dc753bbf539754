import { hexToBytes } from '../bytes.ts';
import { publicKey } from '../keys.ts';
import type { VerifyItem } from './types.ts';

/** A signature and the strict verdict on it. */
export interface StrictProbe extends VerifyItem {
  readonly valid: boolean;
}

const probe = (valid: boolean, key: string, message: string, signature: string): StrictProbe => ({
  valid,
  publicKey: publicKey(hexToBytes(key)),
  message: hexToBytes(message),
  signature: hexToBytes(signature),
});

/**
 * Signatures that tell the strict rule from its neighbours: an honest one; one whose key has a torsion part that the
 * challenge cancels, valid without a cofactor; one where it remains, valid only with a cofactor (RFC 8032 §5.1.7).
 * A provider over a library that it did not choose asks them once before it trusts the library.
 */
export const STRICT_PROBES: readonly StrictProbe[] = [
  probe(
    true,
    '2471e81b7730d623fe068a667cdfa437ef7242fd6739d07b8785e30d30d15daf',
    '706c61696e',
    '9641f4c4938fe20f73f4be5f2b555e3869145739ce97271f52a99fea3de72f93dc93fb807a6762c23fd5e41d243759e6b7b832ae9b1b6bdaef716237b065670a',
  ),
  probe(
    true,
    'dfc44cf31aa2e9bfd64091a73bbb9d01300acfffcf4dc24d91b2eedf85acc0fc',
    '64726f7020382000000000',
    '9641f4c4938fe20f73f4be5f2b555e3869145739ce97271f52a99fea3de72f93e8e42d8dce3bca3e8804e53b048438a52842c6f20fb4b5d3a9c5c65d1074a202',
  ),
  probe(
    false,
    'dfc44cf31aa2e9bfd64091a73bbb9d01300acfffcf4dc24d91b2eedf85acc0fc',
    '6b65657020382000000000',
    '9641f4c4938fe20f73f4be5f2b555e3869145739ce97271f52a99fea3de72f93166a95bc5dc4553ed6db5751194532e828f2a44b855f967118481578a68c3506',
  ),
];
