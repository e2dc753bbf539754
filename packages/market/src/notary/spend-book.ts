import type { BlockId, Crypto, KeyValueChange, KeyValueStore, PublicKeyHex } from '@edmp/interface';
import { boundedMap } from '@edmp/interface/bounded';
import { decodeHalfBlock, MAX_BLOCK_BYTES } from '@edmp/trustchain/block';
import type { CurrencyId } from '../asset/currency.ts';
import { type Spending, spendingOf } from '../blocks/spending.ts';
import {
  boundedBytesOf,
  decodeCanonical,
  encodeCanonical,
  integerOf,
  listOf,
  mapOf,
} from '../codec/fields.ts';
import { orNull } from '../codec/optional.ts';
import { MarketError } from '../errors.ts';
import { MAX_CERTIFICATE_BYTES } from './certificate.ts';

/** Accounts kept in memory: some hundred bytes and a block each. */
const MAX_CACHED = 10_000;

/** What a notary knows of one account: everything it signs rests on this. */
export interface NotaryAccount {
  /** The newest block that it signed, or saw certified. */
  readonly head: Spending;
  /** Number of the newest block known certified; 0 = none. */
  readonly certified: number;
  /** The newest spend certificate that it was shown. */
  readonly certificate: Uint8Array | null;
  /** Two blocks of the author with one number: it spends nothing more. */
  readonly fork: readonly [Uint8Array, Uint8Array] | null;
}

/** What one commit adds to an account. */
export interface AccountCommit {
  readonly account: NotaryAccount;
  /** Blocks that are bound to their number from now on. */
  readonly blocks: readonly Spending[];
  /** What else is written with it. */
  readonly more?: readonly KeyValueChange[];
}

/** Everything about one account lies together: a commit then touches few pages of the store. */
const accountPrefix = (currency: CurrencyId, author: PublicKeyHex): string =>
  `notary/account/${currency}/${author}/`;
/** Behind the numbers: it lies beside the newest block, on the page that every commit changes anyway. */
const accountKey = (currency: CurrencyId, author: PublicKeyHex): string =>
  `${accountPrefix(currency, author)}tip`;
/** Where stores of earlier versions have it; read only while there is nothing newer. */
const earlierAccountKey = (currency: CurrencyId, author: PublicKeyHex): string =>
  `${accountPrefix(currency, author)}head`;
const slotKey = (currency: CurrencyId, author: PublicKeyHex, n: number): string =>
  `${accountPrefix(currency, author)}n/${n.toString(36).padStart(11, '0')}`;
const claimKey = (currency: CurrencyId, author: PublicKeyHex, income: string): string =>
  `${accountPrefix(currency, author)}claim/${income}`;

/**
 * The durable half of the spend rule: one block for each (currency, author, number), one claim for each income of an
 * account. Whoever changes an account holds its lock; a commit is one atomic write, before anything is said.
 */
export class SpendBook {
  readonly #store: KeyValueStore;
  readonly #crypto: Pick<Crypto, 'sha256'>;
  readonly #cache = boundedMap<string, NotaryAccount>({ max: MAX_CACHED, refresh: true });
  /** Commits that ended, well or not, and those under way. */
  #writes = 0;
  #writing = 0;

  constructor(store: KeyValueStore, crypto: Pick<Crypto, 'sha256'>) {
    this.#store = store;
    this.#crypto = crypto;
  }

  /** At once when it is in memory. */
  account(
    currency: CurrencyId,
    author: PublicKeyHex,
  ): NotaryAccount | undefined | Promise<NotaryAccount | undefined> {
    return this.#cache.get(accountKey(currency, author)) ?? this.#read(currency, author);
  }

  async #read(currency: CurrencyId, author: PublicKeyHex): Promise<NotaryAccount | undefined> {
    const key = accountKey(currency, author);
    const writes = this.#writes;
    const row = (await this.#store.get(key)) ?? (await this.#store.get(earlierAccountKey(currency, author)));
    if (row === undefined) return undefined;
    const { n, ...account } = decodeAccount(row);
    const head = await this.slot(currency, author, n);
    if (head === undefined) throw damaged(key);
    const read: NotaryAccount = { head, ...account };
    // Questions hold no lock: what was read while anything was being written may be what was there before.
    if (this.#writes === writes && this.#writing === 0) this.#cache.set(key, read);
    return read;
  }

  /** The block that is bound to a number. */
  async slot(currency: CurrencyId, author: PublicKeyHex, n: number): Promise<Spending | undefined> {
    const key = slotKey(currency, author, n);
    const bytes = await this.#store.get(key);
    if (bytes === undefined) return undefined;
    const spending = spendingOf(decodeHalfBlock(bytes, this.#crypto));
    if (spending === undefined) throw damaged(key);
    return spending;
  }

  /** Blocks that are bound to the number `from` and higher ones, in order, `limit` at most. */
  async slots(
    currency: CurrencyId,
    author: PublicKeyHex,
    from: number,
    limit: number,
  ): Promise<readonly Spending[]> {
    const after = slotKey(currency, author, from - 1);
    const rows = await this.#store.range(`${accountPrefix(currency, author)}n/`, { after, limit });
    return rows.map(([key, bytes]) => {
      const spending = spendingOf(decodeHalfBlock(bytes, this.#crypto));
      if (spending === undefined) throw damaged(key);
      return spending;
    });
  }

  /** Whether the account has claimed an income. */
  async claimed(currency: CurrencyId, author: PublicKeyHex, income: BlockId): Promise<boolean> {
    return (await this.#store.get(claimKey(currency, author, income.toString()))) !== undefined;
  }

  /** The commit point: what is in it may be signed when the promise has resolved, and nothing else. */
  async commit(currency: CurrencyId, author: PublicKeyHex, commit: AccountCommit): Promise<void> {
    const changes: KeyValueChange[] = [...(commit.more ?? [])];
    for (const spending of commit.blocks) {
      changes.push([slotKey(currency, author, spending.money.n), spending.block.bytes]);
      for (const claim of spending.money.claims) {
        changes.push([claimKey(currency, author, claim.id.toString()), encodeCanonical(spending.money.n)]);
      }
    }
    const key = accountKey(currency, author);
    changes.push([key, encodeAccount(commit.account)]);
    // Whatever a failed write left behind is read again.
    this.#cache.delete(key);
    this.#writing++;
    try {
      await this.#store.setMany(changes);
      this.#cache.set(key, commit.account);
    } finally {
      this.#writes++;
      this.#writing--;
    }
  }
}

function damaged(key: string): MarketError {
  return new MarketError(
    'ERR_MARKET_FORMAT',
    `The notary's store is damaged at ${key}: it signs nothing for this account`,
  );
}

function encodeAccount({ head, certified, certificate, fork }: NotaryAccount): Uint8Array {
  return encodeCanonical({
    v: 1,
    n: head.money.n,
    certified,
    certificate,
    fork: fork === null ? null : [...fork],
  });
}

function decodeAccount(bytes: Uint8Array): Omit<NotaryAccount, 'head'> & { readonly n: number } {
  const where = 'notary account';
  const fields = mapOf(
    decodeCanonical(bytes, 2 * MAX_BLOCK_BYTES + MAX_CERTIFICATE_BYTES + 256, where),
    ['v', 'n', 'certified', 'certificate', 'fork'],
    where,
  );
  integerOf(fields.v, 1, 1, where);
  return {
    n: integerOf(fields.n, 1, Number.MAX_SAFE_INTEGER, where),
    certified: integerOf(fields.certified, 0, Number.MAX_SAFE_INTEGER, where),
    certificate: orNull(fields.certificate, (item) => boundedBytesOf(item, MAX_CERTIFICATE_BYTES, where)),
    fork: orNull(fields.fork, (pair) => {
      const [a, b] = listOf(pair, 2, where).map((item) => boundedBytesOf(item, MAX_BLOCK_BYTES, where));
      if (a === undefined || b === undefined) throw damaged(where);
      return [a, b] as const;
    }),
  };
}
