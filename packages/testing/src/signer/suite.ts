import { bytesToHex, type Crypto, type Signer, utf8ToBytes } from '@edmp/interface';
import * as fc from 'fast-check';
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
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 1024 }), async (message) => {
          const signature = await signer.sign(message);
          expect(signature.length).toBe(64);
          expect(crypto.ed25519Verify(signature, message, signer.publicKey)).toBe(true);
          const other = Uint8Array.of(...message, 0);
          expect(crypto.ed25519Verify(signature, other, signer.publicKey)).toBe(false);
        }),
        { numRuns: 20 },
      );
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
