import type { AbortOptions, BlockId, BlockStore, Environment, HalfBlock, PublicKey } from '@edmp/interface';
import { equalBytes, isEdmpError, sleep } from '@edmp/interface';
import { isTestCurrency } from '../asset/currency.ts';
import { type Spending, spendingOf } from '../blocks/spending.ts';
import { isMarketError } from '../errors.ts';
import type { Certificate } from '../notary/certificate.ts';
import type { Cover } from '../notary/client-types.ts';

/**
 * Payments to this node that wait for their certificate at once. Whoever pays for nothing can make more, so the one that
 * waited longest makes room for a new one; it is looked for again when the store is swept.
 */
const MAX_WAITING = 1_024;
/** Of these, as many as a sweep of the store looks for at once: the rest is for what comes in meanwhile. */
const MAX_SWEPT = 512;
/** Tries for a payment that a sweep found; then the next one gets its place, and this one another try in the next sweep. */
const SWEPT_TRIES = 4;
/** How long after a payment made room, or a sweep that left some without an answer, the store is swept again, ms. */
const SWEEP_AGAIN_MS = 900_000;
/** Blocks read at a time. */
const PAGE = 1_000;
const FIRST_PAUSE_MS = 250;
const LAST_PAUSE_MS = 300_000;
/** One try to hear from a payer or notary, ms. */
const TRY_MS = 10_000;

/** What {@link IncomingPayments} needs. */
export interface IncomingNeeds {
  readonly self: PublicKey;
  readonly environment: Environment;
  readonly store: Pick<BlockStore, 'since'>;
  /** Whether a payment counts already. */
  readonly counts: (spending: Spending) => boolean;
  /** Asks a peer for the certificates of blocks; right ones are kept. */
  readonly fetch: (
    peer: PublicKey,
    ids: readonly BlockId[],
    options: AbortOptions,
  ) => Promise<readonly Certificate[]>;
  /** Asks the currency's notaries for the payment's certificate, or a later one of the payer's and the blocks between. */
  readonly cover: (spending: Spending, options: AbortOptions) => Promise<Cover | undefined>;
  /** Takes a block in that somebody else signed. Throws when it is invalid. */
  readonly receive: (block: HalfBlock) => Promise<unknown>;
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
  /** Payments of a sweep among these. */
  readonly #swept = new Set<string>();
  #isSweeping = false;
  /** A payment was let go of without an answer. */
  #hasLeft = false;
  /** Told when a swept payment is done with. */
  #freed: () => void = () => undefined;

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

  /**
   * Looks for all payments in the store that do not count yet, a bounded number at a time, and again as long as some are
   * left without an answer. Returns at once.
   */
  sweep(): void {
    const { report, signal } = this.#needs;
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    this.#sweepAll()
      .catch((error: unknown) => {
        if (!signal.aborted) report('looking for older payments', error);
      })
      .finally(() => {
        this.#isSweeping = false;
      });
  }

  async #sweepAll(): Promise<void> {
    const { environment, signal, store } = this.#needs;
    do {
      this.#hasLeft = false;
      for (let after = 0, isLast = false; !isLast; ) {
        const page = await store.since(after, PAGE);
        for (const { block, arrival } of page) {
          after = arrival;
          const spending = readable(block);
          if (spending === undefined || !this.#isWanted(spending)) continue;
          while (this.#swept.size >= MAX_SWEPT) {
            await new Promise<void>((resolve) => {
              this.#freed = resolve;
            });
          }
          if (signal.aborted) return;
          this.#lookFor(spending, SWEPT_TRIES);
        }
        isLast = page.length < PAGE;
      }
      await sleep(environment, SWEEP_AGAIN_MS, { signal });
    } while (this.#hasLeft);
  }

  /** Whether a certificate is missing for a payment to this node, and is not looked for. */
  #isWanted(spending: Spending): boolean {
    const { counts, self } = this.#needs;
    const { to, currency } = spending.money;
    if (isTestCurrency(currency) || to === null || !equalBytes(to, self)) return false;
    return !this.#waiting.has(spending.key) && !counts(spending);
  }

  /** `tries`: how often it is asked for; else until it is there. */
  #lookFor(spending: Spending, tries = Number.POSITIVE_INFINITY): void {
    if (!this.#isWanted(spending)) return;
    this.#makeRoom();
    const stop = new AbortController();
    const { key } = spending;
    this.#waiting.set(key, stop);
    if (tries < Number.POSITIVE_INFINITY) this.#swept.add(key);
    this.#find(spending, tries, AbortSignal.any([this.#needs.signal, stop.signal]))
      .catch((error: unknown) => {
        if (!this.#needs.signal.aborted && !stop.signal.aborted)
          this.#needs.report('looking for a certificate', error);
      })
      .finally(() => {
        if (this.#waiting.get(key) === stop) this.#waiting.delete(key);
        if (this.#swept.delete(key)) this.#freed();
      });
  }

  #makeRoom(): void {
    if (this.#waiting.size < MAX_WAITING) return;
    for (const [oldest, stop] of this.#waiting) {
      this.#waiting.delete(oldest);
      stop.abort();
      this.#leave();
      return;
    }
  }

  /** A payment is let go of without an answer: a sweep finds it again. */
  #leave(): void {
    const { environment, signal } = this.#needs;
    this.#hasLeft = true;
    if (this.#isSweeping || signal.aborted) return;
    this.#isSweeping = true;
    sleep(environment, SWEEP_AGAIN_MS, { signal }).then(
      () => {
        this.#isSweeping = false;
        this.sweep();
      },
      () => undefined,
    );
  }

  async #find(spending: Spending, tries: number, signal: AbortSignal): Promise<void> {
    const { environment, counts, knows } = this.#needs;
    let pause = FIRST_PAUSE_MS;
    for (let tried = 0; tried < tries; tried++) {
      if ((await knows(spending)) && !counts(spending)) await this.#ask(spending, signal);
      if (counts(spending) || signal.aborted) return;
      await sleep(environment, pause, { signal });
      pause = Math.min(2 * pause, LAST_PAUSE_MS);
    }
    this.#leave();
  }

  async #ask(spending: Spending, signal: AbortSignal): Promise<void> {
    const { environment, fetch, learn, cover, receive } = this.#needs;
    const tries = [
      async (options: AbortOptions): Promise<readonly Certificate[]> =>
        fetch(spending.author, [spending.id], options),
      async (options: AbortOptions): Promise<readonly Certificate[]> => {
        const found = await cover(spending, options);
        for (const { block } of found?.blocks ?? []) await receive(block);
        return found === undefined ? [] : [found.certificate];
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
