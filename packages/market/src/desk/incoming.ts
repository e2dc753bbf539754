import type { AbortOptions, BlockId, Environment, HalfBlock, PublicKey } from '@edmp/interface';
import { equalBytes, isEdmpError, sleep } from '@edmp/interface';
import { isTestCurrency } from '../asset/currency.ts';
import { type Spending, spendingOf } from '../blocks/spending.ts';
import { isMarketError } from '../errors.ts';
import type { Certificate } from '../notary/certificate.ts';

/**
 * Payments to this node that wait for their certificate at once. Whoever pays for nothing can make more, so the one that
 * waited longest makes room for a new one; it is looked for again after the next start.
 */
const MAX_WAITING = 1_024;
const FIRST_PAUSE_MS = 250;
const LAST_PAUSE_MS = 300_000;
/** One try to hear from a payer or notary, ms. */
const TRY_MS = 10_000;

/** What {@link IncomingPayments} needs. */
export interface IncomingNeeds {
  readonly self: PublicKey;
  readonly environment: Environment;
  /** Whether a payment counts already. */
  readonly counts: (spending: Spending) => boolean;
  /** Asks a peer for the certificates of blocks; right ones are kept. */
  readonly fetch: (
    peer: PublicKey,
    ids: readonly BlockId[],
    options: AbortOptions,
  ) => Promise<readonly Certificate[]>;
  /** Asks the currency's notaries for the payer's newest certificate. */
  readonly newest: (spending: Spending, options: AbortOptions) => Promise<Certificate | undefined>;
  /** Keeps a certificate durably and tells the ledger. */
  readonly learn: (certificate: Certificate) => Promise<void>;
  /** Makes the currency known, asking the payer; false: nobody tells it. */
  readonly knows: (spending: Spending) => Promise<boolean>;
  readonly report: (what: string, error: unknown) => void;
  readonly signal: AbortSignal;
}

/** Finds the certificates of payments in issued money that came to this node without one. */
export class IncomingPayments {
  readonly #needs: IncomingNeeds;
  /** What calls the search for each off, longest waiting first. */
  readonly #waiting = new Map<string, AbortController>();

  constructor(needs: IncomingNeeds) {
    this.#needs = needs;
  }

  /** A block came in. Whoever pays by a hold shows its certificate. */
  onBlock(block: HalfBlock): void {
    const spending = readable(block);
    if (spending?.kind === 'transfer') this.#lookFor(spending);
  }

  /** A block was found in the store at the start: the certificate of a hold may have got lost with the last process, too. */
  onStored(block: HalfBlock): void {
    const spending = readable(block);
    if (spending !== undefined) this.#lookFor(spending);
  }

  #lookFor(spending: Spending): void {
    if (isTestCurrency(spending.money.currency)) return;
    const { to } = spending.money;
    if (to === null || !equalBytes(to, this.#needs.self) || this.#waiting.has(spending.key)) return;
    if (this.#needs.counts(spending)) return;
    this.#makeRoom();
    const stop = new AbortController();
    this.#waiting.set(spending.key, stop);
    this.#find(spending, AbortSignal.any([this.#needs.signal, stop.signal]))
      .catch((error: unknown) => {
        if (!this.#needs.signal.aborted && !stop.signal.aborted)
          this.#needs.report('looking for a certificate', error);
      })
      .finally(() => {
        if (this.#waiting.get(spending.key) === stop) this.#waiting.delete(spending.key);
      });
  }

  #makeRoom(): void {
    if (this.#waiting.size < MAX_WAITING) return;
    for (const [oldest, stop] of this.#waiting) {
      this.#waiting.delete(oldest);
      stop.abort();
      return;
    }
  }

  async #find(spending: Spending, signal: AbortSignal): Promise<void> {
    const { environment, counts, knows } = this.#needs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LAST_PAUSE_MS)) {
      if ((await knows(spending)) && !counts(spending)) await this.#ask(spending, signal);
      if (counts(spending) || signal.aborted) return;
      await sleep(environment, pause, { signal });
    }
  }

  async #ask(spending: Spending, signal: AbortSignal): Promise<void> {
    const { environment, fetch, learn, newest } = this.#needs;
    const tries = [
      async (options: AbortOptions): Promise<readonly Certificate[]> =>
        fetch(spending.author, [spending.id], options),
      async (options: AbortOptions): Promise<readonly Certificate[]> => {
        const certificate = await newest(spending, options);
        return certificate === undefined ? [] : [certificate];
      },
    ];
    for (const ask of tries) {
      const stop = new AbortController();
      const leave = (): void => stop.abort(signal.reason);
      signal.addEventListener('abort', leave, { once: true });
      const cancel = environment.schedule(TRY_MS, leave);
      try {
        for (const certificate of await ask({ signal: stop.signal })) await learn(certificate);
      } catch (error) {
        // Nobody answers now; it is asked again later.
        if (!isEdmpError(error)) throw error;
      } finally {
        cancel();
        signal.removeEventListener('abort', leave);
      }
      if (this.#needs.counts(spending)) return;
    }
  }
}

function readable(block: HalfBlock): Spending | undefined {
  try {
    return spendingOf(block);
  } catch (error) {
    if (isMarketError(error)) return undefined;
    throw error;
  }
}
