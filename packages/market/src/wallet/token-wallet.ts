import type {
  AbortOptions,
  KeyValueStore,
  PaymentClaim,
  PublicKey,
  TransferOptions,
  Trustchain,
  Wallet,
  WalletBalance,
  WalletTransaction,
} from '@edmp/interface';
import {
  isPublicKeyHex,
  publicKeyFromHex,
  publicKeyToHex,
  throwIfAborted,
  utf8ToBytes,
} from '@edmp/interface';
import { isCurvePoint } from '@edmp/interface/implement';
import { type Currency, currencyName, MAX_AMOUNT } from '../asset/currency.ts';
import { spendingOf, transferToTx } from '../blocks/spending.ts';
import { TRANSFER_TYPE } from '../blocks/types.ts';
import { decodeCanonical, encodeCanonical, integerOf, mapOf, textOf } from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import type { Once } from '../records/once.ts';
import type { Bookkeeper } from './bookkeeper.ts';
import type { Spender } from './spender.ts';

/** Prefix of the records of payments that were used as proof once. */
const USED_PREFIX = 'market/payment/';

/** What token wallets need. */
export interface TokenWalletNeeds {
  readonly trustchain: Pick<Trustchain, 'self' | 'store' | 'propose'>;
  readonly books: Bookkeeper;
  readonly spender: Spender;
  readonly once: Once;
  readonly records: KeyValueStore;
  /** Minor units promised to open bids. */
  readonly promised: (currency: string) => bigint;
}

/** A payment outside any trade. */
export interface TokenPayment {
  readonly currency: Currency;
  readonly to: PublicKey;
  readonly amount: bigint;
  /** What the payee reads, at most 64 displayable characters. */
  readonly memo?: string | undefined;
}

/**
 * Pays `payment` and returns the id of its block; with a key it pays once. Throws `ERR_ORDER_AMOUNT`,
 * `ERR_WALLET_PAYMENT` (to oneself, or to what is nobody's key), `ERR_WALLET_INSUFFICIENT`, `ERR_IDEMPOTENCY`, and what spending throws.
 */
export async function payTokens(
  needs: TokenWalletNeeds,
  payment: TokenPayment,
  options: TransferOptions = {},
): Promise<string> {
  const { trustchain, books, spender, once } = needs;
  const { currency, to, amount, memo } = payment;
  throwIfAborted(options.signal);
  if (typeof amount !== 'bigint' || amount < 1n || amount > MAX_AMOUNT) {
    throw new MarketError('ERR_ORDER_AMOUNT', `A payment is 1 … 2⁶³−1 minor units, got ${String(amount)}`);
  }
  const payee = publicKeyToHex(to);
  if (payee === publicKeyToHex(trustchain.self)) {
    throw new MarketError('ERR_WALLET_PAYMENT', 'Expected the address of somebody else: nobody pays itself');
  }
  if (!isCurvePoint(to)) {
    throw new MarketError(
      'ERR_WALLET_PAYMENT',
      `Expected the address of somebody: ${payee} is no point of the curve, so nobody can have its key and the money would be lost`,
    );
  }
  return once.run({
    call: 'transfer',
    key: options.key,
    arguments: [currency.id, payee, amount.toString(), memo ?? null],
    signal: options.signal,
    async work(mark) {
      const spending = await spender.spend(
        currency.id,
        {
          pay: amount,
          to,
          async sign(money) {
            expectFree(books, needs.promised(currency.id), trustchain.self, currency, amount);
            await mark(encodeTrace(currency.id, money.n));
            throwIfAborted(options.signal);
            return trustchain.propose({ peer: to, type: TRANSFER_TYPE, tx: transferToTx(money, memo) });
          },
        },
        options,
      );
      return spending.key;
    },
    async find(trace) {
      const { id, n } = decodeTrace(trace);
      const found = await ownSpending(needs, id, n);
      const { money } = found ?? {};
      const same = money?.pay === amount && money.to !== null && publicKeyToHex(money.to) === payee;
      return same && found !== undefined && !once.isResult(found.key) ? found.key : undefined;
    },
  });
}

/** What open bids are promised is not paid out. An issuer's account is the mint and has no bottom. */
function expectFree(
  books: Bookkeeper,
  promised: bigint,
  self: PublicKey,
  currency: Currency,
  amount: bigint,
): void {
  if (currency.kind === 'issued' && publicKeyToHex(currency.issuer) === publicKeyToHex(self)) return;
  const free = books.upToDate().balance(self, currency.id).available - promised;
  if (amount > free) {
    throw new MarketError(
      'ERR_WALLET_INSUFFICIENT',
      `${free} ${currencyName(currency)} are free after open bids, ${amount} are needed`,
      { details: { free, cost: amount } },
    );
  }
}

/** The own spending with number `n`, walking back from the account's newest. */
async function ownSpending(needs: TokenWalletNeeds, currency: string, n: number) {
  const { trustchain, books } = needs;
  let at = books.upToDate().account(trustchain.self, currency).head;
  while (at !== null && at.money.n > n && at.money.prev !== null) {
    const before = await trustchain.store.get(at.money.prev);
    at = before === undefined ? null : (spendingOf(before) ?? null);
  }
  return at?.money.n === n ? at : undefined;
}

function encodeTrace(id: string, n: number): Uint8Array {
  return encodeCanonical({ v: 1, id, n });
}

function decodeTrace(bytes: Uint8Array): { readonly id: string; readonly n: number } {
  const fields = mapOf(decodeCanonical(bytes, 256, 'payment trace'), ['v', 'id', 'n'], 'payment trace');
  return {
    id: textOf(fields.id, 128, 'payment trace.id'),
    n: integerOf(fields.n, 1, Number.MAX_SAFE_INTEGER, 'payment trace.n'),
  };
}

/** A wallet of one currency over the token ledger; its address is the owner's key in hex. */
export function tokenWallet(needs: TokenWalletNeeds, currency: Currency): Wallet {
  return new TokenWallet(needs, currency);
}

class TokenWallet implements Wallet {
  readonly id: string;
  readonly name: string;
  readonly precision: number;
  readonly minUnit = 1n;
  readonly #needs: TokenWalletNeeds;
  readonly #currency: Currency;
  /** Payments whose use is being written down. */
  readonly #verifying = new Set<string>();

  constructor(needs: TokenWalletNeeds, currency: Currency) {
    this.id = currency.id;
    this.name = currency.kind === 'test' ? `${currency.label} (test money)` : currencyName(currency);
    this.precision = currency.precision;
    this.#needs = needs;
    this.#currency = currency;
  }

  address(): string {
    return publicKeyToHex(this.#needs.trustchain.self);
  }

  async balance(options: AbortOptions = {}): Promise<WalletBalance> {
    throwIfAborted(options.signal);
    return this.#needs.books.upToDate().balance(this.#needs.trustchain.self, this.id);
  }

  async transfer(amount: bigint, payee: string, options: TransferOptions = {}): Promise<string> {
    if (!isPublicKeyHex(payee)) {
      throw new MarketError(
        'ERR_WALLET_PAYMENT',
        'Expected the address of somebody else: 64 lower-case hex characters of a public key',
      );
    }
    return payTokens(this.#needs, { currency: this.#currency, to: publicKeyFromHex(payee), amount }, options);
  }

  async verify(payment: PaymentClaim, options: AbortOptions = {}): Promise<void> {
    throwIfAborted(options.signal);
    const found = (await this.transactions()).find(
      (movement) => movement.id === payment.id && movement.direction === 'in',
    );
    const right =
      found !== undefined &&
      found.counterparty !== null &&
      found.amount === payment.amount &&
      payment.payee === this.address();
    if (!right || found.status !== 'final') {
      throw new MarketError(
        'ERR_WALLET_PAYMENT',
        `No final payment ${String(payment.id).slice(0, 80)} of ${payment.amount} ${currencyName(this.#currency)} to this wallet is known`,
        { retryable: found === undefined || (right && found.status === 'pending') },
      );
    }
    await this.#useOnce(payment.id);
  }

  async transactions(options: AbortOptions = {}): Promise<readonly WalletTransaction[]> {
    throwIfAborted(options.signal);
    return this.#needs.books.upToDate().movements(this.#needs.trustchain.self, this.id);
  }

  async #useOnce(id: string): Promise<void> {
    const key = USED_PREFIX + id;
    const used = (): MarketError =>
      new MarketError('ERR_WALLET_PAYMENT', `The payment ${id} was used before`);
    if (this.#verifying.has(id)) throw used();
    this.#verifying.add(id);
    try {
      if ((await this.#needs.records.get(key)) !== undefined) throw used();
      await this.#needs.records.set(key, utf8ToBytes(this.address()));
    } finally {
      this.#verifying.delete(id);
    }
  }
}
