import type { AbortOptions, Environment, HalfBlock, PublicKey, Trustchain } from '@edmp/interface';
import { AbortedError, equalBytes, isEdmpError, throwIfAborted, withDeadline } from '@edmp/interface';
import { type Currency, type CurrencyId, currencyName, MAX_AMOUNT } from '../asset/currency.ts';
import { type Money, sortClaims } from '../blocks/money.ts';
import { claimToTx, type Spending, spendingOf } from '../blocks/spending.ts';
import { CLAIM_TYPE } from '../blocks/types.ts';
import { MarketError } from '../errors.ts';
import type { Account } from '../ledger/account.ts';
import type { Hold } from '../ledger/hold.ts';
import type { Certificate } from '../notary/certificate.ts';
import type { Bookkeeper } from './bookkeeper.ts';
import { type Certifier, MAX_UNCERTIFIED } from './certifier.ts';
import { type ChosenClaims, largestClaims, NO_CLAIMS } from './claims.ts';

/** How long the notaries have to tell an account's last number before its first spending after a start, ms. */
const ACCOUNT_TIMEOUT_MS = 30_000;
/** How long witnesses are asked for outcomes while somebody waits for the money, ms. */
const OUTCOMES_TIMEOUT_MS = 10_000;
/** Holds asked about for one spending, 64 a request: the largest that a busy seller is owed. */
const MAX_ASKED = 1_024;
/** Holds in one request. */
const ASKED_AT_ONCE = 64;
/** Claim blocks made for one spending: 64 incomes each, so 2 048 incomes are gathered at once. */
const MAX_CLAIM_BLOCKS = 32;

/** What a spending block is to do. */
export interface SpendRequest {
  /** Minor units that leave the account; 0 only claims. */
  readonly pay: bigint;
  /** Who gets them, never oneself; null exactly when `pay` is 0. */
  readonly to: PublicKey | null;
  /**
   * Signs and stores the block that carries `money`. It is called once, and nothing else in the currency is signed
   * until it settles.
   */
  sign(money: Money): Promise<HalfBlock>;
}

/** The notaries' word on an account's newest spending. */
export interface KnownAccount {
  readonly n: number;
  /** Null while no quorum has signed. */
  readonly certificate: Certificate | null;
}

/** What {@link Spender} needs. */
export interface SpenderNeeds {
  readonly trustchain: Pick<Trustchain, 'self' | 'store' | 'propose' | 'finish'>;
  readonly currencyOf: (id: CurrencyId) => Currency | undefined;
  readonly books: Bookkeeper;
  readonly certifier: Certifier;
  /** Asks the notaries for this node's last number in a currency; undefined: it has none. */
  readonly lastKnown: (currency: CurrencyId, options: AbortOptions) => Promise<KnownAccount | undefined>;
  /** Takes blocks of this node's account back that its notaries have and its store has lost. */
  readonly learn: (currency: CurrencyId, options: AbortOptions) => Promise<unknown>;
  /** Asks the witnesses of holds for outcomes and takes those that there are into the ledger. */
  readonly settle: (holds: readonly Hold[], options: AbortOptions) => Promise<void>;
  readonly environment: Environment;
}

/** The one writer of this node's accounts: numbers are given out here and nowhere else, one after another. */
export class Spender {
  readonly #needs: SpenderNeeds;
  /** The end of each currency's queue of writers. */
  readonly #queues = new Map<CurrencyId, Promise<unknown>>();
  /** Issued currencies whose notaries have told this node's last number since the start. */
  readonly #caughtUp = new Set<CurrencyId>();
  /** Whether every block that was begun is signed; not known at the start, nor after a signature failed. */
  #settled = false;

  constructor(needs: SpenderNeeds) {
    this.#needs = needs;
  }

  /**
   * Spends: takes the number, gathers claims when the account alone does not cover `pay`, has the block signed, folds
   * it, and has it certified in the background.
   *
   * Throws `ERR_WALLET_INSUFFICIENT`, `ERR_ORDER_AMOUNT`, `ERR_CURRENCY_UNKNOWN`, `ERR_MONEY_FORK` (this account is
   * stopped), `ERR_MONEY_SUCCESSION` (the notaries know more of this account than this node), `ERR_NOTARY_LATER` (32
   * spendings wait for certificates), `ERR_ABORTED`, and what signing throws.
   */
  async spend(currency: CurrencyId, request: SpendRequest, options: AbortOptions = {}): Promise<Spending> {
    if (request.pay < 0n || request.pay > MAX_AMOUNT) {
      throw new MarketError('ERR_ORDER_AMOUNT', `A payment is 0 … 2⁶³−1 minor units, got ${request.pay}`);
    }
    return this.#inTurn(currency, () => this.#spend(currency, request, options), options);
  }

  /** Takes what can be claimed into the account, at most 64 incomes; undefined when there is nothing. */
  async claim(currency: CurrencyId, options: AbortOptions = {}): Promise<Spending | undefined> {
    return this.#inTurn(
      currency,
      async () => {
        const known = await this.#prepare(currency, options);
        await this.settleDue(currency, options);
        const chosen = largestClaims(this.#account(currency).claimable);
        if (chosen.claims.length === 0) return undefined;
        return this.#sign(known, chosen, this.#claimRequest());
      },
      options,
    );
  }

  /** The spending's certificate once it is there; null in test money. Throws `ERR_NOTARY_*`, `ERR_ABORTED`. */
  async certified(spending: Spending, options: AbortOptions = {}): Promise<Certificate | null> {
    const waiting = this.#needs.certifier.outcome(spending, options);
    if (waiting !== undefined) return waiting;
    if (this.#needs.currencyOf(spending.money.currency)?.kind !== 'issued') return null;
    this.#needs.certifier.add(spending);
    return (await this.#needs.certifier.outcome(spending, options)) ?? null;
  }

  /** After a start: goes on certifying what was signed and has no certificate. */
  async resume(currencies: Iterable<Currency>): Promise<void> {
    const { store, self } = this.#needs.trustchain;
    for (const { kind, id } of currencies) {
      if (kind !== 'issued') continue;
      const account = this.#needs.books.upToDate().account(self, id);
      const open: Spending[] = [];
      let at = account.head;
      while (at !== null && at.money.n > account.certified && open.length < MAX_UNCERTIFIED) {
        open.unshift(at);
        const before = at.money.prev === null ? undefined : await store.get(at.money.prev);
        at = before === undefined ? null : (spendingOf(before) ?? null);
      }
      for (const spending of open) this.#needs.certifier.add(spending);
    }
  }

  /** Whoever is called off while others are before it waits no longer; its turn then finds that out. */
  async #inTurn<T>(currency: CurrencyId, work: () => Promise<T>, { signal }: AbortOptions): Promise<T> {
    const before = this.#queues.get(currency);
    let hasBegun = false;
    const turn = (): Promise<T> => {
      hasBegun = true;
      return work();
    };
    const mine = (before ?? Promise.resolve()).then(turn, turn);
    this.#queues.set(currency, mine);
    const leave = (): void => {
      if (this.#queues.get(currency) === mine) this.#queues.delete(currency);
    };
    if (before === undefined || signal === undefined) {
      try {
        return await mine;
      } finally {
        leave();
      }
    }
    return new Promise((resolve, reject) => {
      const callOff = (): void => {
        if (!hasBegun) reject(new AbortedError(undefined, { cause: signal.reason }));
      };
      signal.addEventListener('abort', callOff, { once: true });
      if (signal.aborted) callOff();
      mine.then(resolve, reject).finally(() => {
        signal.removeEventListener('abort', callOff);
        leave();
      });
    });
  }

  async #spend(id: CurrencyId, request: SpendRequest, options: AbortOptions): Promise<Spending> {
    const currency = await this.#prepare(id, options);
    const mint = currency.kind === 'issued' && equalBytes(currency.issuer, this.#needs.trustchain.self);
    const chosen = mint ? NO_CLAIMS : await this.#gather(currency, request.pay, options);
    return this.#sign(currency, chosen, request);
  }

  /** Makes sure that the next number is really free. */
  async #prepare(id: CurrencyId, options: AbortOptions): Promise<Currency> {
    throwIfAborted(options.signal);
    const currency = this.#needs.currencyOf(id);
    if (currency === undefined) {
      throw new MarketError(
        'ERR_CURRENCY_UNKNOWN',
        `The currency ${id.slice(0, 80)} is not known here; add it first`,
      );
    }
    await this.#signaturesSettled(options);
    if (currency.kind === 'issued') await this.#catchUp(id, options);
    const account = this.#account(id);
    if (account.state !== 'ok') {
      throw new MarketError(
        account.state === 'forked' ? 'ERR_MONEY_FORK' : 'ERR_MONEY_SUCCESSION',
        `This node's account in ${currencyName(currency)} cannot go on: ${account.state}`,
      );
    }
    return currency;
  }

  async #catchUp(id: CurrencyId, options: AbortOptions): Promise<void> {
    const refusal = this.#needs.certifier.refusal(id);
    if (refusal !== undefined) throw refusal;
    if (this.#needs.certifier.pending(id) >= MAX_UNCERTIFIED) {
      throw new MarketError(
        'ERR_NOTARY_LATER',
        `${MAX_UNCERTIFIED} payments wait for their notaries; try again when some are certified`,
        { retryable: true },
      );
    }
    if (this.#caughtUp.has(id)) return;
    const known = await withDeadline(
      this.#needs.environment,
      ACCOUNT_TIMEOUT_MS,
      'Asking the notaries for the number of the last payment',
      (signal) => this.#needs.lastKnown(id, { signal }),
      options,
    );
    if (known !== undefined) {
      if (known.certificate !== null) this.#needs.books.takeCertificate(known.certificate);
      if (known.n > this.#account(id).n) await this.#learn(id, options);
      const { n } = this.#account(id);
      if (known.n > n) {
        throw new MarketError(
          'ERR_MONEY_SUCCESSION',
          `The notaries know payment ${known.n} of this account, this node only ${n}: it went back in time. Sync its own chain from its peers first`,
          { retryable: true, details: { known: known.n, here: n } },
        );
      }
    }
    this.#caughtUp.add(id);
  }

  async #learn(id: CurrencyId, options: AbortOptions): Promise<void> {
    await withDeadline(
      this.#needs.environment,
      ACCOUNT_TIMEOUT_MS,
      'Asking the notaries for blocks of this account',
      (signal) => this.#needs.learn(id, { signal }),
      options,
    ).catch((error: unknown) => {
      // What is still missing is told below.
      if (!isEdmpError(error, 'ERR_NOTARY_LATER')) throw error;
    });
  }

  /**
   * A block whose signature was interrupted, by a crash or a failing signer, is signed before any other: its number
   * must not be given out again.
   */
  async #signaturesSettled(options: AbortOptions): Promise<void> {
    if (this.#settled) return;
    await this.#needs.trustchain.finish(options);
    this.#settled = true;
  }

  /** Claims that cover what the account lacks; makes claim blocks of 64 when one block does not hold enough of them. */
  async #gather(currency: Currency, pay: bigint, options: AbortOptions): Promise<ChosenClaims> {
    let asked = false;
    for (let blocks = 0; blocks <= MAX_CLAIM_BLOCKS; ) {
      const { claimable, balance } = this.#account(currency.id);
      const missing = pay - balance;
      if (missing <= 0n) return NO_CLAIMS;
      const chosen = largestClaims(claimable);
      if (chosen.amount >= missing) return chosen;
      if (!asked) {
        asked = true;
        await this.settleDue(currency.id, options);
        continue;
      }
      if (chosen.claims.length === claimable.length) break;
      throwIfAborted(options.signal);
      await this.#sign(currency, chosen, this.#claimRequest());
      blocks++;
    }
    const { available } = this.#needs.books.upToDate().balance(this.#needs.trustchain.self, currency.id);
    throw new MarketError(
      'ERR_WALLET_INSUFFICIENT',
      `${available} ${currencyName(currency)} can be spent, ${pay} are needed`,
      { details: { free: available, cost: pay } },
    );
  }

  #claimRequest(): SpendRequest {
    const { trustchain } = this.#needs;
    return {
      pay: 0n,
      to: null,
      sign: (money) => trustchain.propose({ peer: trustchain.self, type: CLAIM_TYPE, tx: claimToTx(money) }),
    };
  }

  async #sign(currency: Currency, chosen: ChosenClaims, request: SpendRequest): Promise<Spending> {
    const account = this.#account(currency.id);
    const money: Money = {
      currency: currency.id,
      n: account.n + 1,
      prev: account.head?.id ?? null,
      claims: sortClaims(chosen.claims),
      pay: request.pay,
      to: request.to,
      balance: account.balance + chosen.amount - request.pay,
    };
    let block: HalfBlock;
    try {
      block = await request.sign(money);
    } catch (error) {
      this.#settled = false;
      throw error;
    }
    // The block is signed and stored: from here on it stands, whatever happens to whoever asked for it.
    this.#needs.books.takeBlock(block);
    const spending = spendingOf(block);
    if (spending === undefined || spending.money.n !== money.n) {
      throw new MarketError(
        'ERR_MARKET_FORMAT',
        `Expected a block with payment ${money.n}, got ${block.core.type}`,
      );
    }
    if (currency.kind === 'issued') this.#needs.certifier.add(spending);
    return spending;
  }

  /** Own holds without an outcome that can have one by now, the largest first: dust stands in nobody's way. */
  #undecided(currency: CurrencyId): readonly Hold[] {
    const { books, environment, trustchain } = this.#needs;
    const now = environment.now();
    const isTest = this.#needs.currencyOf(currency)?.kind === 'test';
    const due = books
      .upToDate()
      .holdsOf(trustchain.self)
      .filter((hold) => {
        if (hold.currency !== currency || hold.outcome !== null || hold.witnesses.length === 0) return false;
        // After the release deadline there is an outcome or, at the latest, one by the end of the complaint window;
        // a seller's receipt brings it sooner. In test money nobody claims incomes: a receipt is one by itself.
        if (now > hold.release) return true;
        return !isTest && hold.receipt !== null && !equalBytes(hold.buyer, trustchain.self);
      });
    due.sort((a, b) => (a.amount === b.amount ? 0 : a.amount > b.amount ? -1 : 1));
    return due.slice(0, MAX_ASKED);
  }

  /**
   * Asks what became of own holds whose deadlines allow an outcome, so that what they bring counts as available. What
   * the first requests bring stays, however slow the later ones are; silent witnesses are no error. Throws
   * `ERR_ABORTED`.
   */
  async settleDue(currency: CurrencyId, options: AbortOptions): Promise<void> {
    const { environment, settle } = this.#needs;
    const due = this.#undecided(currency);
    if (due.length === 0) return;
    await withDeadline(
      environment,
      OUTCOMES_TIMEOUT_MS,
      'Asking the witnesses what became of holds',
      async (signal) => {
        for (let at = 0; at < due.length; at += ASKED_AT_ONCE) {
          await settle(due.slice(at, at + ASKED_AT_ONCE), { signal });
        }
      },
      options,
    ).catch((error: unknown) => {
      // Silent witnesses leave the money where it is; what is there may still be enough.
      throwIfAborted(options.signal);
      void error;
    });
  }

  #account(currency: CurrencyId): Account {
    return this.#needs.books.upToDate().account(this.#needs.trustchain.self, currency);
  }
}
