import type { AbortOptions } from '@edmp/interface';
import { currencyBlock, currencyRequest, idParams, nothing, transferRequest } from '../../http/requests.ts';
import { claim, currency, transfer, wallet, walletTransaction } from '../../http/views.ts';
import type { CurrencyRequest, TransferRequest } from '../../service.ts';
import {
  idOfPath,
  idWithEmptyBody,
  listed,
  nothingTaken,
  type OperationsOf,
  operation,
  plain,
  wholeBody,
} from '../operation.ts';

/** Kinds of money, balances, and payments outside a deal. */
export const walletOperations: OperationsOf<
  'currencies' | 'issueCurrency' | 'addCurrency' | 'transfer' | 'claim' | 'wallets' | 'transactions'
> = {
  currencies: operation({
    method: 'get',
    path: '/v1/currencies',
    summary: 'Currencies that this node knows, test money first',
    access: 'public',
    takes: nothingTaken,
    gives: listed('currencies', currency),
  }),
  issueCurrency: operation({
    method: 'post',
    path: '/v1/currencies',
    summary: "Open a currency of this node's own; its notaries are fixed for good",
    access: 'write',
    status: 201,
    body: currencyRequest,
    errors: ['ERR_CURRENCY_LABEL'],
    takes: wholeBody<CurrencyRequest>(),
    gives: plain(currency),
  }),
  addCurrency: operation({
    method: 'post',
    path: '/v1/currencies/known',
    summary: 'Add a currency by the signed block that opened it',
    access: 'write',
    status: 201,
    body: currencyBlock,
    errors: ['ERR_CURRENCY_BROKEN'],
    takes: {
      parts: (block: Uint8Array, _?: AbortOptions) => ({ body: { block } }),
      args: ({ body }, options) => [body.block, options],
    },
    gives: plain(currency),
  }),
  transfer: operation({
    method: 'post',
    path: '/v1/wallets/{id}/transfers',
    summary: "Pay outside a trade; from a currency's issuer this mints",
    access: 'write',
    status: 201,
    params: idParams,
    body: transferRequest,
    errors: ['ERR_NODE_NOT_FOUND', 'ERR_WALLET_INSUFFICIENT', 'ERR_WALLET_UNSUPPORTED'],
    takes: {
      parts: ({ wallet: id, ...body }: TransferRequest, _?: AbortOptions) => ({ params: { id }, body }),
      args: ({ params, body }, options) => [{ wallet: params.id, ...body }, options],
    },
    gives: plain(transfer),
  }),
  claim: operation({
    method: 'post',
    path: '/v1/wallets/{id}/claims',
    summary: 'Take incomes and refunds into the account; spending does it by itself',
    access: 'write',
    params: idParams,
    body: nothing,
    errors: ['ERR_NODE_NOT_FOUND', 'ERR_WALLET_UNSUPPORTED'],
    takes: idWithEmptyBody,
    gives: plain(claim),
  }),
  wallets: operation({
    method: 'get',
    path: '/v1/wallets',
    summary: 'Wallets with their balances',
    access: 'private',
    takes: nothingTaken,
    gives: listed('wallets', wallet),
  }),
  transactions: operation({
    method: 'get',
    path: '/v1/wallets/{id}/transactions',
    summary: 'Movements of one wallet, oldest first',
    access: 'private',
    params: idParams,
    errors: ['ERR_NODE_NOT_FOUND'],
    takes: idOfPath,
    gives: listed('transactions', walletTransaction),
  }),
};
