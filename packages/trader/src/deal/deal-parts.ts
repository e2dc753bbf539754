import type { BlockId, Crypto, HalfBlock } from '@edmp/interface';
import { equalBytes, publicKeyToHex } from '@edmp/interface';
import {
  currencyOfBlock,
  decodeOrder,
  releaseOf,
  type SignedOrder,
  type Spending,
  spendingOf,
  type TradeProposal,
  tradeProposalOf,
} from '@edmp/market/codec';
import { type IssuedCurrency, isTestCurrency } from '@edmp/market/ledger';
import { type Certificate, decodeCertificate } from '@edmp/market/notary';
import { decodeHalfBlock, verifySignature } from '@edmp/trustchain/block';
import { expectThat, needed } from './check.ts';
import type { DealBlock, DealCertificate, DealFile } from './deal-file.ts';

/** A part that was read, or why it could not be. */
type Read<T> = { readonly part: T | null } | { readonly error: unknown };

function attempt<T>(read: () => T | null): Read<T> {
  try {
    return { part: read() };
  } catch (error) {
    return { error };
  }
}

function partOf<T>(read: Read<T>): T | null {
  if ('error' in read) throw read.error;
  return read.part;
}

/** Short form of a key for people. */
export function shortKey(key: Uint8Array): string {
  return `${publicKeyToHex(key as Parameters<typeof publicKeyToHex>[0]).slice(0, 16)}…`;
}

/**
 * The parts of a deal file, each decoded and each signature verified once. Asking for a part that is broken throws what
 * is wrong with it; for one that is not in the file it gives null.
 */
export class DealParts {
  readonly #file: DealFile;
  readonly #crypto: Crypto;
  readonly #blocks = new Map<DealBlock, Read<HalfBlock>>();

  constructor(file: DealFile, crypto: Crypto) {
    this.#file = file;
    this.#crypto = crypto;
  }

  /** A block with a right signature. */
  block(name: DealBlock): HalfBlock | null {
    let read = this.#blocks.get(name);
    if (read === undefined) {
      read = attempt(() => this.#readBlock(name));
      this.#blocks.set(name, read);
    }
    return partOf(read);
  }

  #readBlock(name: DealBlock): HalfBlock | null {
    const bytes = this.#file.blocks[name];
    if (bytes === null) return null;
    const block = decodeHalfBlock(bytes, this.#crypto);
    expectThat(
      verifySignature(block, this.#crypto),
      `the signature under the block is not that of ${shortKey(block.core.key)}`,
    );
    return block;
  }

  order(side: 'ask' | 'bid'): SignedOrder | null {
    const block = this.block(side);
    if (block === null) return null;
    const order = decodeOrder(block, this.#crypto);
    expectThat(order.side === side, `expected an ${side}, found the other side of the market`);
    return order;
  }

  /** The seller's signed offer, which every deal has. */
  proposal(): TradeProposal {
    const block = needed(this.block('proposal'), 'the file holds no offer that the seller signed');
    return tradeProposalOf(block, this.#crypto);
  }

  hold(): Spending | null {
    const block = this.block('hold');
    if (block === null) return null;
    return needed(spendingOf(block), 'the block holds no money');
  }

  release(): { readonly block: HalfBlock; readonly tx: ReturnType<typeof releaseOf> } | null {
    const block = this.block('release');
    return block === null ? null : { block, tx: releaseOf(block) };
  }

  /** The currency that the terms name; null for test money. */
  currency(): IssuedCurrency | null {
    const { currency: id } = this.proposal().encoded.terms.price;
    const block = this.block('currency');
    if (isTestCurrency(id)) {
      expectThat(
        block === null,
        'the deal is in test money, and the file holds the block of another currency',
      );
      return null;
    }
    const currency = currencyOfBlock(
      needed(block, 'the file does not hold the block that opened the currency'),
    );
    expectThat(currency.id === id, 'the file holds the block of another currency than that of the terms');
    return currency;
  }

  /** Those who decide about the money: notaries of issued money, witnesses that both sides named, or nobody. */
  witnesses(): readonly Uint8Array[] {
    return this.currency()?.notaries ?? this.proposal().encoded.terms.witnesses ?? [];
  }

  certificate(name: DealCertificate): Certificate | null {
    const bytes = this.#file.certificates[name];
    return bytes === null ? null : decodeCertificate(bytes, this.currency()?.block.id ?? null);
  }
}

/** Whether two ids are one. */
export function sameId(a: BlockId, b: BlockId): boolean {
  return equalBytes(a.bytes, b.bytes);
}
