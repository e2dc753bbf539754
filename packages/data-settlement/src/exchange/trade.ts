import { EdmpError, equalBytes, type SettlementTrade } from '@edmp/interface';
import { isAssetId } from '@edmp/interface/dataset';
import { SettlementError } from '../errors.ts';

/** Checks the shape of what a caller says about a trade. Throws `ERR_INVALID_ARGUMENT`. */
export function checkTrade(trade: SettlementTrade): void {
  for (const field of ['tradeId', 'seller', 'buyer', 'recipientKey'] as const) {
    const bytes: unknown = trade[field];
    if (!(bytes instanceof Uint8Array) || bytes.length !== 32) {
      throw new EdmpError('ERR_INVALID_ARGUMENT', `Expected ${field} of a trade to be 32 bytes`);
    }
  }
  if (!isAssetId(trade.asset)) {
    throw new EdmpError(
      'ERR_INVALID_ARGUMENT',
      `Expected a data asset, EW and the CID of a dataset document, got ${JSON.stringify(String(trade.asset).slice(0, 100))}`,
    );
  }
}

/** Checks that a known trade is asked about with the facts it was made with. Throws `ERR_SETTLEMENT_UNKNOWN_TRADE`. */
export function checkSameTrade(known: SettlementTrade, trade: SettlementTrade): void {
  const same =
    known.asset === trade.asset &&
    equalBytes(known.tradeId, trade.tradeId) &&
    equalBytes(known.seller, trade.seller) &&
    equalBytes(known.buyer, trade.buyer) &&
    equalBytes(known.recipientKey, trade.recipientKey);
  if (!same) {
    throw new SettlementError(
      'ERR_SETTLEMENT_UNKNOWN_TRADE',
      'A trade with this id exists with another asset, party or one-time key: nothing was done',
    );
  }
}
