import type { AbortOptions, Environment } from '@edmp/interface';
import { isEdmpError, sleep } from '@edmp/interface';
import type { CurrencyId } from '../asset/currency.ts';
import type { Spending } from '../blocks/spending.ts';
import { unlessAborted } from '../codec/waiting.ts';
import { MarketError } from '../errors.ts';
import type { Certificate } from '../notary/certificate.ts';

/** First and longest pause after a notary client gave up, ms. It repeats by itself; this is for what it did not expect. */
const FIRST_PAUSE_MS = 1_000;
const LAST_PAUSE_MS = 300_000;
/** What notaries take of one account without a certificate (DESIGN §4.4.7); more would only wait there. */
export const MAX_UNCERTIFIED = 32;

/** What a {@link Certifier} needs. */
export interface CertifierNeeds {
  /** Asks the notaries until a quorum has signed; for ever, unless the bytes are refused or the signal fires. */
  readonly certify: (spending: Spending, options: AbortOptions) => Promise<Certificate>;
  /** Takes a certificate in: into the ledger and the store of certificates, durably. */
  readonly keep: (certificate: Certificate) => Promise<void>;
  readonly environment: Environment;
  /** Fires when the market stops. */
  readonly signal: AbortSignal;
  /** Hears that the notaries refuse one’s own block for what its bytes say: the account cannot go on. */
  readonly refused: (spending: Spending, error: Error) => void;
}

interface Waiting {
  readonly spending: Spending;
  readonly outcome: Promise<Certificate>;
  readonly resolve: (certificate: Certificate) => void;
  readonly reject: (error: Error) => void;
}

/** Certifies own spendings in issued money in the background, the same bytes for ever, each account in order of its numbers. */
export class Certifier {
  readonly #needs: CertifierNeeds;
  readonly #queues = new Map<CurrencyId, Waiting[]>();
  /** Accounts that the notaries refuse to go on with. */
  readonly #refused = new Map<CurrencyId, Error>();

  constructor(needs: CertifierNeeds) {
    this.#needs = needs;
  }

  /** How many spendings of an account have no certificate yet. */
  pending(currency: CurrencyId): number {
    return this.#queues.get(currency)?.length ?? 0;
  }

  /** Why the notaries go on no further with an account, if they do not. */
  refusal(currency: CurrencyId): Error | undefined {
    return this.#refused.get(currency);
  }

  /** Starts certifying; the numbers of an account come in order. */
  add(spending: Spending): void {
    const { currency } = spending.money;
    const queue = this.#queues.get(currency) ?? [];
    if (queue.some((waiting) => waiting.spending.key === spending.key)) return;
    queue.push(waitingFor(spending));
    this.#queues.set(currency, queue);
    if (queue.length === 1) void this.#run(currency, queue);
  }

  /** The certificate of a spending that was added, when it is there; undefined when none is waited for. */
  outcome(spending: Spending, options: AbortOptions): Promise<Certificate> | undefined {
    const waiting = this.#queues
      .get(spending.money.currency)
      ?.find((candidate) => candidate.spending.key === spending.key);
    return waiting === undefined ? undefined : unlessAborted(waiting.outcome, options.signal);
  }

  async #run(currency: CurrencyId, queue: Waiting[]): Promise<void> {
    for (let [next] = queue; next !== undefined; [next] = queue) {
      const outcome = await this.#certify(next.spending);
      if (outcome instanceof Error) {
        if (!this.#needs.signal.aborted) this.#refused.set(currency, outcome);
        for (const waiting of queue.splice(0)) waiting.reject(outcome);
        break;
      }
      queue.shift();
      next.resolve(outcome);
    }
    this.#queues.delete(currency);
  }

  async #certify(spending: Spending): Promise<Certificate | Error> {
    const { environment, signal, refused } = this.#needs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LAST_PAUSE_MS)) {
      try {
        const certificate = await this.#needs.certify(spending, { signal });
        await this.#needs.keep(certificate);
        return certificate;
      } catch (error) {
        if (signal.aborted)
          return new MarketError('ERR_MARKET_STOPPED', 'The market was stopped', { cause: error });
        if (isEdmpError(error, 'ERR_NOTARY_REFUSED') || isEdmpError(error, 'ERR_NOTARY_PROVEN')) {
          refused(spending, error);
          return error;
        }
      }
      try {
        await sleep(environment, pause, { signal });
      } catch (cause) {
        return new MarketError('ERR_MARKET_STOPPED', 'The market was stopped', { cause });
      }
    }
  }
}

function waitingFor(spending: Spending): Waiting {
  let resolve: Waiting['resolve'] = () => {};
  let reject: Waiting['reject'] = () => {};
  const outcome = new Promise<Certificate>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  // Whoever waits hears it; when nobody does, it is no unhandled rejection.
  outcome.catch(() => {});
  return { spending, outcome, resolve, reject };
}
