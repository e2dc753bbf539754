import type { BlockId, Crypto } from '@edmp/interface';
import { equalBytes, isEdmpError } from '@edmp/interface';
import { decodeHalfBlock } from '@edmp/trustchain/block';
import type { CurrencyId } from '../asset/currency.ts';
import { currencyLink } from '../asset/currency-link.ts';
import { type Spending, spendingOf } from '../blocks/spending.ts';
import { MarketError } from '../errors.ts';
import { type Certificate, decodeCertificate } from './certificate.ts';
import type { NotaryRequest } from './messages.ts';
import type { ServedCurrencies } from './served-currencies.ts';

/** A `spend` request, decoded: blocks of one account in order, and what they rest on. No signature is checked yet. */
export interface SpendRun {
  readonly currency: CurrencyId;
  readonly link: BlockId;
  readonly blocks: readonly Spending[];
  /** The one of `blocks` that the share is wanted for. */
  readonly want: Spending;
  readonly incomes: ReadonlyMap<string, Spending>;
  /** Spend certificates by their subject. */
  readonly spends: ReadonlyMap<string, Certificate>;
  /** Outcome certificates by their hold. */
  readonly outcomes: ReadonlyMap<string, Certificate>;
}

/** The spending block that bytes hold. Throws `ERR_MARKET_FORMAT` or a block error. */
export function spendingOfBytes(bytes: Uint8Array, crypto: Pick<Crypto, 'sha256'>): Spending {
  const spending = spendingOf(decodeHalfBlock(bytes, crypto));
  if (spending === undefined) throw new MarketError('ERR_MARKET_FORMAT', 'Expected a block that spends');
  return spending;
}

/** Decodes a `spend` request. Throws `ERR_MARKET_FORMAT` or a block error for what its bytes say. */
export function spendRunOf(
  request: Extract<NotaryRequest, { kind: 'spend' }>,
  served: Pick<ServedCurrencies, 'get'>,
  crypto: Pick<Crypto, 'sha256'>,
): SpendRun {
  const blocks = request.blocks.map((bytes) => spendingOfBytes(bytes, crypto));
  const first = blocks[0];
  const want = blocks.find(({ id }) => equalBytes(id.bytes, request.want.bytes));
  if (first === undefined || want === undefined) {
    throw new MarketError('ERR_MARKET_FORMAT', 'Expected the wanted block among the blocks of the request');
  }
  const { currency } = first.money;
  const link = served.get(currency)?.block.id ?? currencyLink(currency);
  if (link === null) {
    throw new MarketError('ERR_MARKET_FORMAT', 'Nothing is certified in test money: it needs no notary');
  }
  blocks.forEach((block, i) => {
    const before = blocks[i - 1];
    if (before === undefined) return;
    const follows =
      block.authorHex === first.authorHex &&
      block.money.currency === currency &&
      block.money.n === before.money.n + 1 &&
      block.money.prev !== null &&
      equalBytes(block.money.prev.bytes, before.id.bytes);
    if (!follows) {
      throw new MarketError(
        'ERR_MONEY_SUCCESSION',
        'Expected consecutive blocks of one account and currency',
      );
    }
  });
  const spends = new Map<string, Certificate>();
  const outcomes = new Map<string, Certificate>();
  for (const bytes of request.certificates) {
    const certificate = decodeCertificate(bytes, link);
    (certificate.kind === 'spend' ? spends : outcomes).set(certificate.subject.toString(), certificate);
  }
  const incomes = new Map<string, Spending>();
  for (const bytes of request.incomes) {
    const income = spendingOfBytes(bytes, crypto);
    incomes.set(income.key, income);
  }
  return { currency, link, blocks, want, incomes, spends, outcomes };
}

/**
 * Why an income is not the claimant's, by what its block and its certificate (undefined = not shown) say; undefined =
 * nothing speaks against it. The certificate is verified elsewhere.
 */
export function incomeProblem(
  income: Spending,
  certificate: Certificate | undefined,
  claimant: Spending,
  amount: bigint,
): string | undefined {
  if (income.money.currency !== claimant.money.currency) return 'is in another currency';
  if (income.money.pay !== amount) return `is worth ${income.money.pay}, not ${amount}`;
  const toClaimant = income.money.to !== null && equalBytes(income.money.to, claimant.author);
  const fromClaimant = income.authorHex === claimant.authorHex;
  if (income.kind === 'claim') return 'pays nobody';
  if (!toClaimant && !(income.kind === 'hold' && fromClaimant)) return 'pays somebody else';
  if (certificate === undefined || income.kind === 'transfer') return undefined;
  switch (certificate.kind) {
    case 'paid':
      return toClaimant ? undefined : 'was paid to somebody else';
    case 'none':
    case 'refund':
      return fromClaimant ? undefined : 'goes back to somebody else';
    default:
      return 'is a hold, which an outcome certificate brings';
  }
}

/** Code and message of an error that bytes caused. Throws every other error again. */
export function problemOf(error: unknown): { readonly code: string; readonly message: string } {
  if (!isEdmpError(error) || error.retryable) throw error;
  if (
    !/^ERR_(MARKET_FORMAT|MONEY|BLOCK|FORMAT|TRADE_TERMS|ORDER_AMOUNT|CURRENCY|DATASET|NOTARY_SEAL)/.test(
      error.code,
    )
  ) {
    throw error;
  }
  return { code: error.code, message: error.message };
}
