import { LedgerFold } from './fold.ts';
import type { Ledger, LedgerOptions } from './ledger.ts';
import { LEDGER_LIMITS } from './limits.ts';

/** A ledger without blocks. */
export function createLedger(options: LedgerOptions): Ledger {
  return new LedgerFold(options, { ...LEDGER_LIMITS, ...options.limits });
}
