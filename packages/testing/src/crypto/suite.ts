import type { Crypto } from '@edmp/interface';
import { describe } from 'vitest';
import { cipherCases } from './ciphers.ts';
import { encapsulationCases } from './encapsulation.ts';
import { exchangeCases } from './exchange.ts';
import { hashCases } from './hashes.ts';
import { signatureCases } from './signatures.ts';

/** Options of {@link cryptoSuite}. */
export interface CryptoSuiteOptions {
  /** Name of the provider in test titles. */
  readonly name: string;
  create(): Crypto;
}

/**
 * What every {@link Crypto} provider must do: the vectors of the RFCs, the strict answer to crafted signatures, typed
 * refusals, and nothing that changes with the provider. Registers vitest cases; call it at the top of a test file.
 */
export function cryptoSuite(options: CryptoSuiteOptions): void {
  describe(`crypto suite: ${options.name}`, () => {
    const crypto = options.create();
    hashCases(crypto);
    signatureCases(crypto);
    exchangeCases(crypto);
    encapsulationCases(crypto);
    cipherCases(crypto);
  });
}
