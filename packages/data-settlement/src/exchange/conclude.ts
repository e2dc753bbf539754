import type { Crypto, KeyValueStore } from '@edmp/interface';
import { isOpened } from './opened-data.ts';
import { decodeBought, decodeSold, encodeSold, recordKey } from './records.ts';

/**
 * Destroys the keys that a finished trade needs no more: a buyer's one-time secret, a seller's content key. Of a
 * purchase that was paid and whose data was never opened it keeps the secret: it is all that the money bought.
 * Returns how many keys it destroyed; repeating it is harmless.
 */
export async function concludeTrade(
  { crypto, secrets }: { readonly crypto: Pick<Crypto, 'sha256'>; readonly secrets: KeyValueStore },
  tradeId: Uint8Array,
  { paid }: { readonly paid: boolean },
): Promise<number> {
  let destroyed = 0;
  const boughtBytes = await secrets.get(recordKey.bought(tradeId));
  if (boughtBytes !== undefined && (!paid || (await isOpened(secrets, tradeId)))) {
    const key = recordKey.oneTime(crypto.sha256(decodeBought(boughtBytes).trade.recipientKey));
    if ((await secrets.get(key)) !== undefined) {
      await secrets.delete(key);
      destroyed += 1;
    }
  }
  const soldBytes = await secrets.get(recordKey.sold(tradeId));
  if (soldBytes !== undefined) {
    const sold = decodeSold(soldBytes);
    // Gives the buyer a part in later spot checks that strangers have not; goes with the trade.
    if (paid) await secrets.set(recordKey.paidBy(sold.trade.buyer, tradeId), Uint8Array.of(1));
    if (sold.contentKey !== null && sold.delivery !== null) {
      // Removed and written anew, because a store overwrites what it removes, not what it replaces.
      const key = recordKey.sold(tradeId);
      await secrets.setMany([
        [key, null],
        [key, encodeSold({ ...sold, contentKey: null })],
      ]);
      if (!sold.shared) destroyed += 1;
    }
  }
  return destroyed;
}
