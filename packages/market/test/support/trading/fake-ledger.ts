import type { AssetId, BlockId, HalfBlock, PublicKey } from '@edmp/interface';
import { publicKeyToHex } from '@edmp/interface';
import { type Currency, testCurrency } from '../../../src/asset/currency.ts';
import { receiptOf } from '../../../src/blocks/release.ts';
import { type Spending, spendingOf } from '../../../src/blocks/spending.ts';
import type { Terms } from '../../../src/blocks/terms.ts';
import { tradeProposalOf } from '../../../src/blocks/trade.ts';
import { RELEASE_TYPE, TRADE_TYPE } from '../../../src/blocks/types.ts';
import { type Certificate, verifyCertificate } from '../../../src/notary/certificate.ts';
import type { LedgerHold, TradeLedger } from '../../../src/trade/needs.ts';
import type { HoldOutcome } from '../../../src/trade/situation.ts';
import { crypto } from '../documents.ts';

interface Entry {
  readonly spending: Spending;
  certified: boolean;
  outcome: { readonly kind: HoldOutcome; readonly certificate: Certificate | null } | null;
}

/** The ledger as trades see it, by the plainest means: a stand-in for the fold, for tests of trades alone. */
export class FakeLedger implements TradeLedger {
  readonly #currencies: ReadonlyMap<string, Currency>;
  readonly #entries = new Map<string, Entry>();
  readonly #terms = new Map<string, Terms>();
  readonly #accounts = new Map<string, Map<number, Entry>>();
  readonly #receipts = new Set<string>();

  constructor(currencies: ReadonlyMap<string, Currency>) {
    this.#currencies = currencies;
  }

  currency(id: string): Currency | undefined {
    return testCurrency(id) ?? this.#currencies.get(id);
  }

  /** Takes a block in; returns the holds that it says something about. */
  applyBlock(block: HalfBlock): readonly string[] {
    const { type, link } = block.core;
    if (type === TRADE_TYPE && link === null) {
      this.#terms.set(block.id.toString(), tradeProposalOf(block, crypto).encoded.terms);
      return [];
    }
    if (type === RELEASE_TYPE && link !== null) return this.#receipt(receiptOf(block).toString());
    const spending = spendingOf(block);
    if (spending === undefined || this.#entries.has(spending.key)) return [];
    const entry: Entry = { spending, certified: false, outcome: null };
    this.#entries.set(spending.key, entry);
    const name = this.#nameOf(spending.author, spending.money.currency);
    const account = this.#accounts.get(name) ?? new Map<number, Entry>();
    this.#accounts.set(name, account.set(spending.money.n, entry));
    if (this.#receipts.has(spending.key)) this.#receipt(spending.key);
    return spending.hold === null ? [] : [...account.values()].map(({ spending: one }) => one.key);
  }

  applyCertificate(certificate: Certificate): readonly string[] {
    const entry = this.#entries.get(certificate.subject.toString());
    if (entry === undefined || !verifyCertificate(certificate, this.keysOf(entry.spending), crypto))
      return [];
    if (certificate.kind === 'spend') entry.certified = true;
    else if (certificate.kind !== 'ack') entry.outcome ??= { kind: certificate.kind, certificate };
    return [entry.spending.key];
  }

  keysOf({ hold, money }: Spending): readonly PublicKey[] {
    if (hold?.witnesses != null) return hold.witnesses;
    const currency = this.currency(money.currency);
    return currency?.kind === 'issued' ? currency.notaries : [];
  }

  /** The newest spending block of an account. */
  head(account: PublicKey, currency: string): Spending | null {
    const entries = this.#accounts.get(this.#nameOf(account, currency));
    if (entries === undefined) return null;
    return entries.get(Math.max(...entries.keys()))?.spending ?? null;
  }

  hold(key: string): LedgerHold | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined ? undefined : this.#view(entry);
  }

  holdOf(proposal: string): LedgerHold | undefined {
    for (const hold of this.#holds()) if (hold.proposal.toString() === proposal) return hold;
    return undefined;
  }

  *holdsOf(account: PublicKey): Generator<LedgerHold> {
    for (const hold of this.#holds()) {
      if ([hold.buyer, hold.seller].some((key) => publicKeyToHex(key) === publicKeyToHex(account)))
        yield hold;
    }
  }

  *holdsIn(asset: AssetId): Generator<LedgerHold> {
    for (const hold of this.#holds()) if (hold.terms?.asset === asset) yield hold;
  }

  balance(
    account: PublicKey,
    currency: string,
  ): {
    readonly available: bigint;
    readonly held: bigint;
    readonly pending: bigint;
    readonly earned: bigint;
  } {
    const money = this.currency(currency);
    const start = money?.kind === 'test' ? money.grant : 0n;
    let available = start;
    let held = 0n;
    let earned = 0n;
    const name = publicKeyToHex(account);
    for (const hold of this.#holds()) {
      if (hold.currency !== currency) continue;
      const kind = hold.outcome?.kind;
      const back = kind === 'none' || kind === 'refund' || kind === 'unwitnessed';
      if (publicKeyToHex(hold.buyer) === name && !back) {
        available -= hold.amount;
        if (kind === undefined) held += hold.amount;
      }
      if (publicKeyToHex(hold.seller) === name && (kind === 'paid' || kind === 'receipt'))
        earned += hold.amount;
    }
    return { available, held, pending: 0n, earned };
  }

  #receipt(hold: string): readonly string[] {
    this.#receipts.add(hold);
    const entry = this.#entries.get(hold);
    if (entry === undefined || testCurrency(entry.spending.money.currency) === undefined) return [];
    entry.outcome ??= { kind: 'receipt', certificate: null };
    return [hold];
  }

  #nameOf(account: PublicKey, currency: string): string {
    return `${publicKeyToHex(account)} ${currency}`;
  }

  *#holds(): Generator<LedgerHold> {
    for (const entry of this.#entries.values()) {
      const hold = this.#view(entry);
      if (hold !== undefined) yield hold;
    }
  }

  #view({ spending, certified, outcome }: Entry): LedgerHold | undefined {
    const { hold, money, author, key } = spending;
    if (hold === null || money.to === null) return undefined;
    const proposal: BlockId = hold.proposal;
    const chain = this.#accounts.get(this.#nameOf(author, money.currency));
    let whole = true;
    for (let n = 1; n < money.n; n++) whole &&= chain?.has(n) === true;
    return {
      key,
      buyer: author,
      seller: money.to,
      currency: money.currency,
      amount: money.pay,
      release: hold.release,
      complain: hold.complain,
      proposal,
      terms: this.#terms.get(proposal.toString()),
      counts: testCurrency(money.currency) === undefined ? certified : whole,
      outcome,
    };
  }
}
