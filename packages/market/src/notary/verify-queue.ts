import type { Crypto, PublicKey, VerifyItem } from '@edmp/interface';
import { quorumOfKeys } from '../asset/currency.ts';
import type { Certificate } from './certificate.ts';
import { type Statement, statementMessage } from './statement.ts';

/** Signatures in one batch: enough to keep a thread pool busy, few enough that nobody waits long. */
const MAX_BATCH = 64;

interface Waiting {
  readonly items: readonly VerifyItem[];
  readonly resolve: (results: readonly boolean[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Verifies the signatures of many requests together, off the main thread where the provider can. */
export class VerifyQueue {
  readonly #crypto: Crypto;
  #waiting: Waiting[] = [];
  #running = false;

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /** Whether every signature is right. */
  async all(items: readonly VerifyItem[]): Promise<boolean> {
    if (items.length === 0) return true;
    return (await this.each(items)).every(Boolean);
  }

  /** The answer for every item, in order. */
  each(items: readonly VerifyItem[]): Promise<readonly boolean[]> {
    if (items.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    // One turn, so that requests that came together are verified together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch: Waiting[] = [];
      let size = 0;
      while (size < MAX_BATCH) {
        const next = this.#waiting[batch.length];
        if (next === undefined) break;
        batch.push(next);
        size += next.items.length;
      }
      this.#waiting = this.#waiting.slice(batch.length);
      try {
        const results = await this.#crypto.ed25519VerifyMany(batch.flatMap(({ items }) => items));
        let at = 0;
        for (const { items, resolve } of batch) {
          resolve(results.slice(at, at + items.length));
          at += items.length;
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = false;
  }
}

/** The signature of one share, to be verified. */
export function shareItem(
  statement: Statement,
  signature: Uint8Array,
  key: PublicKey,
  crypto: Pick<Crypto, 'sha256'>,
): VerifyItem {
  return { signature, message: statementMessage(statement, crypto), publicKey: key };
}

/** The signatures of a certificate by a quorum of `keys`; undefined when it has not the form of one. */
export function certificateItems(
  certificate: Certificate,
  keys: readonly PublicKey[],
  crypto: Pick<Crypto, 'sha256'>,
): readonly VerifyItem[] | undefined {
  const quorum = quorumOfKeys(keys);
  if (quorum === undefined || certificate.shares.length < quorum) return undefined;
  const message = statementMessage(certificate, crypto);
  const items: VerifyItem[] = [];
  for (const { index, signature } of certificate.shares) {
    const publicKey = keys[index];
    if (publicKey === undefined) return undefined;
    items.push({ signature, message, publicKey });
  }
  return items;
}
