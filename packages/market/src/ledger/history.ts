import type { AssetId, PublicKey, PublicKeyHex, WalletTransaction } from '@edmp/interface';
import type { CurrencyId, TestCurrency } from '../asset/currency.ts';
import type { Spending } from '../blocks/spending.ts';
import type { TradeId } from '../blocks/terms.ts';
import { type HoldRecord, pays } from './hold.ts';

/** Who bought how many licences of an asset, from chains and certificates alone. */
export interface LicenceHolding {
  readonly asset: AssetId;
  readonly trade: TradeId;
  /** Key of the hold. */
  readonly hold: string;
  readonly seller: PublicKey;
  readonly buyer: PublicKey;
  readonly quantity: number;
  /** Time of the hold, ms since the epoch. */
  readonly time: number;
  /** `final`: the receipt or the outcome `paid` is known. `returned`: the money goes back. */
  readonly status: 'held' | 'final' | 'returned';
}

function licenceStatus({ receipt, outcome, effect }: HoldRecord): LicenceHolding['status'] {
  if (receipt !== null) return 'final';
  // Without witnesses the money comes back by time alone, before anybody claims it.
  if (outcome === null) return effect === 'back' ? 'returned' : 'held';
  return pays(outcome) ? 'final' : 'returned';
}

function moneyStatus(hold: HoldRecord, incoming: boolean): WalletTransaction['status'] {
  if (hold.outcome === null) return hold.effect === 'back' ? 'returned' : incoming ? 'pending' : 'held';
  return pays(hold.outcome) ? 'final' : 'returned';
}

function byTime(a: WalletTransaction, b: WalletTransaction): number {
  return a.time - b.time || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

function saleText(hold: HoldRecord, sells: boolean): string {
  const { terms } = hold;
  if (terms === undefined) return sells ? 'Sale' : 'Purchase';
  const { quantity, asset } = terms;
  return `${sells ? 'Sale' : 'Purchase'} of ${quantity} licence${quantity === 1 ? '' : 's'} of ${asset}`;
}

function holdMovement(account: PublicKeyHex, hold: HoldRecord, asset: CurrencyId): WalletTransaction {
  const sells = hold.sellerHex === account;
  return {
    id: hold.key,
    direction: sells ? 'in' : 'out',
    asset,
    amount: hold.amount,
    counterparty: sells ? hold.buyer : hold.seller,
    time: hold.block.core.time,
    description: saleText(hold, sells),
    status: moneyStatus(hold, sells),
  };
}

function transferMovement(account: PublicKeyHex, transfer: Spending): WalletTransaction {
  const { money, author, authorHex, block, key, memo } = transfer;
  const incoming = authorHex !== account;
  return {
    id: key,
    direction: incoming ? 'in' : 'out',
    asset: money.currency,
    amount: money.pay,
    counterparty: incoming ? author : money.to,
    time: block.core.time,
    description: memo === null ? 'Transfer' : `Transfer: ${memo}`,
    status: 'final',
  };
}

/** Movements of an account in one currency, oldest first; with the grant of a test currency. */
export function moneyMovements(
  account: PublicKeyHex,
  currency: CurrencyId,
  grant: TestCurrency | undefined,
  transfers: readonly Spending[],
  holds: readonly HoldRecord[],
): readonly WalletTransaction[] {
  const movements = transfers.map((transfer) => transferMovement(account, transfer));
  for (const hold of holds) {
    if (hold.counts && hold.currency === currency) movements.push(holdMovement(account, hold, currency));
  }
  movements.sort(byTime);
  if (grant === undefined) return movements;
  const first: WalletTransaction = {
    id: `grant-${grant.id}`,
    direction: 'in',
    asset: grant.id,
    amount: grant.grant,
    counterparty: null,
    time: 0,
    description: 'Grant of test money',
    status: 'final',
  };
  return [first, ...movements];
}

/** Licences that an account bought and sold (asset `EW`), oldest first. */
export function licenceMovements(
  account: PublicKeyHex,
  holds: readonly HoldRecord[],
): readonly WalletTransaction[] {
  const movements: WalletTransaction[] = [];
  for (const hold of holds) {
    const { terms } = hold;
    if (!hold.counts || terms === undefined) continue;
    const sells = hold.sellerHex === account;
    const status = licenceStatus(hold);
    movements.push({
      id: hold.key,
      direction: sells ? 'out' : 'in',
      asset: terms.asset,
      amount: BigInt(terms.quantity),
      counterparty: sells ? hold.buyer : hold.seller,
      time: hold.block.core.time,
      description: saleText(hold, sells),
      status: status === 'held' && !sells ? 'pending' : status,
    });
  }
  return movements.sort(byTime);
}

/** Who bought licences of an asset, oldest first. */
export function licencesOf(asset: AssetId, holds: readonly HoldRecord[]): readonly LicenceHolding[] {
  const licences: LicenceHolding[] = [];
  for (const hold of holds) {
    const { terms, trade } = hold;
    if (!hold.counts || terms === undefined || trade === undefined) continue;
    licences.push({
      asset,
      trade,
      hold: hold.key,
      seller: hold.seller,
      buyer: hold.buyer,
      quantity: terms.quantity,
      time: hold.block.core.time,
      status: licenceStatus(hold),
    });
  }
  return licences.sort((a, b) => a.time - b.time || (a.hold < b.hold ? -1 : 1));
}
