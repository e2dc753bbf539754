import { nodeCrypto } from '../../packages/interface/src/crypto/node.ts';
import { bytesToHex, type Crypto } from '../../packages/interface/src/index.ts';

/** Signatures whose verdict is remembered: what one history sees. */
const MAX_REMEMBERED = 50_000;

/**
 * The crypto of all nodes of one process, on the thread. A verdict is a function of its bytes alone, so a signature that
 * eight nodes look at is verified once: that makes a history cheap and changes nothing in it.
 */
export function sharedCrypto(): Crypto {
  const crypto = nodeCrypto({ threads: false });
  const verdicts = new Map<string, boolean>();
  const verify: Crypto['ed25519Verify'] = (signature, message, key) => {
    const name = `${bytesToHex(signature)}${bytesToHex(key)}${bytesToHex(crypto.sha256(message))}`;
    const known = verdicts.get(name);
    if (known !== undefined) return known;
    const verdict = crypto.ed25519Verify(signature, message, key);
    if (verdicts.size >= MAX_REMEMBERED) verdicts.clear();
    verdicts.set(name, verdict);
    return verdict;
  };
  return {
    ...crypto,
    ed25519Verify: verify,
    ed25519VerifyMany: async (items) =>
      items.map(({ signature, message, publicKey }) => verify(signature, message, publicKey)),
  };
}
