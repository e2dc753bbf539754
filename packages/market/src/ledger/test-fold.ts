import {
  type Crypto,
  compareBytes,
  type HalfBlock,
  isEdmpError,
  type PublicKey,
  type PublicKeyHex,
  publicKeyToHex,
} from '@edmp/interface';
import { minHeap } from '@edmp/interface/bounded';
import { DUM1, DUM2, isTestCurrency, type TestCurrency } from '../asset/currency.ts';
import { checkSuccession, type Spending } from '../blocks/spending.ts';
import type { MarketErrorCode } from '../errors.ts';
import { type Certificate, verifyCertificate } from '../notary/certificate.ts';
import type { AccountState } from './account.ts';
import { type ChainBranch, type ChainItem, type ChainPlace, isBefore } from './author-chain.ts';
import { type Author, AuthorTable, type ChainLoad, newestBefore } from './author-table.ts';
import type { Changes } from './changes.ts';
import type { HoldOutcome, HoldRecord } from './hold.ts';
import type { HoldBook } from './hold-book.ts';
import type { ChainFloor } from './ledger.ts';
import type { LedgerLimits } from './limits.ts';
import type { CurrencyTotals } from './purse.ts';
import { type Refund, refundOf } from './refund-claims.ts';
import { settle } from './settle.ts';
import type { Suspects } from './suspects.ts';
import { TestAccount, type TestEntry } from './test-account.ts';
import { Waiting } from './waiting.ts';

type TestId = TestCurrency['id'];
type Item = ChainItem<ChainLoad>;

/** What {@link TestFold} needs. */
export interface TestFoldNeeds {
  readonly crypto: Pick<Crypto, 'sha256' | 'ed25519Verify'>;
  readonly holds: HoldBook;
  readonly suspects: Suspects;
  readonly limits: LedgerLimits;
  /** Whose blocks and counterparties always fit. */
  readonly self: PublicKey | undefined;
  /** See `LedgerOptions.floor`. */
  readonly floor: ((author: PublicKey) => ChainFloor | undefined) | undefined;
  readonly now: () => number;
}

/**
 * Test money (DESIGN §4.4.3): an account is its author's own chain, known from the first block on. Every block stands
 * at one place of that chain, because it names the one before by its hash; so whether a spending block counts depends on
 * the blocks before it and on nothing else, whatever arrives in what order. A forker's branches all count for those
 * that they pay.
 */
export class TestFold {
  readonly totals: Readonly<Record<TestId, CurrencyTotals>> = {
    DUM1: { accounts: 0n, held: 0n, unclaimed: 0n },
    DUM2: { accounts: 0n, held: 0n, unclaimed: 0n },
  };
  readonly #needs: TestFoldNeeds;
  readonly #authors: AuthorTable;
  /** Outcome certificates by the hold that they are about, when it is not known; so they are not verified yet. */
  readonly #outcomes: Waiting<Certificate>;
  readonly #accounts: Readonly<Record<TestId, Map<PublicKeyHex, TestAccount>>> = {
    DUM1: new Map(),
    DUM2: new Map(),
  };
  /** Holds without witnesses by their last deadline. */
  readonly #due = minHeap<HoldRecord>();

  constructor(needs: TestFoldNeeds) {
    this.#needs = needs;
    this.#authors = new AuthorTable(needs.limits, needs.self);
    this.#outcomes = new Waiting(needs.limits.waitingEvidence, 4);
  }

  /** Position up to which an author's chain is known without a gap. */
  known(author: PublicKeyHex): number {
    return this.#authors.get(author)?.chain.known ?? 0;
  }

  find(owner: PublicKeyHex, currency: TestId): TestAccount | undefined {
    return this.#accounts[currency].get(owner);
  }

  owners(currency: TestId): Iterable<PublicKeyHex> {
    return this.#accounts[currency].keys();
  }

  stateOf(owner: PublicKeyHex, currency: TestId): AccountState {
    const account = this.find(owner, currency);
    const chain = this.#authors.get(owner)?.chain;
    if (this.#needs.suspects.has(owner)) return 'forked';
    if (account?.isBroken === true) return 'broken';
    return chain !== undefined && chain.waitingCount > 0 ? 'gap' : 'ok';
  }

  /** The account of a key, opened with its grant when it is touched first. */
  account(owner: PublicKeyHex, currency: TestId): TestAccount {
    const accounts = this.#accounts[currency];
    let account = accounts.get(owner);
    if (account === undefined) {
      account = new TestAccount(owner, currency === 'DUM1' ? DUM1 : DUM2, this.totals[currency]);
      accounts.set(owner, account);
    }
    return account;
  }

  /** Takes in any block of a chain: `load` is what it means for test money, null = nothing. */
  apply(block: HalfBlock, load: ChainLoad | null, changes: Changes): void {
    const author = this.#authors.of(block);
    if (author === undefined) return;
    const { seq, prev } = block.core;
    const item: Item = {
      seq,
      digest: block.id.multihash.digest,
      prev: prev?.multihash.digest ?? null,
      load,
    };
    const placed = author.chain.place(item);
    const branch = placed === 'waiting' && this.#isFloor(block) ? author.chain.begin(item) : placed;
    if (branch === 'known' || branch === 'full') return;
    if (branch === 'waiting' && !this.#authors.wait(author, item, block)) return;
    if (load?.kind === 'spending') this.#see(author, load.spending, changes);
    if (branch !== 'waiting') this.#goOn(author, item, branch, changes);
  }

  /** Whether the blocks before this one were pruned here: the very block that the checkpoint names. */
  #isFloor({ core, id }: HalfBlock): boolean {
    const floor = this.#needs.floor?.(core.key);
    return floor !== undefined && floor.position === core.seq && floor.id.equals(id);
  }

  /** A spending block is seen, wherever it stands: its hold can be looked up, and a second one with its number is a fork. */
  #see(author: Author, spending: Spending, changes: Changes): void {
    const { slots } = this.account(author.owner, testId(spending));
    this.#authors.keep(author);
    slots.add(spending, changes);
    if (slots.isForked) this.#needs.suspects.add(author.owner);
    const hold = this.#needs.holds.see(spending, spending.hold?.witnesses ?? [], changes);
    if (hold !== undefined) this.#takeOutcomes(hold, changes);
  }

  #takeOutcomes(hold: HoldRecord, changes: Changes): void {
    for (const certificate of this.#outcomes.take(hold.key)) this.decide(certificate, hold, changes);
  }

  #goOn(author: Author, first: Item, at: ChainBranch, changes: Changes): void {
    const open: (readonly [Item, ChainBranch])[] = [[first, at]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [item, branch] = next;
      this.#count(author, item, branch, changes);
      for (const follower of this.#authors.takeFollowers(author, item)) {
        const goesOn = author.chain.place(follower);
        if (typeof goesOn !== 'string') open.push([follower, goesOn]);
      }
    }
    if (author.chain.isForked) this.#needs.suspects.add(author.owner);
  }

  #count(author: Author, { seq, load }: Item, branch: ChainBranch, changes: Changes): void {
    const place: ChainPlace = { branch, seq };
    if (branch.from === seq) author.newest.set(branch, newestBefore(author, place));
    if (load?.kind === 'receipt') this.#receipt(author, load, place, changes);
    else if (load?.kind === 'spending') this.#spend(author, load.spending, place, changes);
  }

  #spend(author: Author, spending: Spending, place: ChainPlace, changes: Changes): void {
    const currency = testId(spending);
    const account = this.account(spending.authorHex, currency);
    const newest = newestBefore(author, place);
    const previous = newest[currency];
    const judged = this.#judge(previous, spending, account, place);
    const isSound = typeof judged !== 'string';
    const entry: TestEntry = { spending, place, previous, isSound };
    author.newest.set(place.branch, { ...newest, [currency]: entry });
    if (isSound) {
      account.advanceTo(spending);
      for (const refund of judged) this.#takeBack(account, refund, place, changes);
      this.#pay(account, spending, place, changes);
      return;
    }
    if (account.isBroken) return;
    account.isBroken = true;
    changes.push({ type: 'broken', author: spending.author, currency, code: judged });
  }

  /** The refunds that a spending block takes, or the code of what is wrong with it. */
  #judge(
    previous: TestEntry | null,
    spending: Spending,
    account: TestAccount,
    place: ChainPlace,
  ): readonly Refund[] | MarketErrorCode {
    if (previous?.isSound === false) return 'ERR_MONEY_SUCCESSION';
    try {
      checkSuccession(previous?.spending ?? null, spending, account.currency);
      return spending.money.claims.map((claim) => {
        const hold = this.#needs.holds.get(claim.id.toString());
        return refundOf(claim, hold, spending, place, this.#needs.crypto);
      });
    } catch (error) {
      if (!isEdmpError(error)) throw error;
      return error.code as MarketErrorCode;
    }
  }

  #takeBack(account: TestAccount, { hold, outcome }: Refund, place: ChainPlace, changes: Changes): void {
    hold.ends.push(place);
    this.#decide(hold, outcome, changes);
    account.purse.claim(hold.key);
  }

  #pay(account: TestAccount, spending: Spending, place: ChainPlace, changes: Changes): void {
    const { holds } = this.#needs;
    const { to, pay } = spending.money;
    if (to === null) return;
    const payee = this.account(publicKeyToHex(to), account.currency.id);
    if (spending.kind === 'transfer') {
      payee.purse.addEarned(pay);
      account.transfers.push(spending);
      payee.transfers.push(spending);
      changes.push({ type: 'income', spending });
      return;
    }
    const hold = holds.see(spending, spending.hold?.witnesses ?? [], changes);
    if (hold === undefined || hold.counts) return;
    hold.counts = true;
    hold.place = place;
    this.#settle(hold);
    if (hold.witnesses.length === 0) this.#due.push(hold.complain, hold);
    changes.push({ type: 'hold', hold });
  }

  #receipt(
    { owner }: Author,
    load: Extract<ChainLoad, { kind: 'receipt' }>,
    place: ChainPlace,
    changes: Changes,
  ): void {
    const hold = this.#needs.holds.get(load.hold);
    if (hold === undefined || hold.buyerHex !== owner || hold.place === null || !isBefore(hold.place, place))
      return;
    if (hold.ends.some((end) => isBefore(end, place))) return;
    hold.ends.push(place);
    const { seq } = load.block.core;
    const known = hold.receipt;
    if (known === null || seq < known.core.seq || (seq === known.core.seq && isLower(load.block, known))) {
      hold.receipt = load.block;
    }
    if (!this.#decide(hold, { kind: 'receipt', certificate: null }, changes) && known === null) {
      changes.push({ type: 'outcome', hold });
    }
  }

  /** An outcome certificate of a hold in test money; verified here against the hold's witnesses. */
  decide(certificate: Certificate, hold: HoldRecord | undefined, changes: Changes): void {
    const { kind, subject } = certificate;
    if (kind === 'spend' || kind === 'ack') return;
    if (hold === undefined) {
      this.#outcomes.add(subject.toString(), certificate, (kept) => kept === certificate);
      return;
    }
    if (!isTestCurrency(hold.currency) || hold.outcome?.kind === kind) return;
    if (verifyCertificate(certificate, hold.witnesses, this.#needs.crypto)) {
      this.#decide(hold, { kind, certificate }, changes);
    }
  }

  #decide(hold: HoldRecord, outcome: HoldOutcome, changes: Changes): boolean {
    if (!hold.decide(outcome)) return false;
    this.#settle(hold);
    changes.push({ type: 'outcome', hold });
    return true;
  }

  #settle(hold: HoldRecord): boolean {
    const currency = hold.currency === 'DUM1' ? 'DUM1' : 'DUM2';
    const buyer = this.account(hold.buyerHex, currency).purse;
    const seller = this.account(hold.sellerHex, currency).purse;
    return settle(hold, buyer, seller, this.#needs.now(), true);
  }

  /** Holds without witnesses whose last deadline is over: their buyers may claim them. */
  advance(changes: Changes): void {
    while (this.#due.peekRank() <= this.#needs.now()) {
      const hold = this.#due.pop();
      if (hold !== undefined && this.#settle(hold)) changes.push({ type: 'hold', hold });
    }
  }
}

function testId({ money }: Spending): TestId {
  return money.currency === 'DUM1' ? 'DUM1' : 'DUM2';
}

function isLower(a: HalfBlock, b: HalfBlock): boolean {
  return compareBytes(a.id.bytes, b.id.bytes) < 0;
}
