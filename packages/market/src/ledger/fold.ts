import {
  type AssetId,
  type HalfBlock,
  isEdmpError,
  type PublicKey,
  type PublicKeyHex,
  publicKeyToHex,
  type WalletTransaction,
} from '@edmp/interface';
import { CURRENCY_TYPE, type CurrencyId, isTestCurrency, testCurrency } from '../asset/currency.ts';
import { receiptOf } from '../blocks/release.ts';
import { type Spending, spendingOf } from '../blocks/spending.ts';
import { tradeProposalOf } from '../blocks/trade.ts';
import { CLAIM_TYPE, RELEASE_TYPE, TRADE_TYPE, TRANSFER_TYPE } from '../blocks/types.ts';
import { type Certificate, verifyCertificate } from '../notary/certificate.ts';
import type { Account, Balance } from './account.ts';
import type { ChainLoad } from './author-table.ts';
import type { Changes, LedgerChange } from './changes.ts';
import { type LicenceHolding, licenceMovements, licencesOf, moneyMovements } from './history.ts';
import type { Hold, HoldRecord } from './hold.ts';
import { HoldBook } from './hold-book.ts';
import { IssuedFold } from './issued-fold.ts';
import type { Ledger, LedgerOptions, LedgerTotals } from './ledger.ts';
import type { LedgerLimits } from './limits.ts';
import { Suspects } from './suspects.ts';
import { TestFold } from './test-fold.ts';
import { Waiting } from './waiting.ts';

const NO_CHANGES: readonly LedgerChange[] = [];
const NO_ACCOUNT: Account = { n: 0, head: null, certified: 0, balance: 0n, claimable: [], state: 'ok' };
const NOTHING: Balance = { available: 0n, held: 0n, pending: 0n, earned: 0n };

/** What waits for a currency's block. */
type Unplaced = { readonly spending: Spending } | { readonly certificate: Certificate };

/** The {@link Ledger}: sends every block and certificate to the currency that it is about. */
export class LedgerFold implements Ledger {
  readonly #crypto: LedgerOptions['crypto'];
  readonly #currencies: LedgerOptions['currencies'];
  readonly #limits: LedgerLimits;
  readonly #self: PublicKey | undefined;
  readonly #suspects = new Suspects();
  readonly #holds: HoldBook;
  readonly #test: TestFold;
  readonly #issued = new Map<CurrencyId, IssuedFold>();
  readonly #unplaced: Waiting<Unplaced>;
  #now: number;

  constructor(options: LedgerOptions, limits: LedgerLimits) {
    this.#crypto = options.crypto;
    this.#currencies = options.currencies;
    this.#limits = limits;
    this.#self = options.self;
    this.#now = options.now;
    this.#holds = new HoldBook(limits, options.self);
    // One currency may fill what is kept for unknown ones: that harms nobody but other unknown ones.
    this.#unplaced = new Waiting(limits.unknownCurrencies, limits.unknownCurrencies);
    this.#test = new TestFold({
      crypto: this.#crypto,
      holds: this.#holds,
      suspects: this.#suspects,
      limits,
      self: this.#self,
      floor: options.floor,
      now: () => this.#now,
    });
  }

  applyBlock(block: HalfBlock): readonly LedgerChange[] {
    const changes: Changes = [];
    let load: ChainLoad | null = null;
    try {
      load = this.#read(block, changes);
    } catch (error) {
      // A block that cannot be read says nothing; it still has its place in the chain.
      if (!isEdmpError(error)) throw error;
    }
    this.#test.apply(block, load, changes);
    return changes;
  }

  /** Takes in what does not depend on the place in the chain; returns what does. */
  #read(block: HalfBlock, changes: Changes): ChainLoad | null {
    const { type, link } = block.core;
    switch (type) {
      case CURRENCY_TYPE:
        this.#open(block, changes);
        return null;
      case TRADE_TYPE:
        if (link !== null) return this.#spend(block, changes);
        this.#holds.propose(tradeProposalOf(block, this.#crypto), changes);
        return null;
      case TRANSFER_TYPE:
      case CLAIM_TYPE:
        return this.#spend(block, changes);
      case RELEASE_TYPE:
        return link === null ? null : this.#receipt(block, changes);
      default:
        return null;
    }
  }

  #spend(block: HalfBlock, changes: Changes): ChainLoad | null {
    const spending = spendingOf(block);
    if (spending === undefined) return null;
    const { currency } = spending.money;
    if (isTestCurrency(currency)) return { kind: 'spending', spending };
    const fold = this.#foldOf(currency);
    if (fold === undefined) {
      this.#unplaced.add(currency, { spending }, (kept) => 'spending' in kept && kept.spending === spending);
      return null;
    }
    fold.apply(spending, changes);
    this.#takeReceipts(spending.key, changes);
    return null;
  }

  #receipt(block: HalfBlock, changes: Changes): ChainLoad | null {
    const key = receiptOf(block).toString();
    const hold = this.#holds.get(key);
    if (hold === undefined) this.#holds.receipts.add(key, block, (kept) => kept.id.equals(block.id));
    else if (!isTestCurrency(hold.currency)) licence(hold, block, changes);
    return { kind: 'receipt', block, hold: key };
  }

  /** Receipts that came before their hold; in test money the chain decides, not they. */
  #takeReceipts(key: string, changes: Changes): void {
    const hold = this.#holds.get(key);
    if (hold === undefined) return;
    for (const receipt of this.#holds.receipts.take(key)) licence(hold, receipt, changes);
  }

  #foldOf(id: CurrencyId): IssuedFold | undefined {
    const known = this.#issued.get(id);
    if (known !== undefined) return known;
    const currency = this.#currencies.get(id);
    if (currency?.kind !== 'issued') return undefined;
    const fold = new IssuedFold({
      currency,
      holds: this.#holds,
      suspects: this.#suspects,
      limits: this.#limits,
      self: this.#self,
      now: () => this.#now,
    });
    this.#issued.set(id, fold);
    this.#forgetDropped();
    return fold;
  }

  /** Currencies that the register dropped to make room go from here too. */
  #forgetDropped(): void {
    if (this.#issued.size <= this.#currencies.size) return;
    for (const [id, fold] of this.#issued) {
      if (this.#currencies.get(id) !== undefined) continue;
      this.#issued.delete(id);
      fold.close();
    }
  }

  #open(block: HalfBlock, changes: Changes): void {
    const currency = this.#currencies.add(block);
    if (currency === undefined) return;
    for (const item of this.#unplaced.take(currency.id)) {
      if ('certificate' in item) changes.push(...this.applyCertificate(item.certificate));
      else this.#spend(item.spending.block, changes);
    }
  }

  applyCertificate(certificate: Certificate): readonly LedgerChange[] {
    const { kind, currency } = certificate;
    if (kind === 'ack') return NO_CHANGES;
    const changes: Changes = [];
    if (currency !== null) this.#certify(currency.toString(), certificate, changes);
    else this.#test.decide(certificate, this.#holdOf(certificate), changes);
    return changes;
  }

  #certify(id: CurrencyId, certificate: Certificate, changes: Changes): void {
    const fold = this.#foldOf(id);
    if (fold === undefined) {
      this.#unplaced.add(
        id,
        { certificate },
        (kept) => 'certificate' in kept && kept.certificate === certificate,
      );
      return;
    }
    if (!verifyCertificate(certificate, fold.currency.notaries, this.#crypto)) return;
    if (certificate.kind === 'spend') {
      fold.certify(certificate, changes);
      return;
    }
    fold.decide(certificate, this.#holdOf(certificate), changes);
  }

  #holdOf({ subject }: Certificate): HoldRecord | undefined {
    return this.#holds.get(subject.toString());
  }

  advance(now: number): readonly LedgerChange[] {
    if (now <= this.#now) return NO_CHANGES;
    this.#now = now;
    const changes: Changes = [];
    this.#test.advance(changes);
    return changes;
  }

  condemn(author: PublicKey): readonly LedgerChange[] {
    this.#suspects.add(publicKeyToHex(author));
    return NO_CHANGES;
  }

  known(author: PublicKey): number {
    return this.#test.known(publicKeyToHex(author));
  }

  account(key: PublicKey, currency: CurrencyId): Account {
    const owner = publicKeyToHex(key);
    const test = testCurrency(currency);
    if (test !== undefined) {
      const state = this.#test.stateOf(owner, test.id);
      const account = this.#test.find(owner, test.id);
      return account?.view(state) ?? { ...NO_ACCOUNT, balance: test.grant, state };
    }
    const fold = this.#issued.get(currency);
    if (fold === undefined) return NO_ACCOUNT;
    const state = fold.stateOf(owner);
    return fold.find(owner)?.view(state) ?? { ...NO_ACCOUNT, state };
  }

  balance(key: PublicKey, currency: CurrencyId): Balance {
    const owner = publicKeyToHex(key);
    const test = testCurrency(currency);
    if (test !== undefined) {
      const state = this.#test.stateOf(owner, test.id);
      const account = this.#test.find(owner, test.id);
      if (account !== undefined) return account.sums(state);
      return { ...NOTHING, available: state === 'ok' || state === 'gap' ? test.grant : 0n };
    }
    const fold = this.#issued.get(currency);
    return fold?.find(owner)?.sums(fold.stateOf(owner)) ?? NOTHING;
  }

  counts({ key, money }: Spending): boolean {
    return this.#issued.get(money.currency)?.counts(key) === true;
  }

  hold(key: string): Hold | undefined {
    return this.#holds.get(key);
  }

  holdOf(proposal: string): Hold | undefined {
    return this.#holds.of(proposal);
  }

  holdsOf(account: PublicKey): readonly Hold[] {
    return this.#holds.ofAccount(account);
  }

  holdsIn(asset: AssetId): readonly Hold[] {
    return this.#holds.inAsset(asset);
  }

  total(currency: CurrencyId): LedgerTotals {
    const totals = isTestCurrency(currency)
      ? this.#test.totals[currency]
      : this.#issued.get(currency)?.totals;
    return { accounts: 0n, held: 0n, unclaimed: 0n, ...totals };
  }

  issued(currency: CurrencyId): bigint {
    const fold = this.#issued.get(currency);
    if (fold === undefined) return 0n;
    return -(fold.find(publicKeyToHex(fold.currency.issuer))?.certified?.money.balance ?? 0n);
  }

  movements(account: PublicKey, asset: AssetId): readonly WalletTransaction[] {
    const owner = publicKeyToHex(account);
    const holds = this.#holds.ofAccount(account);
    if (asset === 'EW') return licenceMovements(owner, holds);
    const test = testCurrency(asset);
    const found = test === undefined ? this.#issued.get(asset)?.find(owner) : this.#test.find(owner, test.id);
    return moneyMovements(owner, asset, test, found?.transfers ?? [], holds);
  }

  licences(asset: AssetId): readonly LicenceHolding[] {
    return licencesOf(asset, this.#holds.inAsset(asset));
  }

  accounts(): readonly PublicKeyHex[] {
    const owners = new Set<PublicKeyHex>();
    for (const id of ['DUM1', 'DUM2'] as const) for (const owner of this.#test.owners(id)) owners.add(owner);
    for (const fold of this.#issued.values()) for (const owner of fold.owners()) owners.add(owner);
    return [...owners];
  }
}

/** The buyer's receipt in issued money: the licence passes, no money moves. The earliest counts. */
function licence(hold: HoldRecord, receipt: HalfBlock, changes: Changes): void {
  const { core } = receipt;
  if (isTestCurrency(hold.currency) || publicKeyToHex(core.key) !== hold.buyerHex) return;
  const known = hold.receipt;
  if (known !== null && !isEarlier(receipt, known)) return;
  hold.receipt = receipt;
  if (known === null) changes.push({ type: 'outcome', hold });
}

function isEarlier(a: HalfBlock, b: HalfBlock): boolean {
  return a.core.seq < b.core.seq || (a.core.seq === b.core.seq && a.id.toString() < b.id.toString());
}
