import {
  type BlockId,
  type Crypto,
  concatBytes,
  equalBytes,
  type HalfBlock,
  type PublicKey,
  type PublicKeyHex,
  publicKey,
  publicKeyToHex,
  type Signer,
  softwareSigner,
  type TxValue,
  utf8ToBytes,
} from '@edmp/interface';
import { nodeCrypto } from '@edmp/interface/crypto/node';
import { identify, signHalfBlock } from '@edmp/trustchain/block';
import {
  CURRENCY_TYPE,
  type Currency,
  currencyOfBlock,
  currencyToTx,
  type IssuedCurrency,
  type NotaryCount,
  quorumOf,
} from '../../src/asset/currency.ts';
import { price } from '../../src/asset/price.ts';
import type { Claim, Money } from '../../src/blocks/money.ts';
import { receiptToTx, releaseToTx } from '../../src/blocks/release.ts';
import { claimToTx, holdToTx, type Spending, spendingOf, transferToTx } from '../../src/blocks/spending.ts';
import { type EncodedTerms, encodeTerms, type Terms } from '../../src/blocks/terms.ts';
import { tradeProposalToTx } from '../../src/blocks/trade.ts';
import { CLAIM_TYPE, RELEASE_TYPE, TRADE_TYPE, TRANSFER_TYPE } from '../../src/blocks/types.ts';
import type { Certificate } from '../../src/notary/certificate.ts';
import { type Statement, type StatementKind, signStatement } from '../../src/notary/statement.ts';

/** Real signatures. Without threads: real work in the background would race with the virtual clock. */
export const crypto: Crypto = nodeCrypto({ threads: false });

/** Signatures that cost a hash: for properties over thousands of histories, where no key is attacked. */
export const toyCrypto: Crypto = {
  ...crypto,
  sha256: crypto.sha256.bind(crypto),
  ed25519PublicKey: (secretKey) => publicKey(crypto.sha256(secretKey)),
  ed25519Verify: (signature, message, key) => equalBytes(signature, toySignature(message, key)),
};

function toySignature(message: Uint8Array, key: Uint8Array): Uint8Array {
  const half = crypto.sha256(concatBytes(key, message));
  return concatBytes(half, half);
}

function signerOf(name: string, provider: Crypto): Signer {
  const secretKey = provider.sha256(utf8ToBytes(name));
  if (provider !== toyCrypto) return softwareSigner({ crypto: provider, secretKey });
  const key = toyCrypto.ed25519PublicKey(secretKey);
  return { publicKey: key, sign: async (message) => toySignature(message, key) };
}

export const START = 1_800_000_000_000;
export const HOUR = 3_600_000;

/** Where an author's account in one currency stands. */
interface AccountTip {
  readonly n: number;
  readonly prev: BlockId | null;
  readonly balance: bigint;
}

/** What a spending block does. */
export interface Spend {
  readonly claims?: readonly Claim[];
  readonly pay?: bigint;
  readonly to?: PublicKey;
}

export interface SignOptions {
  readonly peer?: PublicKey | null;
  readonly link?: BlockId | null;
  readonly time?: number;
}

/** An author that signs one chain by hand; `fork()` gives another one that goes on from the same blocks. */
export class Author {
  readonly signer: Signer;
  readonly blocks: HalfBlock[] = [];
  readonly #provider: Crypto;
  readonly #tips = new Map<string, AccountTip>();

  constructor(signer: Signer, provider: Crypto) {
    this.signer = signer;
    this.#provider = provider;
  }

  get key(): PublicKey {
    return this.signer.publicKey;
  }

  get hex(): PublicKeyHex {
    return publicKeyToHex(this.key);
  }

  fork(): Author {
    const other = new Author(this.signer, this.#provider);
    other.blocks.push(...this.blocks);
    for (const [currency, tip] of this.#tips) other.#tips.set(currency, tip);
    return other;
  }

  async sign(type: string, tx: TxValue, options: SignOptions = {}): Promise<HalfBlock> {
    const head = this.blocks.at(-1);
    const block = await signHalfBlock(
      {
        v: 1,
        key: this.key,
        seq: this.blocks.length + 1,
        prev: head?.id ?? null,
        peer: options.peer ?? null,
        link: options.link ?? null,
        type,
        tx,
        time: options.time ?? START + this.blocks.length,
      },
      this.signer,
      this.#provider,
    );
    this.blocks.push(block);
    return block;
  }

  /** The money part of the next spending block, honestly reckoned unless `changes` say otherwise. */
  money(currency: Currency, spend: Spend, changes: Partial<Money> = {}): Money {
    const tip = this.#tips.get(currency.id) ?? {
      n: 0,
      prev: null,
      balance: currency.kind === 'test' ? currency.grant : 0n,
    };
    const { claims = [], pay = 0n, to = null } = spend;
    const claimed = claims.reduce((sum, { amount }) => sum + amount, 0n);
    return {
      currency: currency.id,
      n: tip.n + 1,
      prev: tip.prev,
      claims,
      pay,
      to,
      balance: tip.balance + claimed - pay,
      ...changes,
    };
  }

  balance(currency: Currency): bigint {
    return this.#tips.get(currency.id)?.balance ?? (currency.kind === 'test' ? currency.grant : 0n);
  }

  #spent(block: HalfBlock): Spending {
    const spending = spendingOf(block);
    if (spending === undefined) throw new Error('not a spending block');
    const { n, balance, currency } = spending.money;
    this.#tips.set(currency, { n, prev: block.id, balance });
    return spending;
  }

  async transfer(
    currency: Currency,
    to: PublicKey,
    pay: bigint,
    {
      claims = [],
      changes,
      ...options
    }: SignOptions & { claims?: readonly Claim[]; changes?: Partial<Money> } = {},
  ): Promise<Spending> {
    const money = this.money(currency, { pay, to, claims }, changes);
    return this.#spent(await this.sign(TRANSFER_TYPE, transferToTx(money), { peer: to, ...options }));
  }

  async claim(
    currency: Currency,
    claims: readonly Claim[],
    { changes, ...options }: SignOptions & { changes?: Partial<Money> } = {},
  ): Promise<Spending> {
    const money = this.money(currency, { claims }, changes);
    return this.#spent(await this.sign(CLAIM_TYPE, claimToTx(money), { peer: this.key, ...options }));
  }

  /** Agrees to a trade proposal: the hold. */
  async hold(
    currency: Currency,
    { encoded, block }: { readonly encoded: EncodedTerms; readonly block: HalfBlock },
    {
      claims = [],
      changes,
      ...options
    }: SignOptions & { claims?: readonly Claim[]; changes?: Partial<Money> } = {},
  ): Promise<Spending> {
    const { amount, seller, deadlines, witnesses } = encoded.terms;
    const money = this.money(currency, { pay: amount, to: seller, claims }, changes);
    const { release, complain } = deadlines;
    const tx = holdToTx(money, { release, complain, witnesses });
    return this.#spent(await this.sign(TRADE_TYPE, tx, { peer: seller, link: block.id, ...options }));
  }

  release(hold: Spending, options: SignOptions = {}): Promise<HalfBlock> {
    const tx = releaseToTx({
      hold: hold.id,
      suite: 'x-wing',
      key: new Uint8Array(96),
      lock: new Uint8Array(32),
    });
    return this.sign(RELEASE_TYPE, tx, { peer: hold.author, ...options });
  }

  receipt(hold: Spending, release: HalfBlock, options: SignOptions = {}): Promise<HalfBlock> {
    return this.sign(RELEASE_TYPE, receiptToTx(hold.id), {
      peer: release.core.key,
      link: release.id,
      ...options,
    });
  }
}

export function author(name: string, provider: Crypto = crypto): Author {
  return new Author(signerOf(`author ${name}`, provider), provider);
}

/** A block id that no block has. */
export function someId(text: string): BlockId {
  return identify(utf8ToBytes(text), crypto);
}

export const ASSET = `EW${someId('a dataset')}`;

let nonces = 0;

export function termsOf(
  seller: Author,
  buyer: Author,
  currency: Currency,
  amount: bigint,
  changes: Partial<Terms> = {},
): EncodedTerms {
  nonces++;
  return encodeTerms(
    {
      ask: someId('ask'),
      bid: someId('bid'),
      seller: seller.key,
      buyer: buyer.key,
      asset: ASSET,
      quantity: 1,
      price: price(currency.id, amount),
      amount,
      deadlines: { accept: START + 60_000, release: START + 600_000, complain: START + 600_000 + HOUR },
      suite: 'x-wing',
      recipient: crypto.sha256(Uint8Array.of(1)),
      witnesses: currency.kind === 'test' ? [] : null,
      nonce: Uint8Array.of(nonces & 255, (nonces >> 8) & 255, nonces >> 16, ...new Uint8Array(13)),
      ...changes,
    },
    crypto,
  );
}

/** The seller's proposal of a trade. */
export async function proposed(
  seller: Author,
  buyer: Author,
  currency: Currency,
  amount: bigint,
  changes: Partial<Terms> & SignOptions = {},
): Promise<{ readonly encoded: EncodedTerms; readonly block: HalfBlock }> {
  const { time, link: _link, peer: _peer, ...terms } = changes;
  const encoded = termsOf(seller, buyer, currency, amount, terms);
  const block = await seller.sign(TRADE_TYPE, tradeProposalToTx(encoded, new Uint8Array(32).fill(9)), {
    peer: buyer.key,
    ...(time === undefined ? {} : { time }),
  });
  return { encoded, block };
}

/** The statement keys of 1, 4 or 7 notaries or witnesses, and what they sign. */
export class Quorum {
  readonly signers: readonly Signer[];
  readonly #provider: Crypto;

  constructor(name: string, count: NotaryCount, provider: Crypto) {
    this.#provider = provider;
    this.signers = Array.from({ length: count }, (_, i) => signerOf(`notary ${name} ${i}`, provider));
  }

  get keys(): readonly PublicKey[] {
    return this.signers.map(({ publicKey: key }) => key);
  }

  /** Shares of the first 2f + 1 keys, or of those named. */
  async certify(statement: Statement, indices?: readonly number[]): Promise<Certificate> {
    const count = this.signers.length as NotaryCount;
    const named = indices ?? Array.from({ length: quorumOf(count) }, (_, i) => i);
    const shares = await Promise.all(
      named.map(async (index) => ({
        index,
        signature: await signStatement(statement, this.signers[index]!, this.#provider),
      })),
    );
    return { ...statement, shares };
  }

  /** Outcome of a hold, or the spend certificate of a block. */
  certificate(
    kind: Exclude<StatementKind, 'ack'>,
    subject: Spending,
    currency: BlockId | null,
    indices?: readonly number[],
  ): Promise<Certificate> {
    return this.certify({ kind, currency, subject: subject.id, extra: null }, indices);
  }
}

export function quorum(name: string, count: NotaryCount = 1, provider: Crypto = crypto): Quorum {
  return new Quorum(name, count, provider);
}

/** A currency and its block. */
export async function issue(
  issuer: Author,
  notaries: Quorum,
  label = 'SUN',
): Promise<{ readonly currency: IssuedCurrency; readonly block: HalfBlock }> {
  const block = await issuer.sign(
    CURRENCY_TYPE,
    currencyToTx({ label, precision: 2, notaries: notaries.keys }),
  );
  return { currency: currencyOfBlock(block), block };
}
