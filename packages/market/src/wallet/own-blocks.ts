import {
  type AbortOptions,
  type Environment,
  type HalfBlock,
  isEdmpError,
  type PublicKey,
  sleep,
} from '@edmp/interface';
import type { Currency, CurrencyId } from '../asset/currency.ts';
import type { Spending } from '../blocks/spending.ts';
import type { NotaryClient } from '../notary/client.ts';
import type { Bookkeeper } from './bookkeeper.ts';
import type { Certifier } from './certifier.ts';

/** Currencies whose notaries are asked at a start, those first in which this node has spent: more than anybody pays in. */
const MAX_CURRENCIES = 64;
/** First and longest pause before notaries that did not answer are asked again, ms. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 300_000;

/** What {@link OwnBlocks} works with. */
export interface OwnBlocksNeeds {
  readonly self: PublicKey;
  readonly environment: Environment;
  readonly client: Pick<NotaryClient, 'blocks'>;
  readonly books: Bookkeeper;
  readonly certifier: Certifier;
  /** Takes a block of this node into its chain that comes from outside. Throws when it is invalid. */
  readonly receive: (block: HalfBlock) => Promise<unknown>;
  /** Fires when the market stops. */
  readonly signal: AbortSignal;
}

/**
 * Takes back what this node signed and its store has lost (it was put back to a backup): the notaries of a currency were
 * shown the spending blocks, whoever else was not. The chain then goes on where it really ended.
 */
export class OwnBlocks {
  readonly #needs: OwnBlocksNeeds;

  constructor(needs: OwnBlocksNeeds) {
    this.#needs = needs;
  }

  /** Asks for spending blocks after the last one known here, and takes them in. Throws `ERR_NOTARY_LATER` when no notary answers. */
  async learn(currency: CurrencyId, options: AbortOptions): Promise<readonly Spending[]> {
    const { self, books, certifier, client, receive } = this.#needs;
    const { n } = books.upToDate().account(self, currency);
    const told = await client.blocks(currency, self, n + 1, options);
    // What was signed here while they answered came from here.
    const found = told.filter(({ money }) => money.n > books.upToDate().account(self, currency).n);
    for (const spending of found) {
      await receive(spending.block);
      books.takeBlock(spending.block);
    }
    for (const spending of found) {
      if (books.upToDate().account(self, currency).certified < spending.money.n) certifier.add(spending);
    }
    return found;
  }

  /** Asks the notaries of each currency once after a start, again and again until one answers. Returns at once. */
  start(currencies: Iterable<Currency>): void {
    const { books, self } = this.#needs;
    const spent = ({ id }: Currency): number => (books.upToDate().account(self, id).n > 0 ? 0 : 1);
    const issued = [...currencies].filter(({ kind }) => kind === 'issued');
    for (const { id } of issued.sort((a, b) => spent(a) - spent(b)).slice(0, MAX_CURRENCIES)) {
      this.#ask(id).catch(() => undefined);
    }
  }

  async #ask(currency: CurrencyId): Promise<void> {
    const { environment, signal } = this.#needs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      await sleep(environment, pause, { signal });
      try {
        await this.learn(currency, { signal });
        return;
      } catch (error) {
        // Nobody answers yet; a block that the chain refuses is one that it says so about when it signs.
        if (!isEdmpError(error, 'ERR_NOTARY_LATER')) throw error;
      }
    }
  }
}
