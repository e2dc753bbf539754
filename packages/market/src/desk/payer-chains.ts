import {
  type AbortOptions,
  type BlockId,
  type Environment,
  isEdmpError,
  type PublicKey,
  sleep,
  type Trustchain,
} from '@edmp/interface';
import { isTestCurrency } from '../asset/currency.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { TradeEngine } from '../trade/engine.ts';
import type { Trade } from '../trade/trade.ts';

/** Chains that are waited for at once; more are looked for after the next start. */
const MAX_WAITING = 256;
const FIRST_PAUSE_MS = 1_000;
const LAST_PAUSE_MS = 300_000;

/** What {@link ReceiptChains} needs. */
export interface ReceiptChainNeeds {
  readonly trustchain: Pick<Trustchain, 'history' | 'store'>;
  readonly ledger: () => Ledger;
  readonly environment: Environment;
  readonly report: (what: string, error: unknown) => void;
  readonly signal: AbortSignal;
}

/**
 * In test money a receipt pays by its place in the buyer's chain. One that was delivered while blocks before it are
 * missing here (its buyer had been cut off) would leave the seller's money pending for ever: so its chain is fetched.
 */
export class ReceiptChains {
  readonly #needs: ReceiptChainNeeds;
  readonly #waiting = new Set<string>();

  constructor(needs: ReceiptChainNeeds) {
    this.#needs = needs;
  }

  /** Looks at every trade from now on until the returned function is called, and at those that `engine` has. */
  follow(engine: TradeEngine): () => void {
    for (const trade of engine.all()) this.#consider(trade);
    return engine.on(({ trade }) => this.#consider(trade));
  }

  #consider(trade: Trade): void {
    const { role, state, hold, release } = trade;
    if (role !== 'seller' || state !== 'completed' || hold === null || release === null) return;
    if (!isTestCurrency(hold.money.currency) || this.#isSettled(hold.key)) return;
    if (this.#waiting.has(hold.key) || this.#waiting.size >= MAX_WAITING) return;
    this.#waiting.add(hold.key);
    const { report, signal, trustchain } = this.#needs;
    const fetch = async (options: AbortOptions): Promise<void> => {
      // A trade that was taken up again does not name its receipt.
      const upTo = trade.receipt ?? (await this.#receiptOf(release.block.id, hold.author));
      if (upTo !== undefined) await trustchain.history(hold.author, { ...options, upTo });
    };
    this.#until(hold.key, fetch)
      .catch((error: unknown) => {
        if (!signal.aborted) report('fetching the chain of a receipt', error);
      })
      .finally(() => this.#waiting.delete(hold.key));
  }

  async #receiptOf(release: BlockId, buyer: PublicKey): Promise<BlockId | undefined> {
    const [receipt] = await this.#needs.trustchain.store.answers(release, { author: buyer, limit: 1 });
    return receipt?.block.id;
  }

  async #until(hold: string, fetch: (options: AbortOptions) => Promise<unknown>): Promise<void> {
    const { environment, signal } = this.#needs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LAST_PAUSE_MS)) {
      try {
        await fetch({ signal });
        return;
      } catch (error) {
        if (!isEdmpError(error)) throw error;
        // A cheat's chain, or one that is too long, will not get better.
        const reason = error.details?.reason;
        if (reason === 'fork' || reason === 'invalid' || reason === 'too-large') return;
      }
      if (this.#isSettled(hold)) return;
      await sleep(environment, pause, { signal });
    }
  }

  #isSettled(hold: string): boolean {
    return (this.#needs.ledger().hold(hold)?.outcome ?? null) !== null;
  }
}
