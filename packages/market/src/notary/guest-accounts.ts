import { type KeyValueChange, type KeyValueStore, publicKeyToHex } from '@edmp/interface';
import type { CurrencyId, IssuedCurrency } from '../asset/currency.ts';
import { decodeCanonical, encodeCanonical, integerOf } from '../codec/fields.ts';
import { FairRoom } from './fair-room.ts';
import type { ServedCurrencies } from './served-currencies.ts';

const PREFIX = 'notary/guest-accounts/';
const ACCOUNT_PREFIX = 'notary/account/';

/**
 * How many accounts the currencies of guests have at a notary. Each is a block and a row for ever, and an issuer can pay
 * one unit to as many keys as it likes. Shared by the peers that brought the currencies; an account that is there goes on
 * whatever is full, and an issuer's own always fits: it is one a currency.
 */
export class GuestAccounts {
  readonly #store: KeyValueStore;
  readonly #currencies: ServedCurrencies;
  readonly #max: number;
  readonly #room = new FairRoom();
  /** Accounts of each guest currency, those that are being written included. */
  readonly #counts = new Map<CurrencyId, number>();

  constructor(store: KeyValueStore, currencies: ServedCurrencies, max: number) {
    this.#store = store;
    this.#currencies = currencies;
    this.#max = max;
  }

  /** Reads how many there are; those of earlier versions, which counted none, are counted. */
  async open(): Promise<void> {
    for (const { id } of this.#currencies.values()) {
      if (this.#currencies.isOwn(id)) continue;
      const row = await this.#store.get(PREFIX + id);
      const count =
        row === undefined
          ? await this.#countStored(id)
          : integerOf(decodeCanonical(row, 16, PREFIX), 0, Number.MAX_SAFE_INTEGER, PREFIX);
      this.#counts.set(id, count);
      const bringer = this.#currencies.bringer(id);
      for (let i = 0; i < count; i++) this.#room.add(bringer, 0);
    }
  }

  /** How many there are in all. */
  get size(): number {
    return this.#room.held.count;
  }

  /** Whether a new account of `author` fits. */
  hasRoom(currency: IssuedCurrency, authorHex: string): boolean {
    if (this.#currencies.isOwn(currency.id) || publicKeyToHex(currency.issuer) === authorHex) return true;
    const free = this.#max - this.#room.held.count;
    return this.#room.hasRoom(this.#currencies.bringer(currency.id), {
      count: free,
      bytes: Number.POSITIVE_INFINITY,
    });
  }

  /** Counts a new account; the changes go into the store together with its row. */
  take({ id }: IssuedCurrency): readonly KeyValueChange[] {
    if (this.#currencies.isOwn(id)) return [];
    const count = (this.#counts.get(id) ?? 0) + 1;
    this.#counts.set(id, count);
    this.#room.add(this.#currencies.bringer(id), 0);
    return [[PREFIX + id, encodeCanonical(count)]];
  }

  /** The row was not written after all. */
  giveBack({ id }: IssuedCurrency): void {
    if (this.#currencies.isOwn(id)) return;
    this.#counts.set(id, Math.max(0, (this.#counts.get(id) ?? 0) - 1));
    this.#room.remove(this.#currencies.bringer(id), 0);
  }

  /** One step an account: its rows lie together. */
  async #countStored(id: CurrencyId): Promise<number> {
    const prefix = `${ACCOUNT_PREFIX}${id}/`;
    let count = 0;
    for (let after: string | undefined; ; ) {
      const page = await this.#store.range(prefix, { limit: 1, ...(after === undefined ? {} : { after }) });
      const [key] = page[0] ?? [];
      const author = key?.slice(prefix.length).split('/')[0];
      if (author === undefined) return count;
      count += 1;
      // Behind every row of this author: they go on with a slash, which a zero follows.
      after = `${prefix}${author}0`;
    }
  }
}
