import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { nodeCrypto } from '../../packages/interface/src/crypto/node.ts';
import type { Crypto } from '../../packages/interface/src/index.ts';

/** Signatures and verdicts that are remembered: what one history sees. */
const MAX_REMEMBERED = 50_000;

/** Remembers up to {@link MAX_REMEMBERED} values; then it begins anew. */
class Memory<T> {
  readonly #values = new Map<string, T>();

  of(name: string, make: () => T): T {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const value = make();
    this.set(name, value);
    return value;
  }

  set(name: string, value: T): void {
    if (this.#values.size >= MAX_REMEMBERED) this.#values.clear();
    this.#values.set(name, value);
  }
}

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
const nameOf = (message: Uint8Array, key: Uint8Array): string =>
  `${textOf(key)}${hash('sha256', message, 'base64')}`;

/**
 * The crypto of all nodes of one process, on the thread: real Ed25519, no stand-in. A signature and a verdict are
 * functions of their bytes alone, so each is worked out once however many nodes want it, and what was signed here with a
 * key is known to be good under it. That makes a history cheap and changes nothing in it.
 */
export function sharedCrypto(): Crypto {
  const crypto = nodeCrypto({ threads: false });
  const publicKeys = new Memory<ReturnType<Crypto['ed25519PublicKey']>>();
  const signatures = new Memory<ReturnType<Crypto['ed25519Sign']>>();
  const verdicts = new Memory<boolean>();
  const publicKeyOf: Crypto['ed25519PublicKey'] = (secretKey) =>
    publicKeys.of(textOf(secretKey), () => crypto.ed25519PublicKey(secretKey));
  const sign: Crypto['ed25519Sign'] = (message, secretKey) => {
    const signature = signatures.of(nameOf(message, secretKey), () => {
      const made = crypto.ed25519Sign(message, secretKey);
      verdicts.set(`${textOf(made)}${nameOf(message, publicKeyOf(secretKey))}`, true);
      return made;
    });
    return signature.slice() as typeof signature;
  };
  const verify: Crypto['ed25519Verify'] = (signature, message, key) =>
    verdicts.of(`${textOf(signature)}${nameOf(message, key)}`, () =>
      crypto.ed25519Verify(signature, message, key),
    );
  return {
    ...crypto,
    ed25519PublicKey: publicKeyOf,
    ed25519Sign: sign,
    ed25519Verify: verify,
    ed25519VerifyMany: async (items) =>
      items.map(({ signature, message, publicKey }) => verify(signature, message, publicKey)),
  };
}
