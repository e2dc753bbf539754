import type { AssetId, PublicKey, TxValue, TypeRule } from '@edmp/interface';
import { isCurrencyId } from '../asset/currency.ts';
import { amountOf, amountToTx, integerOf, keyOf, mapOf, textOf } from '../codec/fields.ts';
import { MarketError } from '../errors.ts';
import { issuesOf } from '../order/rules.ts';

/** An issuer mints community tokens. */
export const ISSUE_TYPE = 'market/issue';
/** A payment outside any trade, to the block's counterparty. */
export const TRANSFER_TYPE = 'market/transfer';

/** Transaction of `market/issue`. */
export interface IssueTx {
  readonly currency: AssetId;
  readonly to: PublicKey;
  /** Minor units, at least 1. */
  readonly amount: bigint;
}

/** Transaction of `market/transfer`; the payee is the block's counterparty. */
export interface TransferTx {
  readonly currency: AssetId;
  /** Minor units, at least 1. */
  readonly amount: bigint;
}

function currencyOf(value: unknown, where: string): AssetId {
  const text: string = textOf(value, 12, where);
  if (!isCurrencyId(text)) {
    throw new MarketError('ERR_MARKET_FORMAT', `${where}: expected a currency id, got ${text}`);
  }
  return text;
}

/** Value of an {@link IssueTx}. */
export function issueToTx(issue: IssueTx): TxValue {
  return { v: 1, currency: issue.currency, to: issue.to, amount: amountToTx(issue.amount) };
}

/** Reads an issue's transaction. Throws `ERR_MARKET_FORMAT`. */
export function decodeIssueTx(tx: TxValue): IssueTx {
  const fields = mapOf(tx, ['v', 'currency', 'to', 'amount'], 'issue');
  integerOf(fields.v, 1, 1, 'issue.v');
  return {
    currency: currencyOf(fields.currency, 'issue.currency'),
    to: keyOf(fields.to, 'issue.to'),
    amount: amountOf(fields.amount, 1n, 'issue.amount'),
  };
}

/** Value of a {@link TransferTx}. */
export function transferToTx(transfer: TransferTx): TxValue {
  return { v: 1, currency: transfer.currency, amount: amountToTx(transfer.amount) };
}

/** Reads a transfer's transaction. Throws `ERR_MARKET_FORMAT`. */
export function decodeTransferTx(tx: TxValue): TransferTx {
  const fields = mapOf(tx, ['v', 'currency', 'amount'], 'transfer');
  integerOf(fields.v, 1, 1, 'transfer.v');
  return {
    currency: currencyOf(fields.currency, 'transfer.currency'),
    amount: amountOf(fields.amount, 1n, 'transfer.amount'),
  };
}

/** Rule of `market/issue`. Who may issue what is the ledger's question. */
export const issueRule: TypeRule = {
  checkProposal: (block) => issuesOf(() => decodeIssueTx(block.core.tx)),
  deadline: () => null,
};

/** Rule of `market/transfer`. */
export const transferRule: TypeRule = {
  checkProposal: (block) => issuesOf(() => decodeTransferTx(block.core.tx)),
  deadline: () => null,
};
