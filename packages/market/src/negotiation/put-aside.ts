import type { BlockId } from '@edmp/interface';
import { CID } from 'multiformats/cid';
import { blockIdOf } from '../codec/fields.ts';
import type { AskPutAside } from '../order/order.ts';
import type { CounterOffer, Decline } from '../trade/messages.ts';
import type { TradeFailure } from '../trade/trade.ts';

/** Asks that one bid remembers to leave alone, at most: as many as it ever has candidates. */
const MAX_ASIDE = 256;
/** Times that a seller that is busy is asked again, and the shortest and longest pause, ms. */
const MAX_TIMES = 8;
const SHORTEST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;
/** Asks of which it is told why they are left alone: the newest. */
const MAX_TOLD = 16;

interface Later {
  readonly times: number;
  /** When it may be asked again, ms. */
  readonly at: number;
  readonly failure: TradeFailure;
}

/** What one bid knows of the asks it tried. */
export class PutAside {
  readonly #aside = new Map<string, TradeFailure>();
  readonly #later = new Map<string, Later>();
  readonly #offers = new Map<string, CounterOffer>();
  readonly #countered = new Set<string>();

  /** Whether an ask may be tried at `now`. */
  mayTry(ask: string, now: number): boolean {
    if (this.#aside.has(ask)) return false;
    const later = this.#later.get(ask);
    return later === undefined || later.at <= now;
  }

  /** The counter-offer that was made for an ask; it is answered with one proposal. */
  offerOf(ask: string): CounterOffer | undefined {
    return this.#offers.get(ask);
  }

  /** Why asks are left alone, newest last. */
  reasons(): readonly AskPutAside[] {
    const later = Array.from(this.#later, ([ask, { at, failure }]) => ({ ask, ...failure, again: at }));
    const aside = Array.from(this.#aside, ([ask, failure]) => ({ ask, ...failure, again: null }));
    return [...later, ...aside].slice(-MAX_TOLD).map((entry) => ({ ...entry, ask: idOfText(entry.ask) }));
  }

  /** The seller said no. */
  declined(ask: string, decline: Decline, now: number): void {
    const { offer, retryMs } = decline;
    if (offer !== null && !this.#countered.has(ask)) {
      this.#bound(this.#offers);
      this.#offers.set(ask, offer);
      this.#countered.add(ask);
      return;
    }
    this.#offers.delete(ask);
    const failure = { code: 'ERR_TRADE_DECLINED', reason: decline.message };
    if (retryMs === null) this.put(ask, failure);
    else this.wait(ask, retryMs, failure, now);
  }

  /** The ask may be tried again after a pause that doubles; given up after some times. */
  wait(ask: string, pauseMs: number, failure: TradeFailure, now: number): void {
    const times = (this.#later.get(ask)?.times ?? 0) + 1;
    if (times > MAX_TIMES) {
      this.put(ask, failure);
      return;
    }
    this.#bound(this.#later);
    const pause = Math.min(LONGEST_PAUSE_MS, Math.max(pauseMs, SHORTEST_PAUSE_MS * 2 ** (times - 1)));
    this.#later.delete(ask);
    this.#later.set(ask, { times, at: now + pause, failure });
  }

  /** Leaves an ask alone for good. */
  put(ask: string, failure: TradeFailure): void {
    this.#later.delete(ask);
    this.#offers.delete(ask);
    this.#bound(this.#aside);
    this.#aside.set(ask, failure);
  }

  /**
   * When the next ask that waits may be tried, ms after `now`; undefined when none waits. One whose pause is over and that
   * is still not tried is no candidate at present: it comes back by itself.
   */
  nextTry(now: number): number | undefined {
    let next: number | undefined;
    for (const { at } of this.#later.values()) {
      if (at > now && (next === undefined || at < next)) next = at;
    }
    return next;
  }

  #bound(entries: Map<string, unknown>): void {
    if (entries.size < MAX_ASIDE) return;
    for (const oldest of entries.keys()) {
      entries.delete(oldest);
      return;
    }
  }
}

function idOfText(ask: string): BlockId {
  return blockIdOf(CID.parse(ask), 'ask');
}
