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

/** Tells books what a change in the ledger does to orders (DESIGN §4.3: certified; in test money, seen). */
export function tellBooks(change: LedgerChange, books: HoldListener): void {
  if (change.type !== 'hold' && change.type !== 'outcome') return;
  const { hold } = change;
  if (takes(hold)) tellTaken(hold, books);
  if (isReturned(hold)) books.holdReturned(nameOf(hold));
}

function takes(hold: Hold): boolean {
  return hold.terms !== undefined && (hold.counts || isTestCurrency(hold.currency));
}

/** Only a hold that fits its proposal says anything about it: anybody can sign one that names it, and be its own witness. */
function isReturned({ outcome, receipt, terms }: Hold): boolean {
  return terms !== undefined && outcome !== null && !pays(outcome) && receipt === null;
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
