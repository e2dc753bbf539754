import {
  type BlockId,
  type HalfBlock,
  type PublicKey,
  publicKeyToHex,
  type SeededRandom,
  seededRandom,
} from '@edmp/interface';
import { type Currency, DUM1, DUM2, type IssuedCurrency, quorumOf } from '../../src/asset/currency.ts';
import type { Claim } from '../../src/blocks/money.ts';
import { checkSuccession, type Spending } from '../../src/blocks/spending.ts';
import { type Certificate, encodeCertificate } from '../../src/notary/certificate.ts';
import {
  type Author,
  author,
  HOUR,
  issue,
  proposed,
  type Quorum,
  quorum,
  START,
  toyCrypto,
} from './money.ts';

/** What a history may hold. */
export interface HistoryOptions {
  readonly steps: number;
  /** Authors sign two blocks at one place. */
  readonly forks: boolean;
  /** Authors sign blocks that cannot follow, and claims that are not theirs. */
  readonly cheats: boolean;
  /** The last f of 3f + 1 notaries and witnesses sign whatever they are asked. */
  readonly liars: boolean;
  /** Only test currencies, only issued ones, or both. */
  readonly money?: 'test' | 'issued';
}

/** One currency with the notaries that sign by the rules. */
interface Mint {
  readonly currency: IssuedCurrency;
  readonly block: HalfBlock;
  readonly notaries: Quorum;
  readonly issuer: Author;
  /** By notary: what it signed for each author and number. */
  readonly spends: readonly Map<string, string>[];
  /** What the certified blocks of an account claimed. */
  readonly claimed: Map<string, Set<string>>;
}

/** A hold with the witnesses that choose its outcome. */
interface Open {
  readonly hold: Spending;
  readonly proposal: HalfBlock;
  readonly seller: Author;
  readonly buyer: PublicKey;
  readonly release: HalfBlock;
  readonly witnesses: Quorum | undefined;
  readonly mint: Mint | undefined;
  readonly complain: number;
  /** By witness: the outcome that it chose, for ever. */
  readonly choices: Map<number, 'none' | 'refund' | 'paid'>;
}

/** Everything that was ever signed in a random history. */
export interface History {
  readonly blocks: readonly HalfBlock[];
  readonly certificates: readonly Certificate[];
  readonly currencies: readonly Currency[];
  readonly keys: readonly PublicKey[];
  readonly issuers: readonly PublicKey[];
  readonly end: number;
}

const TRADERS = 4;
const OUTCOMES = ['none', 'refund', 'paid'] as const;

/** Plays out a random history; the same seed and options give the same one. */
export async function randomHistory(seed: number, options: HistoryOptions): Promise<History> {
  const world = new HistoryWorld(seededRandom(seed), options);
  await world.open();
  for (let step = 0; step < options.steps; step++) await world.step();
  return world.history();
}

class HistoryWorld {
  readonly #random: SeededRandom;
  readonly #options: HistoryOptions;
  readonly #blocks: HalfBlock[] = [];
  readonly #certificates: Certificate[] = [];
  readonly #mints: Mint[] = [];
  /** Every branch of every trader. */
  readonly #traders: Author[][] = Array.from({ length: TRADERS }, (_, i) => [
    author(`trader ${i}`, toyCrypto),
  ]);
  readonly #witnesses = [quorum('one', 1, toyCrypto), quorum('four', 4, toyCrypto)];
  readonly #spendings = new Map<string, Spending>();
  readonly #certified = new Set<string>();
  readonly #outcomes = new Map<string, Certificate[]>();
  readonly #opens: Open[] = [];
  #time = START;

  constructor(random: SeededRandom, options: HistoryOptions) {
    this.#random = random;
    this.#options = options;
  }

  async open(): Promise<void> {
    if (this.#options.money === 'test') return;
    for (const [name, count] of [
      ['first', 4],
      ['second', 1],
    ] as const) {
      const issuer = author(`issuer ${name}`, toyCrypto);
      const notaries = quorum(name, count, toyCrypto);
      const { currency, block } = await issue(issuer, notaries, 'SUN');
      this.#blocks.push(block);
      const spends = notaries.keys.map(() => new Map<string, string>());
      this.#mints.push({ currency, block, notaries, issuer, spends, claimed: new Map() });
    }
  }

  history(): History {
    return {
      blocks: this.#blocks,
      certificates: this.#certificates,
      currencies: [DUM1, DUM2, ...this.#mints.map(({ currency }) => currency)],
      keys: [...this.#traders.map(([first]) => first!.key), ...this.#mints.map(({ issuer }) => issuer.key)],
      issuers: this.#mints.map(({ issuer }) => issuer.key),
      end: this.#time,
    };
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#below(items.length)]!;
  }

  #below(limit: number): number {
    return this.#random.below(limit);
  }

  async step(): Promise<void> {
    this.#time += this.#below(40 * 60_000);
    const action = this.#below(13);
    if (action < 2) await this.#trade();
    else if (action < 4) await this.#transfer();
    else if (action === 4) await this.#mint();
    else if (action < 7) await this.#decide();
    else if (action < 9) await this.#claim();
    else if (action === 9) await this.#receipt();
    else if (action === 10) await this.#note();
    else if (action === 11) await this.#ask();
    else if (this.#options.forks) this.#fork();
  }

  #branch(): Author {
    return this.#pick(this.#pick(this.#traders));
  }

  #other(than: Author): Author {
    return this.#pick(this.#traders.filter(([first]) => first!.hex !== than.hex))[0]!;
  }

  #mintOf(currency: Currency): Mint | undefined {
    return this.#mints.find((mint) => mint.currency === currency);
  }

  #currency(): Currency {
    const test = [DUM1, DUM2];
    const issued = this.#mints.map(({ currency }) => currency);
    if (this.#options.money === 'issued') return this.#pick(issued);
    return this.#pick([...test, ...issued]);
  }

  /** Signed: everybody may know it, and its notaries are asked. */
  async #sign(spending: Spending): Promise<Spending> {
    this.#blocks.push(spending.block);
    this.#spendings.set(spending.key, spending);
    const mint = this.#mints.find(({ currency }) => currency.id === spending.money.currency);
    if (mint !== undefined) await this.#certify(mint, spending);
    return spending;
  }

  /** Numbers that cannot follow, now and then. */
  #changes(): { readonly balance: bigint } | undefined {
    if (!this.#options.cheats || this.#below(8) > 0) return undefined;
    return { balance: BigInt(this.#below(5_000)) };
  }

  #amount(payer: Author, currency: Currency): bigint | undefined {
    const balance = Number(payer.balance(currency));
    return balance < 1 ? undefined : BigInt(1 + this.#below(balance));
  }

  async #transfer(): Promise<void> {
    const [payer, currency] = [this.#branch(), this.#currency()];
    const amount = this.#amount(payer, currency);
    if (amount === undefined) return;
    const changes = this.#changes();
    const options = { time: this.#time, ...(changes === undefined ? {} : { changes }) };
    await this.#sign(await payer.transfer(currency, this.#other(payer).key, amount, options));
  }

  async #mint(): Promise<void> {
    if (this.#mints.length === 0) return;
    const { issuer, currency } = this.#pick(this.#mints);
    const amount = BigInt(1 + this.#below(1_000));
    await this.#sign(await issuer.transfer(currency, this.#branch().key, amount, { time: this.#time }));
  }

  async #trade(): Promise<void> {
    const [buyer, currency] = [this.#branch(), this.#currency()];
    const seller = this.#other(buyer);
    const amount = this.#amount(buyer, currency);
    if (amount === undefined) return;
    const mint = this.#mintOf(currency);
    const test = this.#pick([undefined, ...this.#witnesses]);
    const complain = this.#time + 2 * HOUR;
    const proposal = await proposed(seller, buyer, currency, amount, {
      deadlines: { accept: this.#time + 1, release: this.#time + HOUR, complain },
      witnesses: mint === undefined ? (test?.keys ?? []) : null,
      nonce: this.#random.bytes(16),
      time: this.#time,
    });
    this.#blocks.push(proposal.block);
    const hold = await this.#sign(await buyer.hold(currency, proposal, { time: this.#time }));
    const release = await seller.release(hold, { time: this.#time });
    this.#blocks.push(release);
    this.#opens.push({
      hold,
      proposal: proposal.block,
      seller,
      buyer: buyer.key,
      release,
      witnesses: mint?.notaries ?? test,
      mint,
      complain,
      choices: new Map(),
    });
  }

  /** Some witnesses of a hold choose; liars sign everything. A quorum makes a certificate. */
  async #decide(): Promise<void> {
    if (this.#opens.length === 0) return;
    const open = this.#pick(this.#opens);
    const { witnesses, choices, hold, mint } = open;
    if (witnesses === undefined) return;
    const count = witnesses.keys.length as 1 | 4;
    const wanted = this.#pick(OUTCOMES);
    for (let i = 0; i < count; i++) if (!choices.has(i) && this.#below(3) > 0) choices.set(i, wanted);
    for (const kind of OUTCOMES) {
      const signers = [...choices.keys()]
        .filter((i) => choices.get(i) === kind || this.#lies(i, count))
        .toSorted();
      const known = this.#outcomes.get(hold.key) ?? [];
      if (signers.length < quorumOf(count) || known.some((certificate) => certificate.kind === kind))
        continue;
      const certificate = await witnesses.certificate(kind, hold, mint?.block.id ?? null, signers);
      this.#outcomes.set(hold.key, [...known, certificate]);
      this.#certificates.push(certificate);
    }
  }

  #lies(index: number, count: number): boolean {
    return this.#options.liars && index >= count - (count - 1) / 3;
  }

  /** A notary's rule: one block for each number, that follows, with claims that are due and not claimed before. */
  async #certify(mint: Mint, spending: Spending): Promise<void> {
    const { author: by, authorHex, money, key } = spending;
    const count = mint.notaries.keys.length as 1 | 4;
    const claimed = mint.claimed.get(authorHex) ?? new Set<string>();
    const previous = money.prev === null ? null : this.#spendings.get(money.prev.toString());
    let sound = previous !== undefined && (previous === null || this.#certified.has(previous.key));
    try {
      if (previous !== undefined) checkSuccession(previous, spending, mint.currency);
    } catch {
      sound = false;
    }
    for (const claim of money.claims)
      sound &&= !claimed.has(claim.id.toString()) && this.#isDue(claim, by, mint);
    const signers: number[] = [];
    for (let i = 0; i < count; i++) {
      const slot = `${authorHex} ${money.n}`;
      const signed = mint.spends[i]!;
      if (this.#lies(i, count)) signers.push(i);
      else if (sound && (signed.get(slot) ?? key) === key && this.#below(8) > 0) {
        signed.set(slot, key);
        signers.push(i);
      }
    }
    if (signers.length < quorumOf(count)) return;
    this.#certified.add(key);
    mint.claimed.set(authorHex, claimed);
    for (const { id } of money.claims) claimed.add(id.toString());
    this.#certificates.push(await mint.notaries.certificate('spend', spending, mint.block.id, signers));
  }

  /** The notaries are asked once more about a block that has no quorum. */
  async #ask(): Promise<void> {
    const open = [...this.#spendings.values()].filter(({ key }) => !this.#certified.has(key));
    if (open.length === 0) return;
    const spending = this.#pick(open);
    const mint = this.#mints.find(({ currency }) => currency.id === spending.money.currency);
    if (mint !== undefined) await this.#certify(mint, spending);
  }

  #isDue({ id, amount }: Claim, by: PublicKey, mint: Mint): boolean {
    const income = this.#spendings.get(id.toString());
    if (income === undefined || income.money.currency !== mint.currency.id || income.money.pay !== amount)
      return false;
    if (!this.#certified.has(income.key) || income.money.to === null) return false;
    const [me, payee] = [publicKeyToHex(by), publicKeyToHex(income.money.to)];
    if (income.kind === 'transfer') return me === payee;
    const kinds = (this.#outcomes.get(income.key) ?? []).map(({ kind }) => kind);
    if (kinds.includes('paid')) return me === payee;
    return kinds.length > 0 && me === income.authorHex;
  }

  async #claim(): Promise<void> {
    const currency = this.#currency();
    const mint = this.#mintOf(currency);
    const claimer = mint !== undefined && this.#below(4) === 0 ? mint.issuer : this.#branch();
    const claims = mint === undefined ? this.#refunds(claimer, currency) : this.#incomes(claimer, mint);
    if (claims.length === 0) return;
    const changes = this.#changes();
    await this.#sign(
      await claimer.claim(currency, claims, {
        time: this.#time,
        ...(changes === undefined ? {} : { changes }),
      }),
    );
  }

  #incomes(claimer: Author, mint: Mint): readonly Claim[] {
    const claimed = new Set(
      [...this.#spendings.values()]
        .filter(({ authorHex, block }) => authorHex === claimer.hex && claimer.blocks.includes(block))
        .flatMap(({ money }) => money.claims.map(({ id }) => id.toString())),
    );
    const all = [...this.#spendings.values()]
      .filter(({ money }) => money.currency === mint.currency.id && money.pay > 0n)
      .map(({ id, money }) => ({ id, amount: money.pay, certificate: null }));
    const due = all.filter(
      (claim) => this.#isDue(claim, claimer.key, mint) && !claimed.has(claim.id.toString()),
    );
    if (this.#options.cheats && all.length > 0 && this.#below(6) === 0) return [this.#pick(all)];
    return due.slice(0, 1 + this.#below(4));
  }

  #refunds(claimer: Author, currency: Currency): readonly Claim[] {
    const own = this.#opens.filter(
      ({ hold, buyer }) => hold.money.currency === currency.id && publicKeyToHex(buyer) === claimer.hex,
    );
    if (own.length === 0) return [];
    const { hold, witnesses, complain } = this.#pick(own);
    const honest = !this.#options.cheats || this.#below(4) > 0;
    const spent = claimer.blocks.some(
      ({ core }) =>
        (core.type === 'market/release' && (core.tx as { hold?: BlockId }).hold?.equals(hold.id)) ||
        this.#claims(core.tx, hold.id),
    );
    if (honest && (spent || !claimer.blocks.includes(hold.block))) return [];
    if (witnesses === undefined) {
      if (honest && this.#time < complain) return [];
      return [{ id: hold.id, amount: hold.money.pay, certificate: null }];
    }
    const known = this.#outcomes.get(hold.key) ?? [];
    const back = honest ? known.find(({ kind }) => kind !== 'paid') : known[0];
    return back === undefined
      ? []
      : [{ id: hold.id, amount: hold.money.pay, certificate: encodeCertificate(back) }];
  }

  #claims(tx: unknown, hold: BlockId): boolean {
    const { money } = (tx ?? {}) as { money?: { claims: readonly (readonly [BlockId])[] } };
    return money?.claims.some(([id]) => id.equals(hold)) === true;
  }

  async #receipt(): Promise<void> {
    if (this.#opens.length === 0) return;
    const { hold, release, buyer } = this.#pick(this.#opens);
    const branches = this.#traders.find(([first]) => first!.hex === publicKeyToHex(buyer))!;
    this.#blocks.push(await this.#pick(branches).receipt(hold, release, { time: this.#time }));
  }

  async #note(): Promise<void> {
    this.#blocks.push(await this.#branch().sign('market/ask', this.#below(1_000), { time: this.#time }));
  }

  #fork(): void {
    const branches = this.#pick(this.#traders);
    if (branches.length >= 4) return;
    branches.push(this.#pick(branches).fork());
  }
}
