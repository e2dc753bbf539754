import { type Crypto, equalBytes, type HalfBlock, type KeyValueStore, type PublicKey } from '@edmp/interface';
import { decodeHalfBlock, verifyItem } from '@edmp/trustchain/block';
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
  readonly #self: PublicKey;
  readonly #currencies = new Map<CurrencyId, IssuedCurrency>();

  constructor(options: {
    readonly store: KeyValueStore;
    readonly crypto: Crypto;
    readonly verify: VerifyQueue;
    readonly keys: StatementKeys;
    readonly serve: (currency: IssuedCurrency) => boolean;
    /** The node's key: what it issued itself always fits. */
    readonly self: PublicKey;
  }) {
    this.#store = options.store;
    this.#crypto = options.crypto;
    this.#verify = options.verify;
    this.#keys = options.keys;
    this.#serve = options.serve;
    this.#self = options.self;
  }

  /** Reads what the store knows. */
  async open(): Promise<void> {
    let after: string | undefined;
    for (;;) {
      const page = await this.#store.range(PREFIX, {
        limit: MAX_CURRENCIES,
        ...(after === undefined ? {} : { after }),
      });
      for (const [, bytes] of page) {
        const currency = currencyOfBlock(decodeHalfBlock(bytes, this.#crypto));
        this.#currencies.set(currency.id, currency);
      }
      after = page.at(-1)?.[0];
      if (page.length < MAX_CURRENCIES || after === undefined) return;
    }
  }

  get(id: CurrencyId): IssuedCurrency | undefined {
    return this.#currencies.get(id);
  }

  /** Whether this node itself issued a currency that is served. */
  isOwn(id: CurrencyId): boolean {
    const currency = this.#currencies.get(id);
    return currency !== undefined && equalBytes(currency.issuer, this.#self);
  }

  values(): readonly IssuedCurrency[] {
    return [...this.#currencies.values()];
  }

  /**
   * Takes in the currency `id` out of its block. `undefined` when the bytes are no such block, do not name a key of
   * this store, the owner does not serve it, or all places are taken (by strangers: the node's own currencies always fit).
   */
  async learn(id: CurrencyId, bytes: Uint8Array): Promise<IssuedCurrency | undefined> {
    const known = this.#currencies.get(id);
    if (known !== undefined) return known;
    const block: HalfBlock = decodeHalfBlock(bytes, this.#crypto);
    const currency = currencyOfBlock(block);
    const isFull = this.#currencies.size >= MAX_CURRENCIES && !equalBytes(currency.issuer, this.#self);
    if (isFull) return undefined;
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
