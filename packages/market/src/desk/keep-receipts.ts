import { type BlockStore, equalBytes, type PublicKey } from '@edmp/interface';
import { isTestCurrency } from '../asset/currency.ts';
import type { Bookkeeper } from '../wallet/bookkeeper.ts';
import type { Keeper } from './keeper.ts';

/** What {@link keepReceipts} needs. */
export interface KeepReceiptsNeeds {
  readonly self: PublicKey;
  readonly books: Bookkeeper;
  readonly store: Pick<BlockStore, 'put'>;
  readonly keeper: Keeper;
}

/**
 * In test money a receipt pays by its place in its buyer's chain. The blocks before it may have come after it, and blocks
 * of others may lag a power cut; so once it pays, all that came so far is made durable: nothing is told and then
 * forgotten.
 */
export function keepReceipts({ self, books, store, keeper }: KeepReceiptsNeeds): () => void {
  return books.on((change) => {
    if (change.type !== 'outcome') return;
    const { currency, key, outcome, receipt, seller } = change.hold;
    if (outcome?.kind !== 'receipt' || receipt === null) return;
    if (!isTestCurrency(currency) || !equalBytes(seller, self)) return;
    keeper.keep(`receipt ${key}`, 'keeping a receipt', async () => {
      await store.put([receipt], { durable: true });
    });
  });
}
