import type { HoldRecord } from './hold.ts';
import type { Purse } from './purse.ts';

/**
 * Brings the sums of a hold's parties in step with what it does to them at `now`. `earns`: the seller's money is shown
 * and not claimed (test money). `false` when nothing changed.
 */
export function settle(hold: HoldRecord, buyer: Purse, seller: Purse, now: number, earns: boolean): boolean {
  const effect = hold.effectAt(now);
  const { key, id, amount } = hold;
  if (effect === hold.effect) return false;
  if (hold.effect === 'held') {
    buyer.addHeld(-amount);
    seller.addPending(-amount);
  } else if (hold.effect === 'back') {
    buyer.removeIncome(key);
  }
  hold.effect = effect;
  if (effect === 'held') {
    buyer.addHeld(amount);
    seller.addPending(amount);
  } else if (effect === 'back') {
    buyer.addIncome(key, { id, amount, hold });
  } else if (effect === 'paid' && earns) {
    seller.addEarned(amount);
  } else if (effect === 'paid') {
    seller.addIncome(key, { id, amount, hold });
  }
  return true;
}
