import {
  type AbortOptions,
  type BlockId,
  type Environment,
  equalBytes,
  type HalfBlock,
  isEdmpError,
  type PublicKey,
  publicKeyToHex,
  sleep,
  type Trustchain,
} from '@edmp/interface';
import { isTestCurrency } from '../asset/currency.ts';
import { receiptOf } from '../blocks/release.ts';
import { spendingOf } from '../blocks/spending.ts';
import { RELEASE_TYPE, TRANSFER_TYPE } from '../blocks/types.ts';
import { pays } from '../ledger/hold.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { TradeEngine } from '../trade/engine.ts';
import type { Trade } from '../trade/trade.ts';

/** Buyers’ chains that are waited for at once; more are looked for after the next start. */
const MAX_RECEIPTS = 256;
/** The same of payers, which anybody can be: whose chain was looked for longest makes room. */
const MAX_PAYERS = 256;
const FIRST_PAUSE_MS = 1_000;
const LAST_PAUSE_MS = 300_000;

/** What {@link PayerChains} needs. */
export interface PayerChainNeeds {
  readonly self: PublicKey;
  readonly trustchain: Pick<Trustchain, 'history' | 'store' | 'consult'>;
  readonly ledger: () => Ledger;
  readonly environment: Environment;
  readonly report: (what: string, error: unknown) => void;
  readonly signal: AbortSignal;
}

/** A payer whose chain is waited for. */
interface Payer {
  /** The last position that is wanted. */
  upTo: number;
  readonly stop: AbortController;
}

/**
 * In test money a receipt pays, and a transfer counts, by its place in its author's chain. One that was delivered while
 * blocks before it are missing here (its author had been cut off, or a crash took them) would count for nothing for
 * ever: so that chain is fetched.
 */
export class PayerChains {
  readonly #needs: PayerChainNeeds;
  /** Holds whose receipt's chain is waited for. */
  readonly #receipts = new Set<string>();
  /** By key, longest waiting first. */
  readonly #payers = new Map<string, Payer>();
  #engine: TradeEngine | undefined;

  constructor(needs: PayerChainNeeds) {
    this.#needs = needs;
  }

  /** Looks at every trade from now on until the returned function is called, and at those that `engine` has. */
  follow(engine: TradeEngine): () => void {
    this.#engine = engine;
    for (const trade of engine.all()) this.#look(trade);
    return engine.on(({ trade }) => this.#look(trade));
  }

  /** A block came in, or was found in the store at the start. */
  onBlock(block: HalfBlock): void {
    const { type, link, key, seq } = block.core;
    if (type === RELEASE_TYPE && link !== null) {
      const hold = readable(() => receiptOf(block).toString());
      const trade = hold === undefined ? undefined : this.#engine?.ofHold(hold);
      // The deal may have ended before: its money may still come.
      if (trade !== undefined && equalBytes(key, trade.encoded.terms.buyer)) this.#fetch(trade, block.id);
    } else if (type === TRANSFER_TYPE) {
      const money = readable(() => spendingOf(block))?.money;
      const { self } = this.#needs;
      if (money === undefined || !isTestCurrency(money.currency) || money.to === null) return;
      if (equalBytes(money.to, self) && !equalBytes(key, self)) this.#await(key, seq);
    }
  }

  #look(trade: Trade): void {
    if (trade.state === 'completed' || trade.state === 'lost') this.#fetch(trade, trade.receipt);
  }

  /** Fetches the chain of a trade's receipt; null: it is in the store, if there is one. */
  #fetch({ role, hold, release }: Trade, receipt: BlockId | null): void {
    if (role !== 'seller' || hold === null || release === null) return;
    if (!isTestCurrency(hold.money.currency) || this.#isPaid(hold.key)) return;
    if (this.#receipts.has(hold.key) || this.#receipts.size >= MAX_RECEIPTS) return;
    this.#receipts.add(hold.key);
    const { report, signal, trustchain } = this.#needs;
    const fetch = async (options: AbortOptions): Promise<void> => {
      // A trade that was taken up again does not name its receipt.
      const known = receipt ?? (await this.#receiptOf(release.block.id, hold.author));
      // The buyer may have told everybody but the seller that it got what it paid for.
      if (known === undefined) {
        const { id, core } = release.block;
        await trustchain.consult?.({ author: core.key, links: [id] }, options);
      }
      const upTo = known ?? (await this.#receiptOf(release.block.id, hold.author));
      if (upTo !== undefined) await trustchain.history(hold.author, { ...options, upTo });
    };
    this.#until(fetch, () => this.#isPaid(hold.key), signal)
      .catch((error: unknown) => {
        if (!signal.aborted) report('fetching the chain of a receipt', error);
      })
      .finally(() => this.#receipts.delete(hold.key));
  }

  async #receiptOf(release: BlockId, buyer: PublicKey): Promise<BlockId | undefined> {
    const [receipt] = await this.#needs.trustchain.store.answers(release, { author: buyer, limit: 1 });
    return receipt?.block.id;
  }

  /** Waits for the chain of `author`, who paid this node at position `seq`. */
  #await(author: PublicKey, seq: number): void {
    if (this.#isKnown(author, seq)) return;
    const name = publicKeyToHex(author);
    const waiting = this.#payers.get(name);
    if (waiting !== undefined) {
      waiting.upTo = Math.max(waiting.upTo, seq);
      return;
    }
    this.#makeRoom();
    const payer: Payer = { upTo: seq, stop: new AbortController() };
    this.#payers.set(name, payer);
    const { environment, report, signal, trustchain } = this.#needs;
    const either = AbortSignal.any([signal, payer.stop.signal]);
    const isDone = (): boolean => this.#isKnown(author, payer.upTo);
    const fetch = async (options: AbortOptions): Promise<void> => {
      // More of its payments may come in meanwhile.
      for (let upTo = 0; upTo < payer.upTo && !isDone(); ) {
        upTo = payer.upTo;
        await trustchain.history(author, { ...options, upTo });
      }
    };
    // What is missing is mostly under way.
    sleep(environment, FIRST_PAUSE_MS, { signal: either })
      .then(() => this.#until(fetch, isDone, either))
      .catch((error: unknown) => {
        if (!either.aborted) report('fetching the chain of a payer', error);
      })
      .finally(() => {
        if (this.#payers.get(name) === payer) this.#payers.delete(name);
      });
  }

  #makeRoom(): void {
    if (this.#payers.size < MAX_PAYERS) return;
    for (const [longest, { stop }] of this.#payers) {
      this.#payers.delete(longest);
      stop.abort();
      return;
    }
  }

  async #until(
    fetch: (options: AbortOptions) => Promise<void>,
    isDone: () => boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { environment } = this.#needs;
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
      if (isDone()) return;
      await sleep(environment, pause, { signal });
    }
  }

  #isPaid(hold: string): boolean {
    const outcome = this.#needs.ledger().hold(hold)?.outcome ?? null;
    return outcome !== null && pays(outcome);
  }

  #isKnown(author: PublicKey, seq: number): boolean {
    return this.#needs.ledger().known(author) >= seq;
  }
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isEdmpError(error)) return undefined;
    throw error;
  }
}
