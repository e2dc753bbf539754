import type { TradeView, WalletTransactionView, WalletView } from '@edmp/node/client';

/** What a wallet owns around a trade, minor units; `after` is an expectation while the trade runs. */
export interface BalancesAround {
  readonly before: bigint;
  readonly after: bigint;
}

/**
 * What the wallet owned (free and held) before and after a trade, from what it owns now and what moved since.
 * A failed trade changes nothing.
 */
export function balancesAround(
  trade: TradeView,
  wallet: WalletView,
  movements: readonly WalletTransactionView[],
): BalancesAround {
  const owned = wallet.available + wallet.held + wallet.earned;
  const change = trade.role === 'seller' ? trade.price : -trade.price;
  if (trade.failed !== null) return { before: owned, after: owned };
  const own = movements.find((movement) => movement.trade === trade.id && movement.status === 'final');
  if (own === undefined) return { before: owned, after: owned + change };
  let after = owned;
  for (const movement of movements) {
    if (movement === own || movement.status !== 'final' || movement.time <= own.time) continue;
    after += movement.direction === 'in' ? -movement.amount : movement.amount;
  }
  return { before: after - change, after };
}
