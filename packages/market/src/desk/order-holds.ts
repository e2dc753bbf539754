import { publicKeyToHex } from '@edmp/interface';
import { isTestCurrency } from '../asset/currency.ts';
import type { LedgerChange } from '../ledger/changes.ts';
import { type Hold, pays } from '../ledger/hold.ts';

/** Where books hear what holds take and give back. */
export interface HoldListener {
  holdTaken(hold: {
    readonly hold: string;
    readonly ask: string;
    readonly bid: string;
    readonly seller: ReturnType<typeof publicKeyToHex>;
    readonly buyer: ReturnType<typeof publicKeyToHex>;
    readonly quantity: number;
  }): void;
  holdReturned(hold: string): void;
}

/** Tells books what a change in the ledger does to orders (DESIGN §4.3: certified; in test money, seen). `now`: ms. */
export function tellBooks(change: LedgerChange, books: HoldListener, now: number): void {
  if (change.type !== 'hold' && change.type !== 'outcome') return;
  const { hold } = change;
  if (takes(hold)) tellTaken(hold, books);
  if (isReturned(hold, now)) books.holdReturned(hold.key);
}

function takes(hold: Hold): boolean {
  return hold.terms !== undefined && (hold.counts || isTestCurrency(hold.currency));
}

function isReturned({ outcome, receipt, witnesses, complain }: Hold, now: number): boolean {
  if (receipt !== null) return false;
  // Without witnesses it comes back by time alone.
  if (outcome === null) return witnesses.length === 0 && now >= complain;
  return !pays(outcome);
}

function tellTaken({ key, terms }: Hold, books: HoldListener): void {
  if (terms === undefined) return;
  books.holdTaken({
    hold: key,
    ask: terms.ask.toString(),
    bid: terms.bid.toString(),
    seller: publicKeyToHex(terms.seller),
    buyer: publicKeyToHex(terms.buyer),
    quantity: terms.quantity,
  });
}
