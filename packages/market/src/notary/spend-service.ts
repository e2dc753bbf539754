import { type BlockId, type Crypto, equalBytes, type PublicKeyHex, publicKeyToHex } from '@edmp/interface';
import { keyedMutex } from '@edmp/interface/bounded';
import { verifyItem } from '@edmp/trustchain/block';
import type { IssuedCurrency } from '../asset/currency.ts';
import { checkSuccession, type Spending } from '../blocks/spending.ts';
import { later, type NotaryAnswer, refused } from './answers.ts';
import { type Certificate, encodeCertificate } from './certificate.ts';
import type { FairRates } from './fair-rates.ts';
import type { GuestAccounts } from './guest-accounts.ts';
import { MAX_BLOCKS_BYTES, MAX_NEED, MAX_RUN, MAX_UNCERTIFIED } from './limits.ts';
import type { NotaryRequest } from './messages.ts';
import type { OwnStatements } from './own-statements.ts';
import type { Rates } from './rates.ts';
import type { ServedCurrencies } from './served-currencies.ts';
import type { AccountCommit, NotaryAccount, SpendBook } from './spend-book.ts';
import { incomeProblem, problemOf, type SpendRun, spendRunOf } from './spend-run.ts';
import { certificateItems, type VerifyQueue } from './verify-queue.ts';

/** How long the 33rd block without a certificate waits, ms: about what it takes to gather one. */
const UNCERTIFIED_LATER_MS = 2_000;
/** How long an author without balance or certificate waits, ms: it has nothing to spend yet. */
const NOTHING_LATER_MS = 60_000;

/** How long a new account waits while there is no room for it, ms. */
const NO_ROOM_LATER_MS = 300_000;

const NONE: ReadonlySet<string> = new Set();

/** Where the blocks of a run stand in an account. */
interface Placing {
  /** The block that `fresh` follows; null = the account starts with it. */
  readonly base: Spending | null;
  /** Blocks after what is known, in order. */
  readonly fresh: readonly Spending[];
  /** Blocks before the head that a certificate skipped, now shown: they belong to the account. */
  readonly older: readonly Spending[];
  /** A certified block that takes the place of what was not shown; it stands before `fresh`. */
  readonly jump: Spending | null;
}

/**
 * Signs at most one block for each (currency, author, number), durably before it answers (DESIGN §4.4.2). Refuses only
 * for what the bytes say.
 */
export class SpendService {
  readonly #book: SpendBook;
  readonly #currencies: ServedCurrencies;
  readonly #guests: GuestAccounts;
  readonly #own: OwnStatements;
  readonly #verify: VerifyQueue;
  readonly #crypto: Crypto;
  readonly #authors: Rates;
  readonly #strangers: FairRates;
  readonly #onFork: (blocks: readonly [Uint8Array, Uint8Array]) => void;
  readonly #locks = keyedMutex<string>();

  constructor(options: {
    readonly book: SpendBook;
    readonly currencies: ServedCurrencies;
    readonly guests: GuestAccounts;
    readonly own: OwnStatements;
    readonly verify: VerifyQueue;
    readonly crypto: Crypto;
    readonly authors: Rates;
    readonly strangers: FairRates;
    /** Told once of every author that is found to have signed two blocks with one number. */
    readonly onFork: (blocks: readonly [Uint8Array, Uint8Array]) => void;
  }) {
    this.#book = options.book;
    this.#currencies = options.currencies;
    this.#guests = options.guests;
    this.#own = options.own;
    this.#verify = options.verify;
    this.#crypto = options.crypto;
    this.#authors = options.authors;
    this.#strangers = options.strangers;
    this.#onFork = options.onFork;
  }

  /** `from`: the peer that asks, as a name for its work. */
  async spend(request: Extract<NotaryRequest, { kind: 'spend' }>, from: string): Promise<NotaryAnswer> {
    let run: SpendRun;
    try {
      run = spendRunOf(request, this.#currencies, this.#crypto);
    } catch (error) {
      const { code, message } = problemOf(error);
      return refused(code, message);
    }
    const learning = this.#currencyOf(run, request.currency, from);
    const currency = learning instanceof Promise ? await learning : learning;
    if (currency === undefined) return { kind: 'need', ids: [run.link] };
    if (!currency.notaries.some((key) => equalBytes(key, request.key))) {
      return refused('ERR_NOTARY_UNKNOWN', 'The currency does not name this key among its notaries');
    }
    return this.#locks.run(`${run.currency}/${run.want.authorHex}`, async () => {
      const verdict = await this.#judge(run, currency, from);
      if (verdict !== undefined) return verdict;
      const signature = await this.#own.sign(request.key, spendStatement(run.link, run.want.id));
      return { kind: 'share', signature };
    });
  }

  async account(request: Extract<NotaryRequest, { kind: 'account' }>): Promise<NotaryAnswer> {
    const currency = this.#currencies.get(request.currency.toString());
    const account =
      currency === undefined
        ? undefined
        : await this.#book.account(currency.id, publicKeyToHex(request.account));
    if (account === undefined) return { kind: 'account', tip: null };
    const { head, certificate } = account;
    // Only what the table binds to this number is signed: a head that was seen certified is bound too.
    const signature = await this.#own.sign(request.key, spendStatement(request.currency, head.id));
    return { kind: 'account', tip: { block: head.block.bytes, signature, certificate } };
  }

  /** What it knows of an account from a number on: whoever was paid finds by it what its author shows nobody any more. */
  async blocks(request: Extract<NotaryRequest, { kind: 'blocks' }>): Promise<NotaryAnswer> {
    const { key, n } = request;
    const currency = this.#currencies.get(request.currency.toString());
    const author = publicKeyToHex(request.account);
    const account = currency === undefined ? undefined : await this.#book.account(currency.id, author);
    if (currency === undefined || account === undefined) {
      return { kind: 'blocks', blocks: [], signature: null, certificate: null };
    }
    const blocks: Uint8Array[] = [];
    let bytes = 0;
    const bound = await this.#book.slots(currency.id, author, n, MAX_RUN);
    for (const { block } of bound) {
      bytes += block.bytes.length;
      if (bytes > MAX_BLOCKS_BYTES) break;
      blocks.push(block.bytes);
    }
    const [first] = bound;
    const serves = currency.notaries.some((notary) => equalBytes(notary, key));
    const signature =
      serves && first?.money.n === n
        ? await this.#own.sign(key, spendStatement(request.currency, first.id))
        : null;
    return { kind: 'blocks', blocks, signature, certificate: account.certificate };
  }

  #currencyOf(
    run: SpendRun,
    bytes: Uint8Array | null,
    from: string,
  ): IssuedCurrency | undefined | Promise<IssuedCurrency | undefined> {
    const known = this.#currencies.get(run.currency);
    if (known !== undefined || bytes === null) return known;
    return this.#currencies.learn(run.currency, bytes, from);
  }

  /** Undefined = the wanted block is bound to its number and may be signed. Runs under the account's lock. */
  async #judge(run: SpendRun, currency: IssuedCurrency, from: string): Promise<NotaryAnswer | undefined> {
    const { authorHex } = run.want;
    const reading = this.#book.account(run.currency, authorHex);
    const account = reading instanceof Promise ? await reading : reading;
    if (account?.fork != null) return forkRefusal(account.fork);
    const wait = this.#charge(run, currency, account, from);
    if (wait !== undefined) return wait;
    const binding = this.#boundBlocks(run, account);
    const bound = binding instanceof Promise ? await binding : binding;
    const contradiction = run.blocks.find(
      (block, i) => bound[i] !== undefined && bound[i]?.key !== block.key,
    );
    if (contradiction !== undefined) return this.#contradicted(run, contradiction, bound, account);

    const certified = run.spends.size === 0 ? NONE : await this.#certifiedBlocks(run, currency);
    const placing = placeRun(run, account, bound, certified);
    if ('kind' in placing) return placing;
    const problem = await this.#problemOf(run, currency, placing, certified);
    if (problem !== undefined) return problem;
    return this.#commit(run, account, placing, certified, currency);
  }

  #charge(
    run: SpendRun,
    currency: IssuedCurrency,
    account: NotaryAccount | undefined,
    from: string,
  ): NotaryAnswer | undefined {
    const cost = run.blocks.length + run.spends.size + run.outcomes.size;
    if (account !== undefined) {
      // Anybody can send an author's blocks, or forged ones, so each peer that does pays for its own asking.
      const wait = this.#authors.take(`${run.currency}/${run.want.authorHex}/${from}`, cost);
      return wait === 0 ? undefined : later(wait);
    }
    if (equalBytes(run.want.author, currency.issuer)) return undefined;
    if (!this.#guests.hasRoom(currency, run.want.authorHex)) return later(NO_ROOM_LATER_MS);
    // Whoever has no account here brings what it claims before anything is verified.
    if (run.spends.size + run.outcomes.size === 0) {
      const first = run.blocks[0]?.money;
      const ids = (first?.claims ?? []).map(({ id }) => id);
      // Of an account that this notary slept through, the blocks before show where its money is from.
      if (ids.length === 0 && first?.prev != null) ids.push(first.prev);
      return ids.length === 0 ? later(NOTHING_LATER_MS) : { kind: 'need', ids };
    }
    const wait = this.#strangers.take(from, cost);
    return wait === 0 ? undefined : later(wait);
  }

  /** For each block of the run what is bound to its number here. */
  #boundBlocks(
    run: SpendRun,
    account: NotaryAccount | undefined,
  ): Promise<readonly (Spending | undefined)[]> | readonly Spending[] {
    // The way of nearly every block: it comes right after what is known.
    if (account === undefined || (run.blocks[0]?.money.n ?? 0) > account.head.money.n) return [];
    return Promise.all(
      run.blocks.map(async ({ money: { n }, authorHex }) => {
        if (n > account.head.money.n) return undefined;
        return n === account.head.money.n ? account.head : this.#book.slot(run.currency, authorHex, n);
      }),
    );
  }

  /** Two blocks with one number: proven when the author signed this one too, and then for ever. */
  async #contradicted(
    run: SpendRun,
    block: Spending,
    bound: readonly (Spending | undefined)[],
    account: NotaryAccount | undefined,
  ): Promise<NotaryAnswer> {
    const other = bound[run.blocks.indexOf(block)];
    if (
      other === undefined ||
      account === undefined ||
      !(await this.#verify.all([verifyItem(block.block)]))
    ) {
      return refused('ERR_BLOCK_SIGNATURE', 'A block is not signed by its author');
    }
    const fork = [other.block.bytes, block.block.bytes] as const;
    await this.#book.commit(run.currency, block.authorHex, { account: { ...account, fork }, blocks: [] });
    this.#onFork(fork);
    return forkRefusal(fork);
  }

  /** Keys of the blocks in the run with a spend certificate that is right. */
  async #certifiedBlocks(run: SpendRun, currency: IssuedCurrency): Promise<ReadonlySet<string>> {
    const certified = new Set<string>();
    for (const block of run.blocks) {
      const certificate = run.spends.get(block.key);
      if (certificate === undefined) continue;
      if (!(await this.#isCertificate(certificate, currency))) continue;
      await this.#own.expectSpend(certificate, currency.notaries, block);
      certified.add(block.key);
    }
    return certified;
  }

  #isCertificate(certificate: Certificate, currency: IssuedCurrency): Promise<boolean> {
    const items = certificateItems(certificate, currency.notaries, this.#crypto);
    return items === undefined ? Promise.resolve(false) : this.#verify.all(items);
  }

  /** Why the run does not fit; what is missing; undefined = it fits. */
  async #problemOf(
    run: SpendRun,
    currency: IssuedCurrency,
    { base, fresh, older, jump }: Placing,
    certified: ReadonlySet<string>,
  ): Promise<NotaryAnswer | undefined> {
    try {
      let before = base;
      for (const block of fresh) {
        checkSuccession(before, block, currency);
        before = block;
      }
    } catch (error) {
      const { code, message } = problemOf(error);
      return refused(code, message);
    }
    const lastCertified = fresh.findLastIndex(({ key }) => certified.has(key));
    if (fresh.some(({ money }) => money.claims.length > 0)) {
      const claims = await this.#claimProblem(run, currency, fresh, lastCertified);
      if (claims !== undefined) return claims;
    }
    const blocks = [...older, ...(jump === null ? [] : [jump]), ...fresh];
    return (await this.#verify.all(blocks.map(({ block }) => verifyItem(block))))
      ? undefined
      : refused('ERR_BLOCK_SIGNATURE', 'A block is not signed by its author');
  }

  /** Claims of blocks up to `lastCertified` were looked at by a quorum; here they are only remembered. */
  async #claimProblem(
    run: SpendRun,
    currency: IssuedCurrency,
    fresh: readonly Spending[],
    lastCertified: number,
  ): Promise<NotaryAnswer | undefined> {
    const seen = new Set<string>();
    const need: BlockId[] = [];
    const shown: {
      readonly certificate: Certificate;
      readonly subject: Spending;
      readonly income: Spending;
    }[] = [];
    for (const [i, block] of fresh.entries()) {
      for (const { id, amount } of block.money.claims) {
        const key = id.toString();
        if (seen.has(key) || (await this.#book.claimed(run.currency, block.authorHex, id))) {
          return refused('ERR_MONEY_CLAIM', `The account has claimed ${key} before`);
        }
        seen.add(key);
        if (i <= lastCertified) continue;
        const income = run.incomes.get(key);
        if (income === undefined) {
          need.push(id);
          continue;
        }
        const own = (income.kind === 'hold' ? run.outcomes : run.spends).get(key);
        const problem = incomeProblem(income, own, block, amount);
        if (problem !== undefined) return refused('ERR_MONEY_CLAIM', `The claimed block ${key} ${problem}`);
        const cover = own === undefined && income.kind === 'transfer' ? coverOf(run, income) : undefined;
        if (own !== undefined) shown.push({ certificate: own, subject: income, income });
        else if (cover !== undefined) shown.push({ ...cover, income });
        else if (!(await this.#isKnownCertified(run, income))) need.push(id);
      }
    }
    // A certificate that is none is as good as missing: nobody gets stuck for what was damaged on the way.
    const right = await Promise.all(
      shown.map(({ certificate }) => this.#isCertificate(certificate, currency)),
    );
    shown.forEach(({ income }, i) => {
      if (right[i] !== true) need.push(income.id);
    });
    if (need.length > 0) return { kind: 'need', ids: need.slice(0, MAX_NEED) };
    for (const { certificate, subject } of shown) {
      if (certificate.kind === 'spend') await this.#own.expectSpend(certificate, currency.notaries, subject);
      else await this.#own.expectOutcome(certificate, currency.notaries);
    }
    return undefined;
  }

  /** Whether this notary has seen a transfer certified, by its own certificate or that of a later block. */
  async #isKnownCertified(run: SpendRun, { kind, authorHex, key, money }: Spending): Promise<boolean> {
    if (kind !== 'transfer') return false;
    const account = await this.#book.account(run.currency, authorHex);
    if (account === undefined || account.certified < money.n) return false;
    return (await this.#book.slot(run.currency, authorHex, money.n))?.key === key;
  }

  async #commit(
    run: SpendRun,
    account: NotaryAccount | undefined,
    { fresh, older, jump }: Placing,
    certified: ReadonlySet<string>,
    currency: IssuedCurrency,
  ): Promise<NotaryAnswer | undefined> {
    const blocks = [...older, ...(jump === null ? [] : [jump]), ...fresh];
    const head = fresh.at(-1) ?? jump ?? account?.head;
    if (head === undefined) return refused('ERR_MARKET_FORMAT', 'Expected at least one block');
    const newest = run.blocks.findLast(({ key }) => certified.has(key));
    const alone = currency.notaries.length === 1;
    const known = Math.max(account?.certified ?? 0, newest?.money.n ?? 0);
    // A lone notary's own share is the certificate.
    const certifiedNumber = alone ? head.money.n : known;
    if (head.money.n - certifiedNumber > MAX_UNCERTIFIED) return later(UNCERTIFIED_LATER_MS);
    const shown = newest === undefined ? undefined : run.spends.get(newest.key);
    const newer = newest !== undefined && newest.money.n > (account?.certified ?? 0);
    if (blocks.length === 0 && !newer) return undefined;
    const certificate =
      newer && shown !== undefined ? encodeCertificate(shown) : (account?.certificate ?? null);
    const next = { account: { head, certified: certifiedNumber, certificate, fork: null }, blocks };
    if (account === undefined) return this.#commitNew(currency, head.authorHex, next);
    await this.#book.commit(run.currency, head.authorHex, next);
    return undefined;
  }

  /** The same for an account without a row. Others may have taken the last place while this one was looked at. */
  async #commitNew(
    currency: IssuedCurrency,
    authorHex: PublicKeyHex,
    commit: AccountCommit,
  ): Promise<NotaryAnswer | undefined> {
    if (!this.#guests.hasRoom(currency, authorHex)) return later(NO_ROOM_LATER_MS);
    const more = this.#guests.take(currency);
    try {
      await this.#book.commit(currency.id, authorHex, { ...commit, more });
    } catch (error) {
      this.#guests.giveBack(currency);
      throw error;
    }
    return undefined;
  }
}

/**
 * The certificate of a later block of the payer's account that stands for `income`: the blocks between, linked by their
 * hashes, are among the incomes of the request. Nothing is verified here.
 */
function coverOf(
  { incomes, spends }: SpendRun,
  income: Spending,
): { readonly certificate: Certificate; readonly subject: Spending } | undefined {
  for (const [key, certificate] of spends) {
    const subject = incomes.get(key);
    let at = subject;
    while (at !== undefined && at.key !== income.key && at.money.n > income.money.n) {
      at = at.money.prev === null ? undefined : incomes.get(at.money.prev.toString());
    }
    if (subject !== undefined && at?.key === income.key) return { certificate, subject };
  }
  return undefined;
}

/** The statement that a block is the one of its author, currency and number. */
export function spendStatement(currency: BlockId, subject: BlockId): Omit<Certificate, 'shares'> {
  return { kind: 'spend', currency, subject, extra: null };
}

function forkRefusal(fork: readonly [Uint8Array, Uint8Array]): NotaryAnswer {
  return refused(
    'ERR_MONEY_FORK',
    'The author has signed two blocks with one number: it spends nothing more',
    fork,
  );
}

/**
 * Where the blocks of a run stand, given what is bound to their numbers. Blocks that reach back to what is known are
 * all looked at; else a certified one stands for those before it; else the one before is needed.
 */
function placeRun(
  run: SpendRun,
  account: NotaryAccount | undefined,
  bound: readonly (Spending | undefined)[],
  certified: ReadonlySet<string>,
): Placing | NotaryAnswer {
  const n = account?.head.money.n ?? 0;
  const past = run.blocks.filter((block) => block.money.n <= n);
  const fresh = run.blocks.filter((block) => block.money.n > n);
  const lastBound = bound.findLastIndex((block) => block !== undefined);
  const unbound = past.filter((_, i) => bound[i] === undefined);
  // The blocks before one that is bound are its ancestors, by their links; others say nothing about the account.
  const older = unbound.filter((block) => run.blocks.indexOf(block) < lastBound);
  if (older.length < unbound.length && account !== undefined) {
    return { kind: 'need', ids: [account.head.id] };
  }
  const first = fresh[0];
  if (first === undefined) return { base: account?.head ?? null, fresh: [], older, jump: null };
  const { prev } = first.money;
  const connected =
    first.money.n === n + 1 &&
    (account === undefined ? prev === null : prev !== null && equalBytes(prev.bytes, account.head.id.bytes));
  if (connected) return { base: account?.head ?? null, fresh, older, jump: null };
  const jumpAt = fresh.findLastIndex(({ key }) => certified.has(key));
  const jump = fresh[jumpAt];
  if (jump !== undefined) {
    return { base: jump, fresh: fresh.slice(jumpAt + 1), older: [...older, ...fresh.slice(0, jumpAt)], jump };
  }
  return { kind: 'need', ids: prev === null ? [] : [prev] };
}
