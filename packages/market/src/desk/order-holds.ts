import {
  type CancelTimer,
  type Environment,
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type PublicKey,
  publicKeyToHex,
} from '@edmp/interface';
import { boundedMap, boundedSet } from '@edmp/interface/bounded';
import { isTestCurrency } from '../asset/currency.ts';
import { releaseOf } from '../blocks/release.ts';
import { RELEASE_TYPE } from '../blocks/types.ts';
import type { LedgerChange } from '../ledger/changes.ts';
import { type Hold, pays } from '../ledger/hold.ts';

/**
 * How long a hold in test money takes from an ask before its seller has released anything, ms: a seller that is there
 * releases within seconds, and one that is away loses its place in the books to nobody for longer.
 */
const UNCONFIRMED_MS = 120_000;
/** How long after such a hold lapsed no other one takes from the same ask before it is confirmed, ms. */
const SPARED_MS = 1_800_000;
/** Holds that wait to be confirmed at once; the oldest one lapses for a new one. */
const MAX_UNCONFIRMED = 1_024;
/** Asks that are spared, and releases that are remembered. */
const MAX_REMEMBERED = 4_096;

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

interface Unconfirmed {
  readonly hold: Hold;
  readonly cancel: CancelTimer;
}

/** What {@link BookHolds} needs. */
export interface BookHoldsNeeds {
  readonly self: PublicKey;
  readonly books: HoldListener;
  readonly environment: Pick<Environment, 'now' | 'schedule'>;
}

/**
 * Tells books what holds do to orders (DESIGN §4.3). A hold in issued money takes when it is certified. One in test money
 * costs its buyer nothing, and who hears of it cannot tell whether its seller does: it takes as soon as it is seen, for two
 * minutes; for longer only when its seller has released it, this node signed it, or its money was paid. An ask that was
 * let down once is not taken by an unconfirmed hold again for half an hour, so that free keys cannot take turns.
 */
export class BookHolds {
  readonly #needs: BookHoldsNeeds;
  /** By the name of the hold in the books, oldest first. */
  readonly #unconfirmed = new Map<string, Unconfirmed>();
  /** When asks were let down, ms. */
  readonly #spared = boundedMap<string, number>({ max: MAX_REMEMBERED });
  /** Sellers that released holds, by both. */
  readonly #released = boundedSet<string>({ max: MAX_REMEMBERED });

  constructor(needs: BookHoldsNeeds) {
    this.#needs = needs;
  }

  /** The ledger changed. */
  onChange(change: LedgerChange): void {
    if (change.type !== 'hold' && change.type !== 'outcome') return;
    const { books, environment } = this.#needs;
    const { hold } = change;
    if (hold.terms === undefined) return;
    const name = nameOf(hold);
    const isGood = isTestCurrency(hold.currency) ? this.#isConfirmed(hold) : hold.counts;
    const isBack = isReturned(hold, environment.now());
    if (isGood || isBack) {
      if (isBack && this.#unconfirmed.has(name)) this.#lapse(name);
      this.#settle(name);
    }
    if (isGood) this.#take(hold, name);
    if (isBack) books.holdReturned(name);
    else if (!isGood && isTestCurrency(hold.currency)) this.#takeForNow(hold);
  }

  /** A block was stored: a release confirms its hold. `holdOf` finds what is known of a hold. */
  onBlock(block: HalfBlock, holdOf: (key: string) => Hold | undefined): void {
    const { core } = block;
    if (core.type !== RELEASE_TYPE || core.link !== null) return;
    const key = readRelease(block);
    if (key === undefined) return;
    this.#released.add(`${key} ${publicKeyToHex(core.key)}`);
    const hold = holdOf(key);
    if (hold !== undefined) this.onChange({ type: 'hold', hold });
  }

  stop(): void {
    for (const { cancel } of this.#unconfirmed.values()) cancel();
    this.#unconfirmed.clear();
  }

  #isConfirmed({ key, buyer, seller, outcome, receipt }: Hold): boolean {
    return (
      receipt !== null ||
      outcome !== null ||
      equalBytes(buyer, this.#needs.self) ||
      this.#released.has(`${key} ${publicKeyToHex(seller)}`)
    );
  }

  #takeForNow(hold: Hold): void {
    const { environment } = this.#needs;
    const { counts, terms, witnesses } = hold;
    const name = nameOf(hold);
    // Without witnesses nobody says that it was never honoured, so it must at least be paid for.
    if (terms === undefined || this.#unconfirmed.has(name) || !(counts || witnesses.length > 0)) return;
    const now = environment.now();
    const letDown = this.#spared.get(terms.ask.toString());
    if (hold.release < now || (letDown !== undefined && now - letDown < SPARED_MS)) return;
    if (this.#unconfirmed.size >= MAX_UNCONFIRMED) this.#lapse(this.#unconfirmed.keys().next().value ?? '');
    const cancel = environment.schedule(UNCONFIRMED_MS, () => this.#lapse(name));
    this.#unconfirmed.set(name, { hold, cancel });
    this.#take(hold, forNow(name));
  }

  #lapse(name: string): void {
    const hold = this.#unconfirmed.get(name)?.hold;
    this.#settle(name);
    if (hold?.terms === undefined) return;
    this.#spared.set(hold.terms.ask.toString(), this.#needs.environment.now());
  }

  /** Gives back what a hold took for now. */
  #settle(name: string): void {
    const waiting = this.#unconfirmed.get(name);
    if (waiting === undefined) return;
    waiting.cancel();
    this.#unconfirmed.delete(name);
    this.#needs.books.holdReturned(forNow(name));
  }

  #take({ terms }: Hold, name: string): void {
    if (terms === undefined) return;
    this.#needs.books.holdTaken({
      hold: name,
      ask: terms.ask.toString(),
      // A bid is used up by what is honoured only.
      bid: name === forNow(name) ? '' : terms.bid.toString(),
      seller: publicKeyToHex(terms.seller),
      buyer: publicKeyToHex(terms.buyer),
      quantity: terms.quantity,
    });
  }
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

const FOR_NOW = 'for now ';

/** Name of what a hold takes before it is confirmed. */
function forNow(name: string): string {
  return name.startsWith(FOR_NOW) ? name : FOR_NOW + name;
}

function readRelease(block: HalfBlock): string | undefined {
  try {
    return releaseOf(block).hold.toString();
  } catch (error) {
    if (isEdmpError(error)) return undefined;
    throw error;
  }
}
