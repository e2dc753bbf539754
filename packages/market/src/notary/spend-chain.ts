import type { BlockId, HalfBlock } from '@edmp/interface';
import { equalBytes } from '@edmp/interface';
import { type Spending, spendingOf } from '../blocks/spending.ts';
import type { CertificateStore } from '../evidence/certificate-store.ts';
import { type Certificate, encodeCertificate } from './certificate.ts';
import { MAX_EVIDENCE, MAX_REQUEST_BYTES, MAX_RUN } from './limits.ts';

/** Blocks walked back at most: a notary that knows nothing is shown a certificate long before. */
const MAX_WALK = 4_096;
/** Bytes of blocks and certificates in one request: what is left is for its frame and the currency. */
const MAX_RUN_BYTES: number = MAX_REQUEST_BYTES - 70 * 1024;

/** Reads blocks of this node’s own store by their id. */
export type BlockReader = (id: BlockId) => Promise<HalfBlock | undefined>;

/** One request's worth of an account. */
export interface RunPart {
  readonly blocks: readonly Spending[];
  readonly certificates: readonly Uint8Array[];
  readonly incomes: readonly Uint8Array[];
  /** The last of `blocks`, unless the wanted one comes before it. */
  readonly want: Spending;
}

/** A block that is claimed, or that leads from one to a certificate. */
interface ClaimedIncome {
  readonly block: Uint8Array;
  /** None when only a later block's stands for it, or the notary has to know it. */
  readonly certificates: readonly Uint8Array[];
}

/** The blocks of an account that a notary is shown: from a certified one, or the first, up to the one to be signed. */
export class SpendChain {
  readonly #target: Spending;
  readonly #read: BlockReader;
  readonly #certificates: CertificateStore;
  /** In order of their numbers, without a gap; the target among them. */
  readonly #blocks: Spending[];
  #isComplete = false;

  constructor(target: Spending, read: BlockReader, certificates: CertificateStore) {
    this.#target = target;
    this.#read = read;
    this.#certificates = certificates;
    this.#blocks = [target];
  }

  /** Place of a block by its id; -1 = not in the chain so far. */
  indexOf(id: BlockId): number {
    return this.#blocks.findIndex((block) => equalBytes(block.id.bytes, id.bytes));
  }

  /** The place of the block to be signed. */
  get target(): number {
    return this.indexOf(this.#target.id);
  }

  get length(): number {
    return this.#blocks.length;
  }

  /** Adds the blocks before, back to the nearest certified one, or to the first. */
  async complete(): Promise<void> {
    if (this.#isComplete) return;
    await this.#walkBack((first) => this.#certificates.spend(first.key) !== undefined);
    this.#isComplete = true;
  }

  /** Adds blocks until `id` is among them: before the first one, or after the last. `false` when it is not of this account. */
  async reach(id: BlockId): Promise<boolean> {
    if (this.indexOf(id) >= 0) return true;
    const block = await this.#spending(id);
    if (block === undefined || block.authorHex !== this.#target.authorHex) return false;
    if (block.money.currency !== this.#target.money.currency) return false;
    const last = this.#blocks.at(-1) ?? this.#target;
    if (block.money.n <= last.money.n) {
      await this.#walkBack((first) => equalBytes(first.id.bytes, id.bytes));
      return this.indexOf(id) >= 0;
    }
    return this.#walkForward(block, last);
  }

  /**
   * As many blocks from `from` on as one request holds, with the certificates known of them, and what they claim. Blocks
   * with a certificate need no proof of their claims.
   */
  async part(from: number): Promise<RunPart> {
    const blocks: Spending[] = [];
    const certificates: Uint8Array[] = [];
    const incomes: Uint8Array[] = [];
    let bytes = 0;
    const lastCertified = this.#blocks.findLastIndex(
      ({ key }) => this.#certificates.spend(key) !== undefined,
    );
    for (let i = from; i < this.#blocks.length && blocks.length < MAX_RUN; i++) {
      const block = this.#blocks[i];
      if (block === undefined) break;
      const certificate = this.#certificates.spend(block.key);
      const own = certificate === undefined ? [] : [encodeCertificate(certificate)];
      const claimed = i <= lastCertified ? [] : await this.#claimedBy(block);
      const shown = claimed.flatMap(({ certificates: more }) => more);
      const size =
        block.block.bytes.length + sum(own) + sum(claimed.map((income) => income.block)) + sum(shown);
      const isFull =
        bytes + size > MAX_RUN_BYTES ||
        certificates.length + own.length + shown.length > MAX_EVIDENCE ||
        incomes.length + claimed.length > MAX_EVIDENCE;
      if (blocks.length > 0 && isFull) break;
      blocks.push(block);
      certificates.push(...own, ...shown);
      incomes.push(...claimed.map((income) => income.block));
      bytes += size;
    }
    const target = this.target;
    const isThere = target >= from && target < from + blocks.length;
    return {
      blocks,
      certificates: certificates.slice(0, MAX_EVIDENCE),
      incomes: incomes.slice(0, MAX_EVIDENCE),
      want: isThere ? this.#target : (blocks.at(-1) ?? this.#target),
    };
  }

  /** What a block claims, each once, with the certificates that there are; a transfer without one and what covers it. */
  async #claimedBy(block: Spending): Promise<readonly ClaimedIncome[]> {
    const claimed = new Map<string, { readonly block: Uint8Array; readonly certificates: Uint8Array[] }>();
    // A claimed hold may cover another income, too: then it goes along with its outcome and its own certificate.
    const add = ({ key, block: { bytes } }: Spending, certificate: Certificate | undefined): void => {
      const income = claimed.get(key) ?? { block: bytes, certificates: [] };
      if (certificate !== undefined) income.certificates.push(encodeCertificate(certificate));
      claimed.set(key, income);
    };
    for (const { id } of block.money.claims) {
      const income = await this.#spending(id);
      if (income === undefined) continue;
      const matter = income.kind === 'hold' ? 'outcome' : 'spend';
      const certificate = await this.#certificates.find(matter, income.key);
      add(income, certificate);
      if (certificate !== undefined || income.kind === 'hold') continue;
      for (const later of await this.#cover(income)) add(later, this.#certificates.spend(later.key));
    }
    return [...claimed.values()];
  }

  /** The blocks after an income up to the first one whose certificate is kept here; none when there is no such one. */
  async #cover(income: Spending): Promise<readonly Spending[]> {
    let shortest: readonly Spending[] = [];
    for await (const { kind, subject } of this.#certificates.own()) {
      if (kind !== 'spend') continue;
      const certified = await this.#spending(subject);
      const distance = certified === undefined ? 0 : certified.money.n - income.money.n;
      const isCloser = shortest.length === 0 || distance < shortest.length;
      if (certified?.authorHex !== income.authorHex || distance < 1 || distance > MAX_RUN || !isCloser)
        continue;
      const between = await this.#between(income, certified);
      if (between !== undefined) shortest = between;
    }
    return shortest;
  }

  /** The blocks after `first` up to `last`, by the links of the account; undefined when they do not lead there. */
  async #between(first: Spending, last: Spending): Promise<readonly Spending[] | undefined> {
    const blocks = [last];
    for (let at = last; at.money.n > first.money.n + 1; ) {
      const before = at.money.prev === null ? undefined : await this.#spending(at.money.prev);
      if (before === undefined) return undefined;
      blocks.unshift(before);
      at = before;
    }
    const link = blocks[0]?.money.prev;
    return link != null && equalBytes(link.bytes, first.id.bytes) ? blocks : undefined;
  }

  async #walkBack(isEnough: (first: Spending) => boolean): Promise<void> {
    while (this.#blocks.length < MAX_WALK) {
      const first = this.#blocks[0];
      if (first === undefined || first.money.prev === null || isEnough(first)) return;
      const before = await this.#spending(first.money.prev);
      if (before === undefined) return;
      // Several notaries are asked at once: another one's answer may have added it meanwhile.
      if (this.#blocks[0] === first) this.#blocks.unshift(before);
    }
  }

  async #walkForward(block: Spending, last: Spending): Promise<boolean> {
    const added = [block];
    for (let first = block; first.money.n > last.money.n + 1; ) {
      const before = first.money.prev === null ? undefined : await this.#spending(first.money.prev);
      if (before === undefined || added.length > MAX_RUN) return false;
      added.unshift(before);
      first = before;
    }
    const link = added[0]?.money.prev;
    if (link == null || !equalBytes(link.bytes, last.id.bytes)) return false;
    if (this.#blocks.at(-1) === last) this.#blocks.push(...added);
    return this.indexOf(block.id) >= 0;
  }

  async #spending(id: BlockId): Promise<Spending | undefined> {
    const block = await this.#read(id);
    return block === undefined ? undefined : spendingOf(block);
  }
}

function sum(parts: readonly Uint8Array[]): number {
  return parts.reduce((total, part) => total + part.length, 0);
}
