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
  if (isReturned(hold, now)) books.holdReturned(nameOf(hold));
}

/** In test money a hold takes as soon as it is seen, if there are witnesses who will say that it was never honoured. */
function takes({ terms, counts, currency, witnesses }: Hold): boolean {
  return terms !== undefined && (counts || (isTestCurrency(currency) && witnesses.length > 0));
}

/** Only a hold that fits its proposal says anything about it: anybody can sign one that names it, and be its own witness. */
function isReturned({ outcome, receipt, terms, witnesses, complain }: Hold, now: number): boolean {
  if (terms === undefined || receipt !== null) return false;
  // Without witnesses it comes back by time alone.
  if (outcome === null) return witnesses.length === 0 && now >= complain;
  return !pays(outcome);
}

/** A buyer can sign any number of holds to one proposal, and at most one is honoured; so all of them are one to a book. */
function nameOf({ proposal }: Hold): string {
  return proposal.toString();
}

function tellTaken(hold: Hold, books: HoldListener): void {
  const { terms } = hold;
  if (terms === undefined) return;
  books.holdTaken({
    hold: nameOf(hold),
    ask: terms.ask.toString(),
    bid: terms.bid.toString(),
    seller: publicKeyToHex(terms.seller),
    buyer: publicKeyToHex(terms.buyer),
    quantity: terms.quantity,
  });
}
