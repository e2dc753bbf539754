import type { Environment, TransferOptions, Wallet, WalletBalance, WalletTransaction } from '@edmp/interface';
import { bytesToHex, InvalidArgumentError, throwIfAborted } from '@edmp/interface';
import { MAX_AMOUNT } from '../asset/currency.ts';
import { MarketError } from '../errors.ts';
import { callKeyOf } from '../records/once.ts';

/** Accounts of one dummy bank: enough for a simulated town. */
const MAX_ACCOUNTS = 10_000;
/** Movements kept of one account; of more the oldest are summed up in one. */
const MAX_MOVEMENTS = 10_000;
/** Keys of payments remembered by one account. */
const MAX_KEYS = 1_000;

/** Options of {@link dummyBank}. */
export interface DummyBankOptions {
  readonly environment: Environment;
  /** Id of its money. Default `XDUM`. */
  readonly id?: string;
  /** Default `Dummy bank money`. */
  readonly name?: string;
  /** Decimals that a person sees. Default 2. */
  readonly precision?: number;
  /** Smallest payment, minor units. Default 1. */
  readonly minUnit?: bigint;
  /** How long a payment is on its way, ms. Default 0: it has arrived when `transfer` resolves. */
  readonly delayMs?: number;
}

/** A stand-in for money that is kept outside: a bank, or another chain. It lives in memory and is worth nothing. */
export interface DummyBank {
  /**
   * The wallet of an account, opened with `balance` minor units when it is new. Throws `ERR_INVALID_ARGUMENT` unless
   * the owner is 1 … 64 letters, digits, `.`, `-` or `_`.
   */
  wallet(owner: string, balance?: bigint): Wallet;
}

interface Movement extends Omit<WalletTransaction, 'status'> {
  /** From this moment on it counts, ms. */
  readonly arrives: number;
}

interface Account {
  readonly movements: Movement[];
  readonly verified: Set<string>;
  readonly byKey: Map<string, { readonly amount: bigint; readonly payee: string; readonly id: string }>;
}

/** A bank with no accounts. */
export function dummyBank(options: DummyBankOptions): DummyBank {
  const accounts = new Map<string, Account>();
  const bank: Bank = {
    environment: options.environment,
    id: options.id ?? 'XDUM',
    name: options.name ?? 'Dummy bank money',
    precision: options.precision ?? 2,
    minUnit: options.minUnit ?? 1n,
    delayMs: options.delayMs ?? 0,
    accounts,
  };
  return {
    wallet(owner, balance = 0n) {
      if (typeof owner !== 'string' || !/^[\w.-]{1,64}$/.test(owner)) {
        throw new InvalidArgumentError(
          'An account is named by 1 to 64 letters, digits, dots, hyphens or underscores',
        );
      }
      if (typeof balance !== 'bigint' || balance < 0n || balance > MAX_AMOUNT) {
        throw new InvalidArgumentError('An account opens with 0 … 2⁶³−1 minor units');
      }
      if (!accounts.has(owner)) {
        if (accounts.size >= MAX_ACCOUNTS) {
          throw new InvalidArgumentError(`A dummy bank has at most ${MAX_ACCOUNTS} accounts`);
        }
        accounts.set(owner, openAccount(bank, balance));
      }
      return new DummyWallet(bank, owner);
    },
  };
}

interface Bank extends Required<DummyBankOptions> {
  readonly accounts: Map<string, Account>;
}

function openAccount({ environment, id }: Bank, balance: bigint): Account {
  const now = environment.now();
  const opening: Movement = {
    id: 'opening',
    direction: 'in',
    asset: id,
    amount: balance,
    counterparty: null,
    time: now,
    arrives: now,
    description: 'Opening balance',
  };
  return { movements: balance > 0n ? [opening] : [], verified: new Set(), byKey: new Map() };
}

class DummyWallet implements Wallet {
  readonly id: string;
  readonly name: string;
  readonly precision: number;
  readonly minUnit: bigint;
  readonly #bank: Bank;
  readonly #owner: string;

  constructor(bank: Bank, owner: string) {
    this.id = bank.id;
    this.name = bank.name;
    this.precision = bank.precision;
    this.minUnit = bank.minUnit;
    this.#bank = bank;
    this.#owner = owner;
  }

  address(): string {
    return `${this.#bank.id.toLowerCase()}:${this.#owner}`;
  }

  async balance(): Promise<WalletBalance> {
    return this.#balance();
  }

  /** Without waiting: what is checked against it is taken in the same turn. */
  #balance(): WalletBalance {
    const now = this.#bank.environment.now();
    let available = 0n;
    let pending = 0n;
    for (const { direction, amount, arrives } of this.#account().movements) {
      if (direction === 'out') available -= amount;
      else if (arrives <= now) available += amount;
      else pending += amount;
    }
    return { available, held: 0n, pending, earned: 0n };
  }

  async transfer(amount: bigint, payee: string, options: TransferOptions = {}): Promise<string> {
    throwIfAborted(options.signal);
    if (typeof amount !== 'bigint' || amount < this.minUnit || amount > MAX_AMOUNT) {
      throw new MarketError(
        'ERR_ORDER_AMOUNT',
        `A payment is ${this.minUnit} … 2⁶³−1 minor units, got ${amount}`,
      );
    }
    const own = this.#account();
    const to = this.#payeeOf(payee);
    const key = options.key === undefined ? undefined : callKeyOf(options.key);
    const before = key === undefined ? undefined : own.byKey.get(key);
    if (before !== undefined) {
      if (before.amount === amount && before.payee === payee) return before.id;
      throw new MarketError('ERR_IDEMPOTENCY', `The key ${key} stood for another payment; use a new key`);
    }
    const { available } = this.#balance();
    if (amount > available) {
      throw new MarketError(
        'ERR_WALLET_INSUFFICIENT',
        `${available} ${this.id} are free, ${amount} are needed`,
      );
    }
    const { environment, delayMs } = this.#bank;
    const id = bytesToHex(environment.randomBytes(32));
    const time = environment.now();
    const common = { id, asset: this.id, amount, counterparty: null, time };
    add(own, { ...common, direction: 'out', arrives: time, description: `To ${payee}` });
    add(to, { ...common, direction: 'in', arrives: time + delayMs, description: `From ${this.address()}` });
    if (key !== undefined) remember(own, key, { amount, payee, id });
    return id;
  }

  async verify(payment: Parameters<Wallet['verify']>[0]): Promise<void> {
    const own = this.#account();
    const found = own.movements.find((one) => one.id === payment.id && one.direction === 'in');
    const arrived = found !== undefined && found.arrives <= this.#bank.environment.now();
    if (
      found === undefined ||
      !arrived ||
      found.amount !== payment.amount ||
      payment.payee !== this.address()
    ) {
      const what = `No payment ${String(payment.id).slice(0, 80)} of ${payment.amount} ${this.id} has come to this account`;
      throw new MarketError('ERR_WALLET_PAYMENT', what, { retryable: !arrived });
    }
    if (own.verified.has(payment.id)) {
      throw new MarketError('ERR_WALLET_PAYMENT', `The payment ${payment.id} was used before`);
    }
    own.verified.add(payment.id);
  }

  async transactions(): Promise<readonly WalletTransaction[]> {
    const now = this.#bank.environment.now();
    return this.#account().movements.map(({ arrives, ...movement }) => ({
      ...movement,
      status: arrives <= now ? 'final' : 'pending',
    }));
  }

  #account(): Account {
    const account = this.#bank.accounts.get(this.#owner);
    if (account === undefined) throw new InvalidArgumentError(`There is no account ${this.#owner}`);
    return account;
  }

  #payeeOf(address: string): Account {
    const prefix = `${this.#bank.id.toLowerCase()}:`;
    const account =
      typeof address === 'string' && address.startsWith(prefix) && address !== this.address()
        ? this.#bank.accounts.get(address.slice(prefix.length))
        : undefined;
    if (account === undefined) {
      throw new MarketError(
        'ERR_WALLET_PAYMENT',
        `Expected the address of somebody else's account, ${prefix}<name>`,
      );
    }
    return account;
  }
}

/** Appends a movement; what is long past becomes one opening balance. */
function add(account: Account, movement: Movement): void {
  account.movements.push(movement);
  if (account.movements.length <= MAX_MOVEMENTS) return;
  const old = account.movements.splice(0, MAX_MOVEMENTS / 2);
  let amount = 0n;
  for (const one of old) {
    amount += one.direction === 'in' ? one.amount : -one.amount;
    account.verified.delete(one.id);
  }
  const last = old.at(-1) ?? movement;
  const direction = amount < 0n ? 'out' : 'in';
  account.movements.unshift({
    ...last,
    id: 'carried over',
    direction,
    amount: amount < 0n ? -amount : amount,
    description: 'Carried over',
  });
}

function remember(
  account: Account,
  key: string,
  payment: { amount: bigint; payee: string; id: string },
): void {
  account.byKey.set(key, payment);
  if (account.byKey.size <= MAX_KEYS) return;
  const [oldest] = account.byKey.keys();
  if (oldest !== undefined) account.byKey.delete(oldest);
}
