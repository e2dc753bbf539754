import { type AbortOptions, type Crypto, equalBytes, isEdmpError, type PublicKey } from '@edmp/interface';
import { verifySignature } from '@edmp/trustchain/block';
import { type CurrencyId, type IssuedCurrency, quorumOfKeys } from '../asset/currency.ts';
import type { CurrencyRegister } from '../asset/currency-register.ts';
import type { Spending } from '../blocks/spending.ts';
import { MarketError } from '../errors.ts';
import type { CertificateStore } from '../evidence/certificate-store.ts';
import {
  type Certificate,
  certificateOfShares,
  decodeCertificate,
  type Share,
  verifyCertificate,
} from './certificate.ts';
import { spendMatter } from './client-spend.ts';
import type { AccountTip } from './client-types.ts';
import type { NotaryLine } from './line.ts';
import type { NotaryProofs } from './proof-register.ts';
import { spendingOfBytes } from './spend-run.ts';
import { spendStatement } from './spend-service.ts';
import { verifyStatement } from './statement.ts';

/** Blocks that an account gets back at once: more than was ever signed since a backup of a year ago, one an hour. */
const MAX_LOST = 10_000;

/** What the notaries know of one block. */
interface Candidate {
  readonly spending: Spending;
  readonly shares: Share[];
  certificate: Certificate | undefined;
}

/** Asks notaries where an account stands. */
export class AccountClient {
  readonly #line: NotaryLine;
  readonly #crypto: Crypto;
  readonly #certificates: CertificateStore;
  readonly #currencies: CurrencyRegister;
  readonly #proofs: NotaryProofs;

  constructor(options: {
    readonly line: NotaryLine;
    readonly crypto: Crypto;
    readonly certificates: CertificateStore;
    readonly currencies: CurrencyRegister;
    readonly proofs: NotaryProofs;
  }) {
    this.#line = options.line;
    this.#crypto = options.crypto;
    this.#certificates = options.certificates;
    this.#currencies = options.currencies;
    this.#proofs = options.proofs;
  }

  async account(id: CurrencyId, account: PublicKey, options: AbortOptions): Promise<AccountTip | undefined> {
    const currency = this.#currencies.get(id);
    if (currency?.kind !== 'issued') {
      throw new MarketError('ERR_CURRENCY_UNKNOWN', `The issued currency ${id} is not known here`);
    }
    const candidates = new Map<string, Candidate>();
    const answered = await Promise.all(
      currency.notaries.map((key, index) => this.#ask(key, index, currency, account, candidates, options)),
    );
    const quorum = quorumOfKeys(currency.notaries) ?? 1;
    if (answered.filter(Boolean).length < quorum) {
      throw new MarketError('ERR_NOTARY_LATER', 'Too few notaries of the currency answered; try again', {
        retryable: true,
      });
    }
    const newest = [...candidates.values()].sort((a, b) => b.spending.money.n - a.spending.money.n)[0];
    if (newest === undefined) return undefined;
    const { spending, shares } = newest;
    const certificate =
      newest.certificate ??
      (shares.length < quorum
        ? undefined
        : certificateOfShares(spendStatement(currency.block.id, spending.id), shares, currency.notaries));
    if (certificate !== undefined) await this.#certificates.put(certificate, { keep: true });
    return {
      n: spending.money.n,
      id: spending.id,
      block: spending.block,
      certificate: certificate ?? null,
    };
  }

  /**
   * Blocks of an account from the number `from` on that any notary is bound to, in order, each signed by its owner: so a
   * liar can keep some back and invent none. Throws `ERR_NOTARY_LATER` when nobody answers.
   */
  async blocks(
    id: CurrencyId,
    account: PublicKey,
    from: number,
    options: AbortOptions,
  ): Promise<readonly Spending[]> {
    const currency = this.#currencies.get(id);
    if (currency?.kind !== 'issued') {
      throw new MarketError('ERR_CURRENCY_UNKNOWN', `The issued currency ${id} is not known here`);
    }
    const found = new Map<string, Spending>();
    const answered = await Promise.all(
      currency.notaries.map((key) => this.#pages(key, currency, account, from, found, options)),
    );
    if (!answered.some(Boolean)) {
      throw new MarketError('ERR_NOTARY_LATER', 'No notary of the currency answered; try again', {
        retryable: true,
      });
    }
    return [...found.values()].sort((a, b) => a.money.n - b.money.n);
  }

  /** Whether the notary answered; its blocks go into `found`. */
  async #pages(
    key: PublicKey,
    currency: IssuedCurrency,
    account: PublicKey,
    from: number,
    found: Map<string, Spending>,
    options: AbortOptions,
  ): Promise<boolean> {
    let hasAnswered = false;
    try {
      for (let n = from; n < from + MAX_LOST; ) {
        const request = { kind: 'blocks', key, currency: currency.block.id, account, n } as const;
        const answer = await this.#line.ask(key, request, options);
        if (answer.kind !== 'blocks') return hasAnswered;
        hasAnswered = true;
        const before = n;
        for (const bytes of answer.blocks) {
          const spending = spendingOfBytes(bytes, this.#crypto);
          const isRight =
            equalBytes(spending.author, account) &&
            spending.money.currency === currency.id &&
            spending.money.n >= n &&
            (found.has(spending.key) || verifySignature(spending.block, this.#crypto));
          if (!isRight) return hasAnswered;
          found.set(spending.key, spending);
          n = spending.money.n + 1;
        }
        if (n === before) return true;
      }
      return hasAnswered;
    } catch (error) {
      if (isEdmpError(error) && error.code !== 'ERR_ABORTED') return hasAnswered;
      throw error;
    }
  }

  /** Whether the notary answered. */
  async #ask(
    key: PublicKey,
    index: number,
    currency: IssuedCurrency,
    account: PublicKey,
    candidates: Map<string, Candidate>,
    options: AbortOptions,
  ): Promise<boolean> {
    try {
      const request = { kind: 'account', key, currency: currency.block.id, account } as const;
      const answer = await this.#line.ask(key, request, options);
      if (answer.kind !== 'account') return false;
      if (answer.tip === null) return true;
      const spending = spendingOfBytes(answer.tip.block, this.#crypto);
      // Only what the owner itself signed can be its newest block: a liar cannot invent one.
      const isOfAccount =
        equalBytes(spending.author, account) &&
        spending.money.currency === currency.id &&
        verifySignature(spending.block, this.#crypto);
      if (!isOfAccount) return false;
      const candidate = candidates.get(spending.key) ?? { spending, shares: [], certificate: undefined };
      candidates.set(spending.key, candidate);
      await this.#takeShare(key, index, currency, candidate, answer.tip.signature);
      this.#takeCertificate(currency, candidate, answer.tip.certificate);
      return true;
    } catch (error) {
      if (isEdmpError(error) && error.code !== 'ERR_ABORTED') return false;
      throw error;
    }
  }

  async #takeShare(
    key: PublicKey,
    index: number,
    currency: IssuedCurrency,
    { spending, shares }: Candidate,
    signature: Uint8Array | null,
  ): Promise<void> {
    const statement = spendStatement(currency.block.id, spending.id);
    if (signature === null || !verifyStatement(statement, signature, key, this.#crypto)) return;
    shares.push({ index, signature });
    const core = spending.block.coreBytes;
    await this.#proofs.observe(key, spendMatter(spending), { statement, signature, core });
  }

  #takeCertificate(currency: IssuedCurrency, candidate: Candidate, bytes: Uint8Array | null): void {
    if (bytes === null) return;
    const certificate = decodeCertificate(bytes, currency.block.id);
    const isOfBlock =
      certificate.kind === 'spend' && equalBytes(certificate.subject.bytes, candidate.spending.id.bytes);
    if (isOfBlock && verifyCertificate(certificate, currency.notaries, this.#crypto)) {
      candidate.certificate = certificate;
    }
  }
}
