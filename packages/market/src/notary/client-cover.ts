import { type AbortOptions, type Crypto, equalBytes, isEdmpError, type PublicKey } from '@edmp/interface';
import { type IssuedCurrency, quorumOfKeys } from '../asset/currency.ts';
import type { CurrencyRegister } from '../asset/currency-register.ts';
import type { Spending } from '../blocks/spending.ts';
import type { CertificateStore } from '../evidence/certificate-store.ts';
import {
  type Certificate,
  certificateOfShares,
  decodeCertificate,
  type Share,
  verifyCertificate,
} from './certificate.ts';
import { spendMatter } from './client-spend.ts';
import type { Cover } from './client-types.ts';
import type { NotaryLine } from './line.ts';
import type { NotaryProofs } from './proof-register.ts';
import { spendingOfBytes } from './spend-run.ts';
import { spendStatement } from './spend-service.ts';
import { verifyStatement } from './statement.ts';

/** Blocks looked at after the one in question, of each notary: what an account of one payment an hour signs in five months. */
const MAX_BLOCKS = 4_096;
/** Bytes of such blocks that one notary may show: 1 KiB for each on average. Their signatures are nobody's proof yet. */
const MAX_SHOWN_BYTES: number = 4 * 1024 * 1024;

/** What the notaries told about one block and those after it. */
interface Search {
  readonly spending: Spending;
  readonly currency: IssuedCurrency;
  readonly quorum: number;
  readonly shares: Share[];
  /** Later blocks of the account by their ids, their signatures unchecked: the links say what they are. */
  readonly later: Map<string, Spending>;
  /** Right certificates of blocks of this currency, by their subjects. */
  readonly certificates: Map<string, Certificate>;
  /** Bytes of blocks that each notary has shown, by its place among the notaries: a liar takes no other's room. */
  readonly shown: number[];
}

/** What one notary told of an account from a number on. */
interface Page {
  /** Where its next blocks start; undefined = there are none. */
  readonly next: number | undefined;
}

/** Finds what shows that a block counts without its author. */
export class CoverClient {
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

  async cover(spending: Spending, options: AbortOptions): Promise<Cover | undefined> {
    const currency = this.#currencies.get(spending.money.currency);
    if (currency?.kind !== 'issued') return undefined;
    const quorum = quorumOfKeys(currency.notaries) ?? 1;
    const search: Search = {
      spending,
      currency,
      quorum,
      shares: [],
      later: new Map(),
      certificates: new Map(),
      shown: currency.notaries.map(() => 0),
    };
    let open = currency.notaries.map((key, index) => ({ key, index, n: spending.money.n }));
    while (open.length > 0) {
      const pages = await Promise.all(
        open.map(async ({ key, index, n }) => ({
          key,
          index,
          page: await this.#ask(key, index, n, search, options),
        })),
      );
      const found = coverIn(search);
      if (found !== undefined) return found;
      // Without any certificate, later blocks lead nowhere.
      if (search.certificates.size === 0) return undefined;
      open = pages.flatMap(({ key, index, page }) =>
        page.next === undefined || page.next > spending.money.n + MAX_BLOCKS
          ? []
          : [{ key, index, n: page.next }],
      );
    }
    return undefined;
  }

  /**
   * The certificate of the block itself, which whoever speaks about a hold wants: as it is known here, or made of the
   * shares of those that signed it; undefined when too few of them answer now.
   */
  async certificate(spending: Spending, options: AbortOptions): Promise<Certificate | undefined> {
    const known = await this.#certificates.find('spend', spending.key);
    if (known !== undefined) return known;
    const found = await this.cover(spending, options);
    if (found === undefined || found.blocks.length > 0) return undefined;
    await this.#certificates.put(found.certificate);
    return found.certificate;
  }

  async #ask(key: PublicKey, index: number, n: number, search: Search, options: AbortOptions): Promise<Page> {
    const { currency, spending } = search;
    try {
      const request = {
        kind: 'blocks',
        key,
        currency: currency.block.id,
        account: spending.author,
        n,
      } as const;
      const answer = await this.#line.ask(key, request, options);
      if (answer.kind !== 'blocks') return { next: undefined };
      let last = n - 1;
      for (const bytes of answer.blocks) {
        const block = spendingOfBytes(bytes, this.#crypto);
        const isNext =
          block.authorHex === spending.authorHex &&
          block.money.currency === currency.id &&
          block.money.n > last;
        if (!isNext) return { next: undefined };
        const shown = (search.shown[index] ?? 0) + bytes.length;
        if (shown > MAX_SHOWN_BYTES) return { next: undefined };
        search.shown[index] = shown;
        last = block.money.n;
        search.later.set(block.key, block);
      }
      if (n === spending.money.n) await this.#takeShare(key, index, answer.signature, search);
      this.#takeCertificate(answer.certificate, search);
      return { next: last < n ? undefined : last + 1 };
    } catch (error) {
      if (isEdmpError(error) && error.code !== 'ERR_ABORTED') return { next: undefined };
      throw error;
    }
  }

  async #takeShare(
    key: PublicKey,
    index: number,
    signature: Uint8Array | null,
    { currency, shares, spending }: Search,
  ): Promise<void> {
    const statement = spendStatement(currency.block.id, spending.id);
    if (signature === null || !verifyStatement(statement, signature, key, this.#crypto)) return;
    shares.push({ index, signature });
    const core = spending.block.coreBytes;
    await this.#proofs.observe(key, spendMatter(spending), { statement, signature, core });
  }

  #takeCertificate(bytes: Uint8Array | null, { currency, certificates }: Search): void {
    if (bytes === null) return;
    const certificate = decodeCertificate(bytes, currency.block.id);
    if (certificate.kind !== 'spend' || certificates.has(certificate.subject.toString())) return;
    if (!verifyCertificate(certificate, currency.notaries, this.#crypto)) return;
    certificates.set(certificate.subject.toString(), certificate);
  }
}

function coverIn({ spending, currency, quorum, shares, later, certificates }: Search): Cover | undefined {
  if (shares.length >= quorum) {
    const statement = spendStatement(currency.block.id, spending.id);
    return { certificate: certificateOfShares(statement, shares, currency.notaries), blocks: [] };
  }
  const own = certificates.get(spending.key);
  if (own !== undefined) return { certificate: own, blocks: [] };
  for (const [subject, certificate] of certificates) {
    const blocks: Spending[] = [];
    let at = later.get(subject);
    while (at !== undefined && at.money.n > spending.money.n) {
      blocks.unshift(at);
      const { prev } = at.money;
      if (prev !== null && equalBytes(prev.bytes, spending.id.bytes)) return { certificate, blocks };
      at = prev === null ? undefined : later.get(prev.toString());
    }
  }
  return undefined;
}
