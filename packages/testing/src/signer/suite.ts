import { bytesToHex, type Crypto, type Signer, utf8ToBytes } from '@edmp/interface';
import { describe, expect, it } from 'vitest';

/** Options of {@link signerSuite}. */
export interface SignerSuiteOptions {
  /** Name of the implementation in test titles. */
  readonly name: string;
  /** Verifies what was signed. */
  readonly crypto: Crypto;
  /** Opens the signer over one key, the same at every call. */
  create(): Promise<Signer>;
}

/** What every {@link Signer} must do, over an agent or a hardware module too. Registers vitest cases; call it at the top of a test file. */
export function signerSuite(options: SignerSuiteOptions): void {
  const { crypto } = options;
  describe(`signer suite: ${options.name}`, () => {
    it('keeps its identity', async () => {
      const [a, b] = [await options.create(), await options.create()];
      expect(a.publicKey.length).toBe(32);
      expect(bytesToHex(a.publicKey)).toBe(bytesToHex(b.publicKey));
    });

    it('signs exactly the message it is given, of any length', async () => {
      const signer = await options.create();
      // Around the block of SHA-512, the size of a hash, and far beyond what a device signs at once.
      const lengths = [0, 1, 31, 32, 63, 64, 111, 112, 127, 128, 1_000, 65_536];
      for (const length of lengths) {
        const message = Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 255);
        const signature = await signer.sign(message);
        expect(signature.length).toBe(64);
        expect(crypto.ed25519Verify(signature, message, signer.publicKey), `${length} bytes`).toBe(true);
        for (const other of [Uint8Array.of(...message, 0), message.subarray(0, -1)]) {
          if (other.length === length) continue;
          expect(crypto.ed25519Verify(signature, other, signer.publicKey), `${length} bytes`).toBe(false);
        }
      }
    });

    it('is deterministic (RFC 8032 §5.1.6), and leaves the message as it was', async () => {
      const signer = await options.create();
      const message = utf8ToBytes('a day of readings');
      const first = await signer.sign(message);
      expect(bytesToHex(await signer.sign(message))).toBe(bytesToHex(first));
      expect(message).toEqual(utf8ToBytes('a day of readings'));
    });

    it('signs many messages at once without mixing them up', async () => {
      const signer = await options.create();
      const messages = Array.from({ length: 20 }, (_, i) => utf8ToBytes(`message ${i}`));
      const signatures = await Promise.all(messages.map((message) => signer.sign(message)));
      for (const [i, message] of messages.entries()) {
        const signature = signatures[i];
        expect(signature && crypto.ed25519Verify(signature, message, signer.publicKey)).toBe(true);
      }
    });
  });
}
