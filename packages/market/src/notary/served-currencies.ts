import {
  bytesToUtf8,
  type Crypto,
  equalBytes,
  type HalfBlock,
  type KeyValueStore,
  type PublicKey,
  publicKeyToHex,
  utf8ToBytes,
} from '@edmp/interface';
import { decodeHalfBlock, verifyItem } from '@edmp/trustchain/block';
import { type CurrencyId, currencyOfBlock, type IssuedCurrency } from '../asset/currency.ts';
import { FairRoom } from './fair-room.ts';
import { MAX_CURRENCIES } from './limits.ts';
import type { StatementKeys } from './statement-keys.ts';
import type { VerifyQueue } from './verify-queue.ts';

const PREFIX = 'notary/currency/';
/** Which peer brought a currency: its share of the places is its own after a restart too. */
const BROUGHT_PREFIX = 'notary/currency-by/';
/** Longest name of a peer, bytes: its key in hexadecimal digits. */
const MAX_NAME = 64;

/**
 * The currencies that a notary serves: those whose blocks name one of its keys and that its owner lets in. Durable. The
 * places for guests are shared by the peers that bring them: issuing costs nothing, and one peer's 256 currencies would
 * close the notary for everybody else.
 */
export class ServedCurrencies {
  readonly #store: KeyValueStore;
  readonly #crypto: Crypto;
  readonly #verify: VerifyQueue;
  readonly #keys: StatementKeys;
  readonly #serve: (currency: IssuedCurrency) => boolean;
  readonly #self: PublicKey;
  readonly #currencies = new Map<CurrencyId, IssuedCurrency>();
  /** Places taken by guests, by the peer that brought them. */
  readonly #guests = new FairRoom();
  readonly #bringers = new Map<CurrencyId, string>();

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
        if (this.#isOurs(currency)) continue;
        const bringer = await this.#bringerOf(currency);
        this.#bringers.set(currency.id, bringer);
        this.#guests.add(bringer, 0);
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
    return currency !== undefined && this.#isOurs(currency);
  }

  /** The peer that brought a guest's currency, as a name for what is kept of it. */
  bringer(id: CurrencyId): string {
    return this.#bringers.get(id) ?? '';
  }

  values(): readonly IssuedCurrency[] {
    return [...this.#currencies.values()];
  }

  /**
   * Takes in the currency `id` out of its block, which the peer `from` brings. `undefined` when the bytes are no such
   * block, do not name a key of this store, the owner does not serve it, or the peer has its share of the places that
   * are left (the node's own currencies always fit).
   */
  async learn(id: CurrencyId, bytes: Uint8Array, from: string): Promise<IssuedCurrency | undefined> {
    const known = this.#currencies.get(id);
    if (known !== undefined) return known;
    const block: HalfBlock = decodeHalfBlock(bytes, this.#crypto);
    const currency = currencyOfBlock(block);
    const isOurs = this.#isOurs(currency);
    if (!isOurs && !this.#hasRoom(from)) return undefined;
    if (currency.id !== id || !this.namesUs(currency.notaries) || !this.#serve(currency)) return undefined;
    if (!(await this.#verify.all([verifyItem(block)]))) return undefined;
    // Others may have come while it was being verified; from here to the place there is no wait.
    const meanwhile = this.#currencies.get(id);
    if (meanwhile !== undefined) return meanwhile;
    if (!isOurs && !this.#hasRoom(from)) return undefined;
    if (!isOurs) this.#guests.add(from, 0);
    try {
      await this.#store.setMany([
        [PREFIX + id, bytes],
        ...(isOurs ? [] : [[BROUGHT_PREFIX + id, utf8ToBytes(from)] as const]),
      ]);
    } catch (error) {
      if (!isOurs) this.#guests.remove(from, 0);
      throw error;
    }
    // Two peers may have brought it at once: it takes one place.
    if (this.#currencies.has(id) && !isOurs) this.#guests.remove(from, 0);
    else if (!isOurs) this.#bringers.set(id, from);
    this.#currencies.set(id, currency);
    return currency;
  }

  #isOurs({ issuer }: IssuedCurrency): boolean {
    return equalBytes(issuer, this.#self);
  }

  #hasRoom(from: string): boolean {
    const free = MAX_CURRENCIES - this.#guests.held.count;
    return this.#guests.hasRoom(from, { count: free, bytes: Number.POSITIVE_INFINITY });
  }

  /** Of currencies that earlier versions took in only the issuer is known. */
  async #bringerOf({ id, issuer }: IssuedCurrency): Promise<string> {
    const name = await this.#store.get(BROUGHT_PREFIX + id);
    return name === undefined || name.length > MAX_NAME ? publicKeyToHex(issuer) : bytesToUtf8(name);
  }

  /** Whether one of the keys is made by this store. */
  namesUs(keys: readonly PublicKey[]): boolean {
    return keys.some((key) => this.#keys.signer(key) !== undefined);
  }
}
