import type { OrderView, PutAsideView } from '@edmp/node/client';
import { formatTime } from './format.ts';

/** Why one of your open bids leaves a listing alone; undefined when none does. */
export function asideOf(
  orders: readonly OrderView[],
  listing: { readonly order: string },
): PutAsideView | undefined {
  return orders
    .filter(({ side, status }) => side === 'bid' && status === 'open')
    .flatMap(({ aside }) => aside)
    .findLast(({ ask }) => ask === listing.order);
}

/** The same as a sentence: what was in the way, and whether it is tried again. */
export function asideText({ reason, code, again }: PutAsideView): string {
  const next = again === null ? 'It is not tried again' : `It is tried again at ${formatTime(again)}`;
  return `Your bid got no deal here: ${reason} (${code}). ${next}.`;
}
