import {
  type AbortOptions,
  type BlockId,
  type Crypto,
  type Environment,
  equalBytes,
  isEdmpError,
  type PublicKey,
} from '@edmp/interface';
import { decodeHalfBlock, verifySignature } from '@edmp/trustchain/block';
import type { IssuedCurrency } from '../asset/currency.ts';
import type { CurrencyRegister } from '../asset/currency-register.ts';
import { type Spending, spendingOf } from '../blocks/spending.ts';
import { MarketError } from '../errors.ts';
import type { CertificateStore } from '../evidence/certificate-store.ts';
import type { NotaryAnswer } from './answers.ts';
import { type Certificate, certificateOfShares } from './certificate.ts';
import { MAX_UNCERTIFIED } from './limits.ts';
import type { NotaryLine } from './line.ts';
import type { NotaryProofs } from './proof-register.ts';
import { type Attempt, afterFailure, gatherShares } from './quorum-call.ts';
import { type BlockReader, SpendChain } from './spend-chain.ts';
import { spendStatement } from './spend-service.ts';
import { verifyStatement } from './statement.ts';

/** Matter of a spend statement for comparison: the number of an account. */
export function spendMatter({ authorHex, money }: Spending): string {
  return `spend/${money.currency}/${authorHex}/${money.n}`;
}

/** Blocks after which notaries are shown a certificate: half of what they sign without one. */
const SHOWN_EVERY: number = MAX_UNCERTIFIED / 2;

/** What one notary has been shown of an account. */
interface Progress {
  /** Place of the first block that is shown to it next. */
  from: number;
  withCurrency: boolean;
}

/** Gathers spend certificates. */
export class SpendClient {
  readonly #line: NotaryLine;
  readonly #crypto: Crypto;
  readonly #environment: Environment;
  readonly #blocks: BlockReader;
  readonly #certificates: CertificateStore;
  readonly #currencies: CurrencyRegister;
  readonly #proofs: NotaryProofs;

  constructor(options: {
    readonly line: NotaryLine;
    readonly crypto: Crypto;
    readonly environment: Environment;
    readonly blocks: BlockReader;
    readonly certificates: CertificateStore;
    readonly currencies: CurrencyRegister;
    readonly proofs: NotaryProofs;
  }) {
    this.#line = options.line;
    this.#crypto = options.crypto;
    this.#environment = options.environment;
    this.#blocks = options.blocks;
    this.#certificates = options.certificates;
    this.#currencies = options.currencies;
    this.#proofs = options.proofs;
  }

  async certify(spending: Spending, options: AbortOptions): Promise<Certificate> {
    const known = await this.#certificates.find('spend', spending.key);
    if (known !== undefined) return known;
    const currency = this.#currencies.get(spending.money.currency);
    if (currency?.kind !== 'issued') {
      throw new MarketError(
        'ERR_CURRENCY_UNKNOWN',
        `Only money of a known issued currency is certified, got ${spending.money.currency}`,
      );
    }
    const statement = spendStatement(currency.block.id, spending.id);
    const progress = new Map<number, Progress>();
    const chain = new SpendChain(spending, this.#blocks, this.#certificates);
    const shares = await gatherShares({
      environment: this.#environment,
      keys: currency.notaries,
      signal: options.signal,
      attempt: (key, index) => {
        const mine = progress.get(index) ?? { from: -1, withCurrency: false };
        progress.set(index, mine);
        return this.#attempt(key, currency, spending, chain, mine, options);
      },
    });
    const certificate = certificateOfShares(statement, shares, currency.notaries);
    await this.#certificates.put(certificate, { keep: true });
    return certificate;
  }

  async #attempt(
    key: PublicKey,
    currency: IssuedCurrency,
    spending: Spending,
    chain: SpendChain,
    progress: Progress,
    options: AbortOptions,
  ): Promise<Attempt> {
    try {
      if (progress.from < 0) progress.from = await this.#firstPlace(currency, spending, chain);
      const part = await chain.part(progress.from);
      const answer = await this.#line.ask(
        key,
        {
          kind: 'spend',
          key,
          currency: progress.withCurrency ? currency.block.bytes : null,
          want: part.want.id,
          blocks: part.blocks.map(({ block }) => block.bytes),
          certificates: part.certificates,
          incomes: part.incomes,
        },
        options,
      );
      if (answer.kind !== 'share') return await this.#unless(answer, currency, spending, chain, progress);
      const statement = spendStatement(currency.block.id, part.want.id);
      if (!verifyStatement(statement, answer.signature, key, this.#crypto))
        return { kind: 'later', ms: null };
      await this.#proofs.observe(key, spendMatter(part.want), {
        statement,
        signature: answer.signature,
        core: part.want.block.coreBytes,
      });
      if (part.want.key === spending.key) return { kind: 'share', signature: answer.signature };
      progress.from = chain.indexOf(part.want.id) + 1;
      return { kind: 'again' };
    } catch (error) {
      return afterFailure(error);
    }
  }

  /**
   * Most notaries know everything but this one block. Several of them do not see by themselves what was certified, so
   * every now and then the block before goes along with its certificate.
   */
  async #firstPlace(currency: IssuedCurrency, spending: Spending, chain: SpendChain): Promise<number> {
    if (currency.notaries.length > 1 && spending.money.n % SHOWN_EVERY === 0) await chain.complete();
    return Math.max(0, chain.target - 1);
  }

  /** What to do about an answer that is no share. */
  async #unless(
    answer: NotaryAnswer,
    currency: IssuedCurrency,
    spending: Spending,
    chain: SpendChain,
    progress: Progress,
  ): Promise<Attempt> {
    switch (answer.kind) {
      case 'later':
        // It may wait for a certificate of an earlier block.
        await chain.complete();
        progress.from = 0;
        return { kind: 'later', ms: answer.ms };
      case 'refused':
        return { kind: 'never', error: this.#refusal(answer, spending) };
      case 'need':
        return (await this.#give(answer.ids, currency, chain, progress))
          ? { kind: 'again' }
          : { kind: 'later', ms: null };
      default:
        return { kind: 'later', ms: null };
    }
  }

  /** Whether something that the notary needs goes with the next request. */
  async #give(
    ids: readonly BlockId[],
    currency: IssuedCurrency,
    chain: SpendChain,
    progress: Progress,
  ): Promise<boolean> {
    let isNew = false;
    for (const id of ids) {
      if (equalBytes(id.bytes, currency.block.id.bytes)) {
        isNew ||= !progress.withCurrency;
        progress.withCurrency = true;
        continue;
      }
      const length = chain.length;
      await chain.complete();
      if (!(await chain.reach(id))) continue;
      const at = Math.min(chain.indexOf(id), chain.target);
      // What a notary needs again was shown to it, or comes with the whole account.
      const from = progress.from <= at && progress.from > 0 ? 0 : at;
      isNew ||= from !== progress.from || chain.length !== length;
      progress.from = from;
    }
    return isNew;
  }

  #refusal(answer: Extract<NotaryAnswer, { kind: 'refused' }>, spending: Spending): MarketError {
    const blocks = answer.proof === null ? undefined : this.#forkOf(answer.proof, spending);
    const code = blocks === undefined ? 'ERR_NOTARY_REFUSED' : 'ERR_NOTARY_PROVEN';
    const what =
      blocks === undefined
        ? 'A notary refuses to certify the block'
        : 'The account is stopped: its owner signed two blocks with one number';
    return new MarketError(code, `${what} (${answer.code.slice(0, 40)})`, {
      details: { refusal: answer.code, ...(blocks === undefined ? {} : { blocks }) },
    });
  }

  /** The two blocks of a refusal when they prove what it says: one author, currency and number, both signed. */
  #forkOf(
    proof: readonly [Uint8Array, Uint8Array],
    spending: Spending,
  ): readonly [Uint8Array, Uint8Array] | undefined {
    try {
      const [a, b] = proof.map((bytes) => decodeHalfBlock(bytes, this.#crypto));
      if (a === undefined || b === undefined || equalBytes(a.id.bytes, b.id.bytes)) return undefined;
      const [first, second] = [spendingOf(a), spendingOf(b)];
      const isFork =
        first !== undefined &&
        second !== undefined &&
        spendMatter(first) === spendMatter(second) &&
        first.authorHex === spending.authorHex;
      return isFork && verifySignature(a, this.#crypto) && verifySignature(b, this.#crypto)
        ? proof
        : undefined;
    } catch (error) {
      if (isEdmpError(error)) return undefined;
      throw error;
    }
  }
}
