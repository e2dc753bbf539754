import type {
  AbortOptions,
  BlockId,
  Crypto,
  HalfBlock,
  KeyValueStore,
  PublicKey,
  Trustchain,
} from '@edmp/interface';
import { equalBytes, throwIfAborted } from '@edmp/interface';
import { isCurvePoint } from '@edmp/interface/implement';
import { CID } from 'multiformats/cid';
import {
  CURRENCY_TYPE,
  type Currency,
  type CurrencyId,
  currencyToTx,
  type IssuedCurrency,
  MAX_PRECISION,
} from '../asset/currency.ts';
import { type CurrencyRegister, MAX_CURRENCIES } from '../asset/currency-register.ts';
import { MAX_MEMO } from '../blocks/spending.ts';
import { MarketError } from '../errors.ts';
import type { CallOptions, CurrencyOffer, Transfer } from '../market.ts';
import type { Once } from '../records/once.ts';
import type { Spender } from '../wallet/spender.ts';
import { payTokens, type TokenWalletNeeds } from '../wallet/token-wallet.ts';
import {
  amountArgument,
  currencyArgument,
  keyOption,
  lineArgument,
  objectOf,
  optionsOf,
  publicKeyArgument,
  publicKeysArgument,
  textArgument,
  wholeArgument,
} from './arguments.ts';
import type { CurrencyExchange } from './currency-exchange.ts';
import { knownCurrency } from './order-checks.ts';
import { decodeSigningTrace, encodeSigningTrace, signedBefore, traceOf } from './signed-before.ts';

/** Most notaries of a currency. */
const MAX_NOTARIES = 7;

/** What a {@link MoneyDesk} needs. */
/** Prefix of the records of currencies that the owner added: their signed blocks by id. */
const ADDED = 'market/added-currency/';

export interface MoneyDeskNeeds {
  readonly trustchain: Pick<Trustchain, 'self' | 'store' | 'source'>;
  readonly crypto: Pick<Crypto, 'sha256'>;
  readonly currencies: CurrencyRegister;
  readonly exchange: CurrencyExchange;
  readonly once: Once;
  readonly records: KeyValueStore;
  readonly spender: Spender;
  readonly wallet: TokenWalletNeeds;
  /** Statement keys under which this node itself is a notary. */
  readonly ownNotaries: readonly PublicKey[];
}

/** Opens currencies, pays and claims. */
export class MoneyDesk {
  readonly #needs: MoneyDeskNeeds;

  constructor(needs: MoneyDeskNeeds) {
    this.#needs = needs;
  }

  async issueCurrency(offer: CurrencyOffer, given?: CallOptions): Promise<Currency> {
    const options = optionsOf(given, 'options');
    const key = keyOption(options);
    const fields = objectOf(offer, 'currency');
    const label = textArgument(fields.label, 12, 'currency.label');
    const precision = wholeArgument(fields.precision, 0, MAX_PRECISION, 'currency.precision');
    const notaries =
      fields.notaries === undefined
        ? this.#defaultNotaries()
        : publicKeysArgument(fields.notaries, MAX_NOTARIES, 'currency.notaries');
    if (!notaries.every(isCurvePoint)) {
      throw new MarketError(
        'ERR_MARKET_FORMAT',
        'currency.notaries: one of them is no point of the curve, so nobody can have its key, and nothing would ever be certified',
      );
    }
    const tx = currencyToTx({ label, precision, notaries });
    throwIfAborted(options.signal);
    const { crypto, once, trustchain, currencies } = this.#needs;
    const id = await once.run({
      call: 'issue currency',
      key,
      arguments: tx,
      signal: options.signal,
      work: async (mark) => {
        this.#expectNewLabel(label);
        await mark(encodeSigningTrace(await traceOf(trustchain, crypto, { type: CURRENCY_TYPE, tx })));
        throwIfAborted(options.signal);
        const block = await trustchain.source({ type: CURRENCY_TYPE, tx }, options);
        this.#take(block);
        return block.id.toString();
      },
      find: (trace) =>
        signedBefore(trustchain, crypto, decodeSigningTrace(trace), (taken) => once.isResult(taken)),
    });
    return knownCurrency(currencies.get(id), id);
  }

  /** A currency is shown by its label and its issuer, so two of one issuer with one label look the same to everybody. */
  #expectNewLabel(label: string): void {
    const { currencies, trustchain } = this.#needs;
    const same = currencies
      .values()
      .find((one) => one.kind === 'issued' && one.label === label && equalBytes(one.issuer, trustchain.self));
    if (same === undefined) return;
    throw new MarketError(
      'ERR_CURRENCY_LABEL',
      `This node has issued a currency ${label} already, ${same.id}; nobody could tell a second one from it, so take another label`,
    );
  }

  async addCurrency(block: Uint8Array): Promise<Currency> {
    if (!(block instanceof Uint8Array)) {
      throw new MarketError(
        'ERR_MARKET_FORMAT',
        'block: expected the bytes of a signed market/currency block',
      );
    }
    const currency = await this.#needs.exchange.add(block);
    if (currency === undefined) {
      throw new MarketError(
        'ERR_MARKET_FORMAT',
        'block: it opens no currency, or no more currencies can be kept',
      );
    }
    await this.#needs.records.set(ADDED + currency.id, block);
    this.#needs.currencies.pin(currency.id);
    return currency;
  }

  /** Takes up the currencies that were added before. */
  async restore(): Promise<void> {
    for (const [, block] of await this.#needs.records.range(ADDED, { limit: MAX_CURRENCIES })) {
      const currency = await this.#needs.exchange.add(block);
      if (currency !== undefined) this.#needs.currencies.pin(currency.id);
    }
  }

  currencyBlock(id: CurrencyId): HalfBlock {
    const currency = this.#needs.currencies.get(currencyArgument(id, 'currency'));
    if (currency?.kind === 'issued') return currency.block;
    throw new MarketError(
      'ERR_CURRENCY_UNKNOWN',
      `No block opened the currency ${id.slice(0, 80)}, or it is not known here`,
    );
  }

  async transfer(transfer: Transfer, given?: CallOptions): Promise<BlockId> {
    const options = optionsOf(given, 'options');
    keyOption(options);
    const fields = objectOf(transfer, 'transfer');
    const to = publicKeyArgument(fields.to, 'transfer.to');
    const amount = amountArgument(fields.amount, 'transfer.amount');
    const memo = fields.memo === undefined ? undefined : lineArgument(fields.memo, MAX_MEMO, 'transfer.memo');
    const currency = await this.#currency(fields.currency, options);
    return CID.parse(await payTokens(this.#needs.wallet, { currency, to, amount, memo }, options));
  }

  async claim(id: CurrencyId, given?: AbortOptions): Promise<BlockId | null> {
    const options = optionsOf(given, 'options');
    const currency = await this.#currency(id, options);
    return (await this.#needs.spender.claim(currency.id, options))?.id ?? null;
  }

  async #currency(id: unknown, options: AbortOptions): Promise<Currency> {
    const checked = currencyArgument(id, 'currency');
    const { currencies, exchange } = this.#needs;
    const known = currencies.get(checked) ?? (await exchange.find(checked, [], options));
    return knownCurrency(known, checked);
  }

  #defaultNotaries(): readonly PublicKey[] {
    const [own] = this.#needs.ownNotaries;
    if (own !== undefined) return [own];
    throw new MarketError(
      'ERR_CURRENCY_UNKNOWN',
      'A currency needs notaries: name 1, 4 or 7 statement keys, or let this node serve as notary',
    );
  }

  #take(block: HalfBlock): IssuedCurrency | undefined {
    const currency = this.#needs.currencies.add(block);
    if (currency !== undefined) this.#needs.currencies.pin(currency.id);
    return currency;
  }
}
