import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bytesToHex, concatBytes, hexToBytes } from '@edmp/interface';
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { describe, expect, it } from 'vitest';
import { sharedPath } from './support/shared.ts';

const read = <T>(name: string): T =>
  JSON.parse(readFileSync(sharedPath(`vectors/${name}.json`)!, 'utf8')) as T;

interface KeyGeneration {
  readonly d: string;
  readonly z: string;
  readonly ek: string;
}
interface Encapsulated {
  readonly ek: string;
  readonly m: string;
  readonly c: string;
  readonly k: string;
}
interface KeyCheck {
  readonly ek: string;
  readonly testPassed: boolean;
}
const acvp = read<{
  readonly keyGen: readonly KeyGeneration[];
  readonly encapsulation: readonly Encapsulated[];
  readonly encapsulationKeyCheck: readonly KeyCheck[];
}>('ml-kem-768-acvp');
const xWing = read<readonly Readonly<Record<'seed' | 'eseed' | 'ss' | 'pk' | 'ct', string>>[]>('x-wing');

describe.each([nodeCrypto(), nobleCrypto()])('encapsulation vectors on $name', (crypto) => {
  it('FIPS 203: 25 keys, 25 encapsulations, 10 keys of which half are none', () => {
    for (const { d, z, ek } of acvp.keyGen) {
      expect(bytesToHex(crypto.mlKem768.publicKey(hexToBytes(d + z)))).toBe(ek);
    }
    for (const { ek, m, c, k } of acvp.encapsulation) {
      const sent = crypto.mlKem768.encapsulate(hexToBytes(ek), hexToBytes(m));
      expect([bytesToHex(sent.ciphertext), bytesToHex(sent.sharedSecret)]).toEqual([c, k]);
    }
    for (const { ek, testPassed } of acvp.encapsulationKeyCheck) {
      for (const randomness of [new Uint8Array(32), undefined]) {
        const encapsulate = () => crypto.mlKem768.encapsulate(hexToBytes(ek), randomness);
        if (testPassed) expect(encapsulate().ciphertext).toHaveLength(1_088);
        else expect(encapsulate).toThrow(expect.objectContaining({ code: 'ERR_CRYPTO_KEY' }));
      }
    }
    const { keyGen, encapsulation, encapsulationKeyCheck } = acvp;
    expect([keyGen.length, encapsulation.length, encapsulationKeyCheck.length]).toEqual([25, 25, 10]);
  });

  // C2SP/CCTV, ML-KEM, accumulated: the digest of 100 rounds, one rejected ciphertext in each; the same in Go's crypto/mlkem.
  it('100 accumulated rounds with implicit rejection', () => {
    const stream = createHash('shake128', { outputLength: 100 * (64 + 32 + 1_088) }).digest();
    const all = createHash('shake128', { outputLength: 32 });
    let at = 0;
    const draw = (length: number): Uint8Array => {
      at += length;
      return new Uint8Array(stream.subarray(at - length, at));
    };
    for (let round = 0; round < 100; round++) {
      const seed = draw(64);
      const key = crypto.mlKem768.publicKey(seed);
      const { ciphertext, sharedSecret } = crypto.mlKem768.encapsulate(key, draw(32));
      expect(crypto.mlKem768.decapsulate(seed, ciphertext)).toEqual(sharedSecret);
      const rejected = crypto.mlKem768.decapsulate(seed, draw(1_088));
      all.update(concatBytes(key, ciphertext, sharedSecret, rejected));
    }
    expect(all.digest('hex')).toBe('1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415');
  });

  it('X-Wing: the three of the draft', () => {
    for (const { seed, eseed, pk, ct, ss } of xWing) {
      expect(bytesToHex(crypto.xWing.publicKey(hexToBytes(seed)))).toBe(pk);
      const sent = crypto.xWing.encapsulate(hexToBytes(pk), hexToBytes(eseed));
      expect([bytesToHex(sent.ciphertext), bytesToHex(sent.sharedSecret)]).toEqual([ct, ss]);
      expect(bytesToHex(crypto.xWing.decapsulate(hexToBytes(seed), hexToBytes(ct)))).toBe(ss);
    }
    expect(xWing).toHaveLength(3);
  });
});
