import { EdmpError, equalBytes, type SettlementTrade } from '@edmp/interface';
import { isAssetId } from '@edmp/interface/dataset';
import { SettlementError } from '../errors.ts';
import { type KeySuite, keySuiteOf } from '../sealing/key-suite.ts';

/**
 * Checks the shape of what a caller says about a trade, and gives its suite. Throws `ERR_INVALID_ARGUMENT`, or
 * `ERR_SETTLEMENT_SUITE` when that is none of `suites`.
 */
export function checkTrade(trade: SettlementTrade, suites: readonly KeySuite[]): KeySuite {
  const suite = keySuiteOf(suites, trade.suite);
  for (const field of ['tradeId', 'seller', 'buyer', 'recipientKey'] as const) {
    const bytes: unknown = trade[field];
    const length = field === 'recipientKey' ? suite.kem.publicKeyBytes : 32;
    if (!(bytes instanceof Uint8Array) || bytes.length !== length) {
      throw new EdmpError('ERR_INVALID_ARGUMENT', `Expected ${field} of a trade to be ${length} bytes`);
    }
  }
  if (!isAssetId(trade.asset)) {
    throw new EdmpError(
      'ERR_INVALID_ARGUMENT',
      `Expected a data asset, EW and the CID of a dataset document, got ${JSON.stringify(String(trade.asset).slice(0, 100))}`,
    );
  }
  return suite;
}

/** Checks that a known trade is asked about with the facts it was made with. Throws `ERR_SETTLEMENT_UNKNOWN_TRADE`. */
export function checkSameTrade(known: SettlementTrade, trade: SettlementTrade): void {
  const same =
    known.asset === trade.asset &&
    equalBytes(known.tradeId, trade.tradeId) &&
    equalBytes(known.seller, trade.seller) &&
    equalBytes(known.buyer, trade.buyer) &&
    known.suite === trade.suite &&
    equalBytes(known.recipientKey, trade.recipientKey);
  if (!same) {
    throw new SettlementError(
      'ERR_SETTLEMENT_UNKNOWN_TRADE',
      'A trade with this id exists with another asset, party or one-time key: nothing was done',
    );
  }
}
