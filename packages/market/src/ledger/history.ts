import type { AssetId, PublicKey, PublicKeyHex, WalletTransaction } from '@edmp/interface';
import { publicKeyFromHex, publicKeyToHex } from '@edmp/interface';
import type { Currency } from '../asset/currency.ts';
import type { LicenceHolding } from '../market.ts';
import type { LedgerTrade } from './ledger.ts';
import type { TradeOutcome } from './trade-outcome.ts';

/** A movement outside any trade: an issue (`from` null) or a transfer. */
export interface PlainMovement {
  readonly id: string;
  readonly author: PublicKeyHex;
  readonly seq: number;
  readonly time: number;
  readonly currency: AssetId;
  readonly amount: bigint;
  readonly from: PublicKeyHex | null;
  readonly to: PublicKeyHex;
  /** Whether it counts in the balances; a proven forker's later ones do not. */
  counted: boolean;
}

type MovementStatus = WalletTransaction['status'];

function statusOf(outcome: TradeOutcome, incoming: boolean): MovementStatus | undefined {
  switch (outcome) {
    case 'held':
    case 'disputed':
      return incoming ? 'pending' : 'held';
    case 'final':
      return 'final';
    case 'complained':
    case 'withdrawn':
      return 'returned';
    default:
      return undefined;
  }
}

function tradeMovement(
  account: PublicKeyHex,
  asset: AssetId,
  trade: LedgerTrade,
): WalletTransaction | undefined {
  const { terms } = trade.blocks.trade.encoded;
  const agreement = trade.blocks.agreement;
  const licences = asset === 'EW';
  if (agreement === undefined || (!licences && terms.price.currency !== asset)) return undefined;
  const sells = publicKeyToHex(terms.seller) === account;
  const incoming = licences ? !sells : sells;
  const status = statusOf(trade.outcome, incoming);
  if (status === undefined) return undefined;
  return {
    id: trade.id,
    direction: incoming ? 'in' : 'out',
    asset: licences ? terms.asset : asset,
    amount: licences ? BigInt(terms.quantity) : terms.amount,
    counterparty: sells ? terms.buyer : terms.seller,
    time: agreement.core.time,
    description: `${sells ? 'Sale' : 'Purchase'} of ${terms.quantity} licence${terms.quantity === 1 ? '' : 's'} of ${terms.asset}`,
    status,
  };
}

/** Movements of an account, oldest first (by time, then id). */
export function movementsOf(
  account: PublicKey,
  asset: AssetId,
  currency: Currency | undefined,
  trades: readonly LedgerTrade[],
  plain: Iterable<PlainMovement>,
): readonly WalletTransaction[] {
  const name = publicKeyToHex(account);
  const out: WalletTransaction[] = [];
  for (const trade of trades) {
    const movement = tradeMovement(name, asset, trade);
    if (movement !== undefined) out.push(movement);
  }
  for (const movement of plain) {
    if (movement.currency !== asset || !movement.counted) continue;
    if (movement.to !== name && movement.from !== name) continue;
    const incoming = movement.to === name;
    const other = incoming ? movement.from : movement.to;
    out.push({
      id: movement.id,
      direction: incoming ? 'in' : 'out',
      asset,
      amount: movement.amount,
      counterparty: publicKeyFromHex(other ?? movement.author),
      time: movement.time,
      description: movement.from === null ? 'Issue' : 'Transfer',
      status: 'final',
    });
  }
  out.sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1));
  if (currency !== undefined && currency.genesis > 0n) {
    out.unshift({
      id: `genesis-${currency.id}`,
      direction: 'in',
      asset,
      amount: currency.genesis,
      counterparty: null,
      time: 0,
      description: 'Genesis grant',
      status: 'final',
    });
  }
  return out;
}

/** Who bought licences of an asset, oldest first. */
export function licencesOf(asset: AssetId, trades: readonly LedgerTrade[]): readonly LicenceHolding[] {
  const out: LicenceHolding[] = [];
  for (const { id, outcome, blocks } of trades) {
    const { terms } = blocks.trade.encoded;
    const agreement = blocks.agreement;
    if (terms.asset !== asset || agreement === undefined) continue;
    const status = statusOf(outcome, false);
    if (status === undefined || status === 'pending') continue;
    out.push({
      asset,
      trade: id,
      seller: terms.seller,
      buyer: terms.buyer,
      quantity: terms.quantity,
      time: agreement.core.time,
      status,
    });
  }
  return out.sort((a, b) => a.time - b.time || (a.trade < b.trade ? -1 : 1));
}
