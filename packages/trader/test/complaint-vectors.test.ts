/** The golden vectors of `vectors/complaints.json`, read as another implementation would read them. */
import { readFileSync } from 'node:fs';
import { judgeProof } from '@edmp/data-settlement/proof';
import { bytesToHex, concatBytes, hexToBytes, publicKeyFromHex, utf8ToBytes } from '@edmp/interface';
import { nobleCrypto } from '@edmp/interface/crypto/noble';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { fieldReaders } from '@edmp/interface/format';
import { hpkeRecipient, hpkeSender, xWingKem } from '@edmp/interface/hpke';
import { decodeFalseComplaint, judgeFalseComplaintProof } from '@edmp/market/notary';
import { describe, expect, it } from 'vitest';
import { complaintVectors } from '../../../scripts/make-vectors-complaints.ts';

type Texts = Readonly<Record<string, string>>;

interface Vectors {
  readonly falseComplaints: readonly {
    readonly name: string;
    readonly signed: string;
    readonly proof: string;
    readonly guilty: boolean;
  }[];
  readonly seals: {
    readonly witness: Texts;
    readonly buyer: Texts;
    readonly seller: Texts;
    readonly hold: Texts;
    readonly sealingKey: Texts;
    readonly request: Texts;
    readonly sealed: readonly Texts[];
  };
}

const file = readFileSync(new URL('../../../vectors/complaints.json', import.meta.url), 'utf8');
const { falseComplaints, seals } = JSON.parse(file) as Vectors;
const bytes = (text: string | undefined): Uint8Array => hexToBytes(text ?? '');
const { decodeBounded } = fieldReaders((message) => new Error(message));
const providers = [nodeCrypto(), nobleCrypto()];

describe('golden vectors of complaints', () => {
  it('are what the code makes', async () => {
    const made = await complaintVectors();
    expect(made['complaints.json'] === file, 'run scripts/make-vectors-complaints.ts').toBe(true);
  });

  it('convict who they should, with every provider', () => {
    expect(falseComplaints.map(({ guilty }) => guilty)).toContain(true);
    for (const { name, proof, guilty } of falseComplaints) {
      for (const crypto of providers) {
        const judge = (trade: Parameters<typeof judgeProof>[1], shown: Uint8Array) =>
          judgeProof(crypto, trade, shown);
        const verdict = judgeFalseComplaintProof(bytes(proof), { crypto, judge });
        expect(verdict.guilty, `${name}: ${verdict.reason}`).toBe(guilty);
      }
    }
  });

  it('are signed as it is written down', () => {
    for (const { name, signed, proof, guilty } of falseComplaints) {
      if (!guilty) continue;
      const { complaint } = decodeFalseComplaint(bytes(proof));
      const [crypto = nodeCrypto()] = providers;
      expect(bytes(signed).subarray(0, 17), name).toEqual(utf8ToBytes('edmp/complaint/v1'));
      const by = publicKeyFromHex(seals.buyer.key ?? '');
      expect(crypto.ed25519Verify(complaint.signature, bytes(signed), by), name).toBe(true);
    }
  });

  it('seal to whom they should, about what they should, and to nobody else', () => {
    const { witness, buyer, seller, hold, sealed } = seals;
    const id = bytes(hold.idBytes);
    for (const crypto of providers) {
      const bindings = [
        {
          info: concatBytes(utf8ToBytes('edmp/complaint-seal/v1'), bytes(witness.key), bytes(buyer.key)),
          aad: crypto.sha256(bytes(hold.bytes)),
        },
        {
          info: concatBytes(
            utf8ToBytes('edmp/kept-complaint-seal/v1'),
            bytes(witness.key),
            bytes(seller.key),
          ),
          aad: id,
        },
      ];
      expect(sealed).toHaveLength(bindings.length);
      for (const [i, vector] of sealed.entries()) {
        const { info, aad } = bindings[i]!;
        expect([vector.info, vector.aad]).toEqual([bytesToHex(info), bytesToHex(aad)]);
        const whole = bytes(vector.sealed);
        const [enc, ciphertext] = [whole.subarray(0, 1_120), whole.subarray(1_120)];
        const secretKey = bytes(vector.secretKey);
        expect(bytesToHex(crypto.xWing.publicKey(secretKey))).toBe(vector.publicKey);
        const open = (under: Uint8Array, about: Uint8Array) =>
          hpkeRecipient({ crypto, kem: xWingKem, info: under, secretKey, enc }).open(about, ciphertext);
        expect(bytesToHex(open(info, aad))).toBe(vector.plain);
        expect(() => open(info.with(30, 0), aad)).toThrow();
        expect(() => open(info, aad.with(0, aad[0]! ^ 1))).toThrow();
        const sender = hpkeSender({
          crypto,
          kem: xWingKem,
          info,
          recipientKey: bytes(vector.publicKey),
          randomness: bytes(vector.randomness),
        });
        expect(concatBytes(sender.enc, sender.context.seal(aad, bytes(vector.plain)))).toEqual(whole);
      }
    }
    const [complaint, kept] = sealed.map(({ plain }) =>
      Object.keys(decodeBounded(bytes(plain), 100_000, 'plain') as object).sort(),
    );
    const parts = ['document', 'kind', 'opener', 'proof', 'proposal', 'recipientKey', 'release', 'signature'];
    expect(complaint).toEqual(parts);
    expect(kept).toEqual(['proof', 'signature']);
  });

  it('have keys and questions signed by whom they should be', () => {
    const { witness, seller, hold, sealingKey, request } = seals;
    for (const crypto of providers) {
      expect(sealingKey.signed).toBe(
        `${bytesToHex(utf8ToBytes('edmp/sealing-key/v1'))}${sealingKey.publicKey}`,
      );
      const asked = concatBytes(
        utf8ToBytes('edmp/kept-complaint/v1'),
        bytes(witness.key),
        crypto.sha256(bytes(hold.idBytes)),
        crypto.sha256(bytes(request.recipient)),
      );
      expect(request.signed).toBe(bytesToHex(asked));
      for (const [party, { signature, signed }] of [
        [witness, sealingKey],
        [seller, request],
      ] as const) {
        const key = publicKeyFromHex(party.key ?? '');
        expect(crypto.ed25519Verify(bytes(signature), bytes(signed), key)).toBe(true);
      }
    }
  });
});
