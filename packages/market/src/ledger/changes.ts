import type { HalfBlock, PublicKey } from '@edmp/interface';
import type { CurrencyId } from '../asset/currency.ts';
import type { Spending } from '../blocks/spending.ts';
import type { MarketErrorCode } from '../errors.ts';
import type { Hold } from './hold.ts';

/** What a block, a certificate or the clock changed. */
export type LedgerChange =
  /** A hold is seen, or counts from now on, or its terms are known, or (without witnesses) its last deadline is over. */
  | { readonly type: 'hold'; readonly hold: Hold }
  /** A hold has its outcome; a receipt for it is known. */
  | { readonly type: 'outcome'; readonly hold: Hold }
  /** A spending block in issued money counts: its certificate is known, or that of a later one. */
  | { readonly type: 'certified'; readonly spending: Spending }
  /** A transfer counts for its payee. */
  | { readonly type: 'income'; readonly spending: Spending }
  /** One author signed two spending blocks with one number. */
  | { readonly type: 'fork'; readonly a: HalfBlock; readonly b: HalfBlock }
  /** An author signed a spending block that cannot follow from those before it. */
  | {
      readonly type: 'broken';
      readonly author: PublicKey;
      readonly currency: CurrencyId;
      readonly code: MarketErrorCode;
    };

/** Where the parts of the fold put what they changed. */
export type Changes = LedgerChange[];
