import { bytesToHex, type Crypto, hexToBytes, type KeyEncapsulation } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { thrown } from '../support.ts';

/** Vectors of draft-connolly-cfrg-xwing-kem, appendix C; public keys and ciphertexts as their SHA-256. */
const X_WING = [
  {
    seed: '7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26',
    randomness:
      '3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e235b8cc873c23dc62b8d260169afa2f75ab916a58d974918835d25e6a435085b2',
    publicKey: '2e816deebcd76c5c80d0cd2d174478871658e8e2ff42bc9d4a6e486372e856bb',
    ciphertext: '17cd532d657e44c897ca6583e548a5424fc70bf54f99515a4d2bcf99e3469f33',
    sharedSecret: 'd2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384',
  },
  {
    seed: 'badfd6dfaac359a5efbb7bcc4b59d538df9a04302e10c8bc1cbf1a0b3a5120ea',
    randomness:
      '17cda7cfad765f5623474d368ccca8af0007cd9f5e4c849f167a580b14aabdefaee7eef47cb0fca9767be1fda69419dfb927e9df07348b196691abaeb580b32d',
    publicKey: 'c42ba5f8430d7d2c83739338203819f090e8303ce9c8b02107c272bfa5376916',
    ciphertext: '1661ea86d608a1924ba30840cb0a65f13ae051e3aec9cf0f064efc0bc92f2154',
    sharedSecret: 'f2e86241c64d60f6649fbc6c5b7d17180b780a3f34355e64a85749949c45f150',
  },
  {
    seed: 'ef58538b8d23f87732ea63b02b4fa0f4873360e2841928cd60dd4cee8cc0d4c9',
    randomness:
      '22a96188d032675c8ac850933c7aff1533b94c834adbb69c6115bad4692d8619f90b0cdf8a7b9c264029ac185b70b83f2801f2f4b3f70c593ea3aeeb613a7f1b',
    publicKey: '6b080d6b84f095342092fa7a22423e58bd681397ad0ef00eac92bd254db4fa95',
    ciphertext: 'd3ca5578500344b5896cffc4fd740c9311946b82951df155e6fd86a7966b43c6',
    sharedSecret: '953f7f4e8c5b5049bdc771d1dffada0dd961477d1a2ae0988baa7ea6898d893f',
  },
];

/** ML-KEM-768-keyGen-FIPS203 of NIST's ACVP server, cases 26 to 30; public keys as their SHA-256. */
const ML_KEM_768 = [
  {
    seed: 'e582b7d75e6c80b05ae392a1fc9f7153b12390fd99930368cc67a768baebc8a01cdacb8740c0b87c4a379575f187b367cbfa3b300bf591b109f79816e9cbe8f0',
    publicKey: '4158f6afb5e516c99f1da07da8c651348422b17c1f4e9a08ad73fb1f91249b3e',
  },
  {
    seed: '3e5848db624613f7ac144457cc1375f006fa8cb953e767dc9e7428d00f5dad8b012dd6c2f0918b9eb6182474eb86d848f65974759d59ce151a396deee4ca10d1',
    publicKey: '26eb7b8190b6038f6acca606bf563fd15425f3659b5170f10cd4cfadfcad084d',
  },
  {
    seed: '882fdea55c6b497a6f2a1321fc82160c630d9a1f2e35bbe0d3332e3a0cfbc8c93a21f601923c559179a3aa5839a148487379eaad934bf27f3071e1b1fdc21d1a',
    publicKey: '45a9ea5951a229521be49f542520fe6fd8160684b2fcda2edf5d3d49a5991231',
  },
  {
    seed: 'aee013310d04215b77f073a7e22b77bf0221394a08e96bd07e3c99a9af45f16b7dcb9d6a2c3832e5fe9261e29172375a78cbecda0ef5484c4b3f6940ea20edd9',
    publicKey: 'd1114b2c753f5a1ad7542bc63b9386718bc1ac3f9eda7257fc9ab70c5c76262e',
  },
  {
    seed: 'b5dcc09f5402f5da7695e1d61b4c1ce11380347d4c6bef40ba11e94e755b1afcab6eae982dda0008cf1bdc59b5c8ac88ba11f169798aa56374ed7a550bc4f552',
    publicKey: '95a35d0fb2fd9c12e71b14c5e6980bbf8076e5fac0981de0a0b0f401bc294838',
  },
];

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

/** What any mechanism promises. */
function promises(kem: KeyEncapsulation): void {
  const seed = filled(kem.seedBytes, 1);
  const randomness = filled(kem.randomnessBytes, 2);

  it('gives both sides one secret, for randomness that is given and for its own', () => {
    const publicKey = kem.publicKey(seed);
    const secrets = new Set<string>();
    for (const given of [randomness, filled(kem.randomnessBytes, 3), undefined, undefined]) {
      const { ciphertext, sharedSecret } = kem.encapsulate(publicKey, given);
      expect([publicKey.length, ciphertext.length, sharedSecret.length]).toEqual([
        kem.publicKeyBytes,
        kem.ciphertextBytes,
        32,
      ]);
      expect(kem.decapsulate(seed, ciphertext)).toEqual(sharedSecret);
      secrets.add(bytesToHex(sharedSecret));
    }
    expect(secrets.size).toBe(4);
    expect(kem.encapsulate(publicKey, randomness)).toEqual(kem.encapsulate(publicKey, randomness));
  });

  it('gives another secret for an altered ciphertext and for another seed', () => {
    const { ciphertext, sharedSecret } = kem.encapsulate(kem.publicKey(seed), randomness);
    for (const at of [0, 500, kem.ciphertextBytes - 33]) {
      const altered = ciphertext.with(at, (ciphertext[at] ?? 0) ^ 1);
      expect(kem.decapsulate(seed, altered)).not.toEqual(sharedSecret);
      expect(kem.decapsulate(seed, altered)).toEqual(kem.decapsulate(seed, altered));
    }
    expect(kem.decapsulate(filled(kem.seedBytes, 9), ciphertext)).not.toEqual(sharedSecret);
  });

  it('refuses other lengths, and keys with a coefficient above the modulus', () => {
    const publicKey = kem.publicKey(seed);
    const { ciphertext } = kem.encapsulate(publicKey, randomness);
    for (const change of [-1, 1, -kem.ciphertextBytes]) {
      const resized = (length: number): Uint8Array => new Uint8Array(Math.max(0, length + change));
      thrown(() => kem.publicKey(resized(kem.seedBytes)), 'ERR_CRYPTO_KEY');
      thrown(() => kem.encapsulate(resized(kem.publicKeyBytes), randomness), 'ERR_CRYPTO_KEY');
      thrown(() => kem.encapsulate(publicKey, resized(kem.randomnessBytes)), 'ERR_CRYPTO_KEY');
      thrown(() => kem.decapsulate(seed, resized(kem.ciphertextBytes)), 'ERR_CRYPTO_KEY');
      thrown(() => kem.decapsulate(resized(kem.seedBytes), ciphertext), 'ERR_CRYPTO_KEY');
    }
    // 3329, the modulus itself, in the place of the first coefficient (FIPS 203 §7.2).
    const unreduced = publicKey.with(0, 0x01).with(1, ((publicKey[1] ?? 0) & 0xf0) | 0x0d);
    for (const given of [randomness, undefined]) {
      thrown(() => kem.encapsulate(unreduced, given), 'ERR_CRYPTO_KEY');
    }
  });
}

/** ML-KEM-768 and X-Wing. */
export function encapsulationCases(crypto: Crypto): void {
  describe('ML-KEM-768', () => {
    promises(crypto.mlKem768);

    it('grows the keys of FIPS 203', () => {
      for (const { seed, publicKey } of ML_KEM_768) {
        const key = crypto.mlKem768.publicKey(hexToBytes(seed));
        expect(bytesToHex(crypto.sha256(key))).toBe(publicKey);
      }
    });
  });

  describe('X-Wing', () => {
    promises(crypto.xWing);

    it('gives the results of the draft', () => {
      for (const vector of X_WING) {
        const seed = hexToBytes(vector.seed);
        const publicKey = crypto.xWing.publicKey(seed);
        expect(bytesToHex(crypto.sha256(publicKey))).toBe(vector.publicKey);
        const sent = crypto.xWing.encapsulate(publicKey, hexToBytes(vector.randomness));
        expect(bytesToHex(crypto.sha256(sent.ciphertext))).toBe(vector.ciphertext);
        expect(bytesToHex(sent.sharedSecret)).toBe(vector.sharedSecret);
        expect(crypto.xWing.decapsulate(seed, sent.ciphertext)).toEqual(sent.sharedSecret);
      }
    });

    it('refuses an X25519 half of low order, in keys and in ciphertexts', () => {
      const seed = filled(32, 1);
      const publicKey = crypto.xWing.publicKey(seed);
      const { ciphertext } = crypto.xWing.encapsulate(publicKey);
      for (const u of [0, 1]) {
        const lowOrder = Uint8Array.of(u, ...filled(31, 0));
        const half = (bytes: Uint8Array): Uint8Array => {
          const changed = bytes.slice();
          changed.set(lowOrder, bytes.length - 32);
          return changed;
        };
        thrown(() => crypto.xWing.encapsulate(half(publicKey)), 'ERR_CRYPTO_LOW_ORDER');
        thrown(() => crypto.xWing.decapsulate(seed, half(ciphertext)), 'ERR_CRYPTO_LOW_ORDER');
      }
    });
  });
}
