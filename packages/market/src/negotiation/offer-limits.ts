import type { PublicKey } from '@edmp/interface';
import { hex } from '../codec/fields.ts';
import type { TradeEngine } from '../trade/engine.ts';
import type { Trade } from '../trade/trade.ts';

/** How many offers a seller has out. Each cost it one sealing and one block; a hold costs the buyer money. */
export interface OfferLimits {
  /** Offers to one buyer whose accept deadline has not passed. Default 4. */
  readonly perBuyer: number;
  /** Offers of all buyers made within one minute: free keys that ask for long ones keep nobody out. Default 256. */
  readonly all: number;
  /** Offers that are remembered, past ones included: their holds may still come. Default 1 024. */
  readonly remembered: number;
}

/** The limits of a seller that was not told otherwise. */
export const defaultOfferLimits: OfferLimits = { perBuyer: 4, all: 256, remembered: 1_024 };

/** How long an offer counts among those of all buyers, ms. Each buyer's own count as long as they stand. */
const FRESH_MS = 60_000;

interface Offer {
  readonly trade: Trade;
  /** When it was made, or taken up after a start, ms. */
  readonly made: number;
}

/** Counts a seller's offers. */
export class OfferBook {
  readonly #engine: TradeEngine;
  readonly #limits: OfferLimits;
  readonly #now: () => number;
  readonly #offers = new Map<string, Offer>();
  /** Offers being made, by buyer. */
  readonly #making = new Map<string, number>();
  #makingAll = 0;

  constructor(engine: TradeEngine, limits: OfferLimits, now: () => number) {
    this.#engine = engine;
    this.#limits = limits;
    this.#now = now;
    for (const trade of engine.unfinished()) this.#add(trade);
    engine.on(({ trade }) => this.#add(trade));
  }

  /** Why no further offer can be made to a buyer; undefined when one can. */
  full(buyer: PublicKey): string | undefined {
    const now = this.#now();
    const name = hex(buyer);
    let toBuyer = this.#making.get(name) ?? 0;
    let all = this.#makingAll;
    for (const { trade, made } of this.#offers.values()) {
      const { terms } = trade.encoded;
      if (terms.deadlines.accept < now) continue;
      if (now - made < FRESH_MS) all += 1;
      if (hex(terms.buyer) === name) toBuyer += 1;
    }
    if (toBuyer >= this.#limits.perBuyer) {
      return `${toBuyer} offers to you are open, at most ${this.#limits.perBuyer} are made`;
    }
    if (all >= this.#limits.all)
      return `${all} offers were made within a minute, at most ${this.#limits.all} are`;
    return undefined;
  }

  /** Counts an offer while it is being made. */
  async making<T>(buyer: PublicKey, make: () => Promise<T>): Promise<T> {
    const name = hex(buyer);
    this.#making.set(name, (this.#making.get(name) ?? 0) + 1);
    this.#makingAll += 1;
    try {
      return await make();
    } finally {
      this.#makingAll -= 1;
      const left = (this.#making.get(name) ?? 1) - 1;
      if (left === 0) this.#making.delete(name);
      else this.#making.set(name, left);
    }
  }

  #add(trade: Trade): void {
    if (trade.role !== 'seller') return;
    const { id } = trade.encoded;
    if (trade.state !== 'offered') {
      this.#offers.delete(id);
      return;
    }
    const made = this.#offers.get(id)?.made ?? this.#now();
    this.#offers.set(id, { trade, made });
    if (this.#offers.size <= this.#limits.remembered) return;
    for (const { trade: oldest } of this.#offers.values()) {
      this.#offers.delete(oldest.encoded.id);
      void this.#engine.fail(
        oldest,
        'ERR_TRADE_SILENT',
        'the buyer made no payment, and newer offers need the room',
      );
      return;
    }
  }
}
