import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { bytesToHex, equalBytes, hexToBytes, utf8ToBytes } from '@edmp/interface';
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import {
  hpkeDeriveSecret,
  hpkeRecipient,
  hpkeSender,
  x25519Kem as kem,
  xWingKem,
} from '@edmp/interface/hpke';
import { describe, expect, it } from 'vitest';
import { sharedPath } from './support/shared.ts';

interface Row {
  readonly mode: number;
  readonly kem_id: number;
  readonly kdf_id: number;
  readonly aead_id: number;
  readonly info: string;
  readonly ikmE: string;
  readonly ikmR: string;
  readonly skRm: string;
  readonly pkRm: string;
  readonly enc: string;
  readonly encryptions_accumulated?: string;
  readonly exports_accumulated: string;
}

interface XWingRow extends Row {
  readonly encryptions: readonly Readonly<Record<'aad' | 'pt' | 'ct', string>>[];
  readonly exports: readonly {
    readonly exporter_context: string;
    readonly L: number;
    readonly exported_value: string;
  }[];
}

/** SHAKE-128 as an endless source: inputs of one length byte and that many bytes. */
function drawer(): () => Uint8Array {
  const stream = createHash('shake128', { outputLength: 1 << 20 }).digest();
  let offset = 0;
  return () => {
    const length = stream[offset] ?? 0;
    const input = new Uint8Array(stream.subarray(offset + 1, offset + 1 + length));
    offset += 1 + length;
    return input;
  };
}

const shake = (parts: readonly Uint8Array[]): string => {
  const hash = createHash('shake128', { outputLength: 16 });
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

const path = sharedPath('vectors/rfc9180-hpke.json');
const rows: readonly Row[] =
  path !== undefined && existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Row[]) : [];
// DHKEM(X25519, HKDF-SHA256) with HKDF-SHA256; the AEAD enters the key schedule, so all four rows check exports.
const ours = rows.filter((row) => row.kem_id === 0x20 && row.kdf_id === 1 && row.mode === 0);

describe.each([nodeCrypto(), nobleCrypto()])('HPKE base mode on $name', (crypto) => {
  it('gives the results of RFC 9180', () => {
    let checks = 0;
    for (const row of ours) {
      const secretKey = hpkeDeriveSecret(crypto, hexToBytes(row.ikmR));
      expect(bytesToHex(secretKey)).toBe(row.skRm);
      expect(bytesToHex(crypto.x25519PublicKey(secretKey))).toBe(row.pkRm);
      const options = { crypto, kem, info: hexToBytes(row.info), aeadId: row.aead_id };
      const { enc, context } = hpkeSender({
        ...options,
        recipientKey: hexToBytes(row.pkRm),
        randomness: hexToBytes(row.ikmE),
      });
      expect(bytesToHex(enc)).toBe(row.enc);
      const recipient = hpkeRecipient({ ...options, secretKey, enc });
      checks += 3;
      if (row.aead_id === 3) {
        const draw = drawer();
        const sealed: Uint8Array[] = [];
        for (let i = 0; i < 1000; i++) {
          const aad = draw();
          const plaintext = draw();
          const ciphertext = context.seal(aad, plaintext);
          if (!equalBytes(recipient.open(aad, ciphertext), plaintext))
            throw new Error(`message ${i} differs`);
          sealed.push(ciphertext);
        }
        expect(shake(sealed)).toBe(row.encryptions_accumulated);
        checks += 1000;
      }
      const draw = drawer();
      const exported = Array.from({ length: 1000 }, (_, length) => {
        const label = draw();
        const value = context.export(label, length);
        // The recipient's side of every length would double the run's longest part.
        if (length % 50 === 3 && !equalBytes(recipient.export(label, length), value)) {
          throw new Error(`export ${length} differs`);
        }
        return value;
      });
      expect(shake(exported)).toBe(row.exports_accumulated);
      checks += 1000;
    }
    expect(ours.length).toBe(4);
    console.log(`rfc9180 hpke: ${ours.length}/${ours.length} rows, ${checks} results on ${crypto.name}`);
  }, 120_000);

  it('refuses altered ciphertext, info, AAD and unusable keys', () => {
    const secretKey = new Uint8Array(32).fill(5);
    const recipientKey = crypto.x25519PublicKey(secretKey);
    const randomness = new Uint8Array(32).fill(6);
    const info = utf8ToBytes('info');
    const { enc, context } = hpkeSender({ crypto, kem, info, recipientKey, randomness });
    const ciphertext = context.seal(info, utf8ToBytes('secret'));
    const key = expect.objectContaining({ code: expect.stringMatching(/^ERR_CRYPTO_(KEY|LOW_ORDER)$/) });
    const altered = expect.objectContaining({ code: 'ERR_CRYPTO_AUTHENTICATION' });
    const open = (change: { info?: Uint8Array; aad?: Uint8Array; ciphertext?: Uint8Array }) => () =>
      hpkeRecipient({ crypto, kem, info: change.info ?? info, secretKey, enc }).open(
        change.aad ?? info,
        change.ciphertext ?? ciphertext,
      );
    expect(open({})()).toEqual(utf8ToBytes('secret'));
    expect(open({ info: utf8ToBytes('other') })).toThrow(altered);
    expect(open({ aad: utf8ToBytes('other') })).toThrow(altered);
    expect(open({ ciphertext: ciphertext.with(0, (ciphertext[0] ?? 0) ^ 1) })).toThrow(altered);
    expect(open({ ciphertext: new Uint8Array(3) })).toThrow(altered);
    const lowOrder = new Uint8Array(32);
    expect(() => hpkeSender({ crypto, kem, info, recipientKey: lowOrder, randomness })).toThrow(key);
    expect(() => hpkeRecipient({ crypto, kem, info, secretKey, enc: lowOrder })).toThrow(key);
    expect(() => hpkeSender({ crypto, kem, info, recipientKey: new Uint8Array(31), randomness })).toThrow(
      key,
    );
  });

  it('gives the results of draft-ietf-hpke-pq over X-Wing', () => {
    const [row, ...others] = JSON.parse(readFileSync(sharedPath('vectors/hpke-x-wing.json')!, 'utf8')) as [
      XWingRow,
    ];
    expect([row.kem_id, row.kdf_id, row.aead_id, others.length]).toEqual([xWingKem.id, 1, 3, 0]);
    const options = { crypto, kem: xWingKem, info: hexToBytes(row.info) };
    expect(bytesToHex(xWingKem.publicKey(crypto, hexToBytes(row.skRm)))).toBe(row.pkRm);
    const { enc, context } = hpkeSender({
      ...options,
      recipientKey: hexToBytes(row.pkRm),
      randomness: hexToBytes(row.ikmE),
    });
    expect(bytesToHex(enc)).toBe(row.enc);
    const recipient = hpkeRecipient({ ...options, secretKey: hexToBytes(row.skRm), enc });
    for (const { aad, pt, ct } of row.encryptions) {
      expect(bytesToHex(context.seal(hexToBytes(aad), hexToBytes(pt)))).toBe(ct);
      expect(bytesToHex(recipient.open(hexToBytes(aad), hexToBytes(ct)))).toBe(pt);
    }
    for (const { exporter_context, L, exported_value } of row.exports) {
      for (const side of [context, recipient]) {
        expect(bytesToHex(side.export(hexToBytes(exporter_context), L))).toBe(exported_value);
      }
    }
    expect([row.encryptions.length, row.exports.length]).toEqual([10, 5]);
  });
});
