/**
 * Whether something that ends by itself has not ended at `now` (ms since the epoch, the node's clock). Before the node
 * has told its clock, what it lists counts as running.
 */
export function isRunning(item: { readonly expires: number }, now: number | undefined): boolean {
  return now === undefined || now < item.expires;
}
