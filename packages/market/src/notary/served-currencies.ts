import type { Crypto, HalfBlock, KeyValueStore, PublicKey } from '@edmp/interface';
import { decodeHalfBlock, verifyItem } from '@edmp/trustchain';
import { type CurrencyId, currencyOfBlock, type IssuedCurrency } from '../asset/currency.ts';
import { MAX_CURRENCIES } from './limits.ts';
import type { StatementKeys } from './statement-keys.ts';
import type { VerifyQueue } from './verify-queue.ts';

const PREFIX = 'notary/currency/';

/** The currencies that a notary serves: those whose blocks name one of its keys and that its owner lets in. Durable. */
export class ServedCurrencies {
  readonly #store: KeyValueStore;
  readonly #crypto: Crypto;
  readonly #verify: VerifyQueue;
  readonly #keys: StatementKeys;
  readonly #serve: (currency: IssuedCurrency) => boolean;
  readonly #currencies = new Map<CurrencyId, IssuedCurrency>();

  constructor(options: {
    readonly store: KeyValueStore;
    readonly crypto: Crypto;
    readonly verify: VerifyQueue;
    readonly keys: StatementKeys;
    readonly serve: (currency: IssuedCurrency) => boolean;
  }) {
    this.#store = options.store;
    this.#crypto = options.crypto;
    this.#verify = options.verify;
    this.#keys = options.keys;
    this.#serve = options.serve;
  }

  /** Reads what the store knows. */
  async open(): Promise<void> {
    for (const [, bytes] of await this.#store.range(PREFIX, { limit: MAX_CURRENCIES })) {
      const currency = currencyOfBlock(decodeHalfBlock(bytes, this.#crypto));
      this.#currencies.set(currency.id, currency);
    }
  }

  get(id: CurrencyId): IssuedCurrency | undefined {
    return this.#currencies.get(id);
  }

  values(): readonly IssuedCurrency[] {
    return [...this.#currencies.values()];
  }

  /**
   * Takes in the currency `id` out of its block. `undefined` when the bytes are no such block, do not name a key of
   * this store, the owner does not serve it, or all places are taken.
   */
  async learn(id: CurrencyId, bytes: Uint8Array): Promise<IssuedCurrency | undefined> {
    const known = this.#currencies.get(id);
    if (known !== undefined) return known;
    if (this.#currencies.size >= MAX_CURRENCIES) return undefined;
    const block: HalfBlock = decodeHalfBlock(bytes, this.#crypto);
    const currency = currencyOfBlock(block);
    if (currency.id !== id || !this.namesUs(currency.notaries) || !this.#serve(currency)) return undefined;
    if (!(await this.#verify.all([verifyItem(block)]))) return undefined;
    await this.#store.set(PREFIX + id, bytes);
    this.#currencies.set(id, currency);
    return currency;
  }

  /** Whether one of the keys is made by this store. */
  namesUs(keys: readonly PublicKey[]): boolean {
    return keys.some((key) => this.#keys.signer(key) !== undefined);
  }
}
