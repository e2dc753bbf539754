import { equalBytes, type PublicKey, type PublicKeyHex, publicKeyToHex } from '@edmp/interface';
import type { IssuedCurrency } from '../asset/currency.ts';
import type { Spending } from '../blocks/spending.ts';
import type { Certificate } from '../notary/certificate.ts';
import type { AccountState } from './account.ts';
import type { Changes } from './changes.ts';
import type { HoldRecord } from './hold.ts';
import type { HoldBook } from './hold-book.ts';
import { follows, IssuedAccount, type IssuedEntry, isPossible } from './issued-account.ts';
import type { LedgerLimits } from './limits.ts';
import type { CurrencyTotals } from './purse.ts';
import { settle } from './settle.ts';
import type { Suspects } from './suspects.ts';
import { Waiting } from './waiting.ts';

/** What {@link IssuedFold} needs. */
export interface IssuedFoldNeeds {
  readonly currency: IssuedCurrency;
  readonly holds: HoldBook;
  readonly suspects: Suspects;
  readonly limits: LedgerLimits;
  /** Whose blocks and counterparties always fit. */
  readonly self: PublicKey | undefined;
  readonly now: () => number;
}

/**
 * One issued currency (DESIGN §4.4.2, §4.4.6): a block counts when it or a later one of its account is certified and the
 * blocks between are known. The certificates that come here are verified. Nothing that counts ever stops counting.
 */
export class IssuedFold {
  readonly currency: IssuedCurrency;
  readonly totals: CurrencyTotals = { accounts: 0n, held: 0n, unclaimed: 0n };
  readonly #needs: IssuedFoldNeeds;
  readonly #accounts = new Map<PublicKeyHex, IssuedAccount>();
  readonly #entries = new Map<string, IssuedEntry>();
  /** Entries that do not count, oldest first; strangers' give way when there are too many. */
  readonly #uncertified = new Map<string, IssuedEntry>();
  /** Certificates by the block that they are about, when it is not known. */
  readonly #certificates: Waiting<Certificate>;
  /** Outcome certificates by the hold that they are about, when it is not known. */
  readonly #outcomes: Waiting<Certificate>;
  /** Counted blocks by the one before them, when it is not known. */
  readonly #followers = new Map<string, IssuedEntry[]>();

  constructor(needs: IssuedFoldNeeds) {
    this.#needs = needs;
    this.currency = needs.currency;
    this.#certificates = new Waiting(needs.limits.waitingEvidence, 1);
    this.#outcomes = new Waiting(needs.limits.waitingEvidence, 3);
  }

  find(owner: PublicKeyHex): IssuedAccount | undefined {
    return this.#accounts.get(owner);
  }

  /** Whether a block counts, by its id. */
  counts(key: string): boolean {
    return this.#entries.get(key)?.counts === true;
  }

  owners(): Iterable<PublicKeyHex> {
    return this.#accounts.keys();
  }

  stateOf(owner: PublicKeyHex): AccountState {
    if (this.#needs.suspects.has(owner)) return 'forked';
    const account = this.find(owner);
    if (account?.isBroken === true) return 'broken';
    return account !== undefined && account.missing > 0 ? 'gap' : 'ok';
  }

  #account(owner: PublicKeyHex): IssuedAccount {
    let account = this.#accounts.get(owner);
    if (account === undefined) {
      account = new IssuedAccount(owner, this.currency, this.totals);
      this.#accounts.set(owner, account);
    }
    return account;
  }

  /** Takes in a spending block of this currency. */
  apply(spending: Spending, changes: Changes): void {
    if (this.#entries.has(spending.key)) return;
    const certificates = this.#certificates.take(spending.key);
    const followers = this.#takeFollowers(spending.key);
    const counts =
      certificates.length > 0 || followers.some(({ spending: next }) => this.#follows(spending, next));
    const account = this.#account(spending.authorHex);
    if (!counts && !this.#isOwn(spending) && account.uncertified >= this.#needs.limits.uncertifiedOfAccount)
      return;
    const entry: IssuedEntry = {
      spending,
      account,
      counts: false,
      isPossible: isPossible(spending, this.currency),
    };
    this.#entries.set(spending.key, entry);
    account.slots.add(spending, changes);
    if (account.slots.isForked) this.#needs.suspects.add(account.owner);
    this.#expectSound(entry, changes);
    const hold = this.#needs.holds.see(spending, this.currency.notaries, changes);
    if (hold !== undefined) this.#takeOutcomes(hold, changes);
    if (counts) this.#count(entry, changes);
    if (!entry.counts) this.#keepUncertified(entry);
  }

  /** A verified spend certificate of this currency. */
  certify(certificate: Certificate, changes: Changes): void {
    const key = certificate.subject.toString();
    const entry = this.#entries.get(key);
    if (entry === undefined) this.#certificates.add(key, certificate, () => true);
    else this.#count(entry, changes);
  }

  /** A verified outcome certificate of this currency. */
  decide(certificate: Certificate, hold: HoldRecord | undefined, changes: Changes): void {
    const { kind, subject } = certificate;
    if (kind === 'spend' || kind === 'ack') return;
    if (hold === undefined) {
      this.#outcomes.add(subject.toString(), certificate, (kept) => kept.kind === kind);
      return;
    }
    if (hold.currency !== this.currency.id || !hold.decide({ kind, certificate })) return;
    this.#settle(hold);
    changes.push({ type: 'outcome', hold });
  }

  #takeOutcomes(hold: HoldRecord, changes: Changes): void {
    for (const certificate of this.#outcomes.take(hold.key)) this.decide(certificate, hold, changes);
  }

  /** Counted blocks that name this one as the one before them; whatever it is, it is not missing any more. */
  #takeFollowers(key: string): readonly IssuedEntry[] {
    const followers = this.#followers.get(key) ?? [];
    this.#followers.delete(key);
    for (const follower of followers) follower.account.missing--;
    return followers;
  }

  #isOwn({ author, money }: Spending): boolean {
    const { self } = this.#needs;
    return (
      self !== undefined && (equalBytes(author, self) || (money.to !== null && equalBytes(money.to, self)))
    );
  }

  #follows(previous: Spending, next: Spending): boolean {
    return follows(previous, next, this.currency);
  }

  /** Tells when an author signed what cannot follow from its own other block. */
  #expectSound({ spending, account, isPossible: possible }: IssuedEntry, changes: Changes): void {
    const { n } = spending.money;
    const [before, after] = [account.slots.get(n - 1), account.slots.get(n + 1)];
    const sound =
      possible &&
      (before === undefined || this.#follows(before, spending)) &&
      (after === undefined || this.#follows(spending, after));
    if (sound || account.isBroken || account.slots.isForked) return;
    account.isBroken = true;
    const { author } = spending;
    changes.push({ type: 'broken', author, currency: this.currency.id, code: 'ERR_MONEY_SUCCESSION' });
  }

  #keepUncertified(entry: IssuedEntry): void {
    this.#uncertified.set(entry.spending.key, entry);
    entry.account.uncertified++;
    if (this.#uncertified.size <= this.#needs.limits.uncertified) return;
    for (const [key, oldest] of this.#uncertified) {
      if (this.#isOwn(oldest.spending)) continue;
      this.#uncertified.delete(key);
      this.#entries.delete(key);
      const outcome = this.#needs.holds.forget(key)?.outcome?.certificate ?? null;
      if (outcome !== null) this.#outcomes.add(key, outcome, ({ kind }) => kind === outcome.kind);
      oldest.account.uncertified--;
      oldest.account.slots.delete(oldest.spending);
      return;
    }
  }

  /** It counts, and so does everything before it that is known. */
  #count(certified: IssuedEntry, changes: Changes): void {
    let entry: IssuedEntry | undefined = certified;
    while (entry !== undefined && !entry.counts && entry.isPossible) {
      entry.counts = true;
      if (this.#uncertified.delete(entry.spending.key)) entry.account.uncertified--;
      entry.account.advanceTo(entry.spending);
      this.#pay(entry, changes);
      changes.push({ type: 'certified', spending: entry.spending });
      entry = this.#before(entry);
    }
  }

  #before(entry: IssuedEntry): IssuedEntry | undefined {
    const { prev } = entry.spending.money;
    if (prev === null) return undefined;
    const key = prev.toString();
    const before = this.#entries.get(key);
    if (before !== undefined) return this.#follows(before.spending, entry.spending) ? before : undefined;
    const waiting = this.#followers.get(key);
    if (waiting === undefined) this.#followers.set(key, [entry]);
    else waiting.push(entry);
    entry.account.missing++;
    return undefined;
  }

  #pay({ spending, account }: IssuedEntry, changes: Changes): void {
    const { claims, to, pay } = spending.money;
    for (const { id } of claims) account.purse.claim(id.toString());
    if (to === null) return;
    if (spending.kind === 'transfer') {
      const payee = this.#account(publicKeyToHex(to));
      payee.purse.addIncome(spending.key, { id: spending.id, amount: pay, hold: null });
      account.transfers.push(spending);
      payee.transfers.push(spending);
      changes.push({ type: 'income', spending });
      return;
    }
    const hold = this.#needs.holds.see(spending, this.currency.notaries, changes);
    if (hold === undefined || hold.counts) return;
    hold.counts = true;
    this.#settle(hold);
    changes.push({ type: 'hold', hold });
  }

  #settle(hold: HoldRecord): void {
    const [buyer, seller] = [this.#account(hold.buyerHex), this.#account(hold.sellerHex)];
    settle(hold, buyer.purse, seller.purse, this.#needs.now(), false);
  }

  /** The register let the currency go, so its holds go too. */
  close(): void {
    for (const key of this.#entries.keys()) this.#needs.holds.forget(key);
  }
}
