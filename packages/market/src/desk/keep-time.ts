import type { Environment } from '@edmp/interface';
import type { Bookkeeper } from '../wallet/bookkeeper.ts';

/** How often the ledger is told the time, ms: money that comes back by time alone is shown to the minute. */
const TICK_MS = 60_000;

/** Keeps the ledger up to date while nobody asks it, until the returned function is called. */
export function keepTime(books: Bookkeeper, environment: Pick<Environment, 'schedule'>): () => void {
  const tick = (): void => {
    books.upToDate();
    cancel = environment.schedule(TICK_MS, tick);
  };
  let cancel = environment.schedule(TICK_MS, tick);
  return () => cancel();
}
