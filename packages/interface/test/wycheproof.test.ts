import { readFileSync } from 'node:fs';
import { bytesToHex, type Crypto, hexToBytes, isEdmpError, type PublicKey } from '@edmp/interface';
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { sodiumCrypto } from '@edmp/interface/crypto/sodium';
import { describe, expect, it } from 'vitest';
import { sharedPath } from './support/shared.ts';

interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly result: 'valid' | 'invalid' | 'acceptable';
  readonly [field: string]: unknown;
}
interface Group {
  readonly publicKey?: { readonly pk: string };
  readonly tests: readonly Vector[];
}

const text = (vector: Vector, field: string): string => String(vector[field]);
const bytes = (vector: Vector, field: string): Uint8Array => hexToBytes(text(vector, field));

/** Result of `call` as hexadecimal text, or the code of the error it throws. */
function outcome(call: () => Uint8Array): string {
  try {
    return bytesToHex(call());
  } catch (error) {
    if (isEdmpError(error)) return error.code;
    throw error;
  }
}

/** Names of the files with how to run one vector; each returns [what came, what must come]. */
const FILES: Readonly<Record<string, (crypto: Crypto, vector: Vector, group: Group) => [unknown, unknown]>> =
  {
    ed25519: (crypto, vector, group) => [
      crypto.ed25519Verify(
        bytes(vector, 'sig'),
        bytes(vector, 'msg'),
        hexToBytes(group.publicKey!.pk) as PublicKey,
      ),
      vector.result === 'valid',
    ],
    x25519(crypto, vector) {
      const shared = text(vector, 'shared');
      return [
        outcome(() => crypto.x25519(bytes(vector, 'private'), bytes(vector, 'public'))),
        /^0*$/.test(shared) ? 'ERR_CRYPTO_LOW_ORDER' : shared,
      ];
    },
    chacha20_poly1305(crypto, vector) {
      const [key, iv, aad] = [bytes(vector, 'key'), bytes(vector, 'iv'), bytes(vector, 'aad')];
      const sealed = text(vector, 'ct') + text(vector, 'tag');
      const opened = outcome(() => crypto.chacha20Poly1305Open(key, iv, hexToBytes(sealed), aad));
      const again = outcome(() => crypto.chacha20Poly1305Seal(key, iv, bytes(vector, 'msg'), aad));
      if (vector.result === 'valid')
        return [
          [opened, again],
          [text(vector, 'msg'), sealed],
        ];
      if (iv.length !== 12)
        return [
          [opened, again],
          ['ERR_CRYPTO_KEY', 'ERR_CRYPTO_KEY'],
        ];
      return [opened, 'ERR_CRYPTO_AUTHENTICATION'];
    },
    hkdf_sha256: (crypto, vector) => [
      outcome(() =>
        crypto.hkdfExpand(
          crypto.hkdfExtract(bytes(vector, 'salt'), bytes(vector, 'ikm')),
          bytes(vector, 'info'),
          Number(vector.size),
        ),
      ),
      vector.result === 'valid' ? text(vector, 'okm') : 'ERR_INVALID_ARGUMENT',
    ],
  };

describe('Project Wycheproof', async () => {
  for (const crypto of [nodeCrypto(), nobleCrypto(), await sodiumCrypto()]) {
    for (const [name, run] of Object.entries(FILES)) {
      const path = sharedPath(`vectors/wycheproof/${name}_test.json`);
      const title = `${name} on ${crypto.name}`;
      it(title, () => {
        const file: { numberOfTests: number; testGroups: readonly Group[] } = JSON.parse(
          readFileSync(path!, 'utf8'),
        );
        const wrong: string[] = [];
        let total = 0;
        for (const group of file.testGroups) {
          for (const vector of group.tests) {
            total++;
            const [came, wanted] = run(crypto, vector, group);
            if (JSON.stringify(came) !== JSON.stringify(wanted)) {
              wrong.push(`${vector.tcId} (${vector.comment}): expected ${wanted}, got ${came}`);
            }
          }
        }
        console.log(`wycheproof ${name}: ${total - wrong.length}/${file.numberOfTests} on ${crypto.name}`);
        expect(wrong).toEqual([]);
        expect(total).toBe(file.numberOfTests);
      });
    }
  }
});
