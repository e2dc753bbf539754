import {
  type Crypto,
  concatBytes,
  type Environment,
  InvalidArgumentError,
  type KeyValueStore,
  type PublicKey,
  type PublicKeyHex,
  publicKeyToHex,
  type Signature,
  type Signer,
  softwareSigner,
  utf8ToBytes,
} from '@edmp/interface';
import { MAX_KEYS } from './limits.ts';

const PREFIX = 'notary/key/';
const AT_DOMAIN = utf8ToBytes('edmp/notary-at/v1');

/** What a statement key signs to say which node serves it: `"edmp/notary-at/v1" ‖ node key`. */
export function notaryAtMessage(node: PublicKey): Uint8Array {
  return concatBytes(AT_DOMAIN, node);
}

/**
 * The keys that notaries and witnesses sign statements with: made by their store and kept in it alone, in no backup
 * and no recovery phrase, so that a key ends with what it has said (DESIGN §4.4.2).
 */
export interface StatementKeys {
  /** Never empty, oldest first. */
  keys(): readonly PublicKey[];
  signer(key: PublicKey): Signer | undefined;
  signerOf(hex: PublicKeyHex): Signer | undefined;
  /** Makes another key, durable before it is told. Throws `ERR_INVALID_ARGUMENT` at 16. */
  add(): Promise<PublicKey>;
  /** Each key's signature that this node serves it. */
  signNode(node: PublicKey): Promise<readonly { readonly key: PublicKey; readonly signature: Signature }[]>;
}

/**
 * Opens the keys of a store; makes one in a new store.
 *
 * @param options - Where the keys are kept, and what they are made with.
 * @returns The keys: never none. Throws what the store throws.
 */
export async function openStatementKeys(options: {
  readonly store: KeyValueStore;
  readonly crypto: Crypto;
  readonly environment: Pick<Environment, 'randomBytes'>;
}): Promise<StatementKeys> {
  const { store, crypto, environment } = options;
  const signers = new Map<PublicKeyHex, Signer>();
  const keep = (secretKey: Uint8Array): PublicKey => {
    const signer = softwareSigner({ crypto, secretKey });
    signers.set(publicKeyToHex(signer.publicKey), signer);
    return signer.publicKey;
  };
  for (const [, secretKey] of await store.range(PREFIX, { limit: MAX_KEYS })) keep(secretKey);

  const keys: StatementKeys = {
    keys: () => [...signers.values()].map(({ publicKey }) => publicKey),
    signer: (key) => signers.get(publicKeyToHex(key)),
    signerOf: (hex) => signers.get(hex),
    async add() {
      if (signers.size >= MAX_KEYS) {
        throw new InvalidArgumentError(`A notary's store makes at most ${MAX_KEYS} statement keys`);
      }
      const secretKey = environment.randomBytes(32);
      await store.set(`${PREFIX}${String(signers.size).padStart(2, '0')}`, secretKey);
      return keep(secretKey);
    },
    signNode: (node) =>
      Promise.all(
        [...signers.values()].map(async (signer) => ({
          key: signer.publicKey,
          signature: await signer.sign(notaryAtMessage(node)),
        })),
      ),
  };
  if (signers.size === 0) await keys.add();
  return keys;
}
