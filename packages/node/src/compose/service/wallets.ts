import { publicKeyFromHex, publicKeyToHex, type Wallet } from '@edmp/interface';
import { DUM1, DUM2, type Market } from '@edmp/market';
import type { WalletService } from '../../service.ts';
import { NodeError } from '../errors.ts';
import { type CurrencyNames, currencyView } from '../views.ts';

/** What {@link wallets} works with. */
export interface WalletNeeds {
  readonly market: Market;
  readonly names: CurrencyNames;
}

/** Kinds of money, balances and payments. */
export function wallets({ market, names }: WalletNeeds): WalletService {
  return {
    currencies: async () =>
      market
        .currencies()
        .map((currency) => currencyView(currency, market.self, market.isChosenCurrency(currency.id))),
    async issueCurrency({ label, precision = 2, notaries }, options) {
      const currency = await market.issueCurrency(
        {
          label,
          precision,
          ...(notaries === undefined ? {} : { notaries: notaries.map(publicKeyFromHex) }),
        },
        options,
      );
      return currencyView(currency, market.self, true);
    },
    addCurrency: async (block, options) =>
      currencyView(await market.addCurrency(block, options), market.self, true),
    async transfer({ wallet, to, amount, memo }, options) {
      walletOf(market, wallet);
      const payment = { currency: wallet, to: publicKeyFromHex(to), amount };
      const id = await market.transfer(memo === undefined ? payment : { ...payment, memo }, options);
      return { id: id.toString() };
    },
    async claim(wallet, options) {
      walletOf(market, wallet);
      return { id: (await market.claim(wallet, options))?.toString() ?? null };
    },

    async wallets() {
      return Promise.all(
        market.wallets().map(async (wallet) => ({
          id: wallet.id,
          name: wallet.name,
          address: wallet.address(),
          precision: wallet.precision,
          minUnit: wallet.minUnit,
          symbol: wallet.id === 'EW' ? 'EW' : names(wallet.id),
          test: wallet.id === DUM1.id || wallet.id === DUM2.id,
          ...(await wallet.balance()),
        })),
      );
    },

    async transactions(id) {
      const wallet = walletOf(market, id);
      const trades = new Set(market.trades().map((trade) => trade.id));
      return (await wallet.transactions()).map((movement) => ({
        ...movement,
        counterparty: movement.counterparty === null ? null : publicKeyToHex(movement.counterparty),
        trade: trades.has(movement.id) ? movement.id : null,
      }));
    },
  };
}

function walletOf(market: Market, id: string): Wallet {
  const wallet = market.wallets().find((candidate) => candidate.id === id);
  if (wallet !== undefined) return wallet;
  throw new NodeError('ERR_NODE_NOT_FOUND', `There is no wallet ${JSON.stringify(id.slice(0, 80))}`);
}
