import type { TradeId } from '../blocks/terms.ts';
import { idOf, ownOrderOf, type Trade } from './trade.ts';

/** Finished trades kept in memory; the records keep all. */
const MAX_FINISHED = 10_000;

/** This node's trades, found by whatever others name them by. */
export class TradeList {
  readonly #trades = new Map<TradeId, Trade>();
  readonly #unfinished = new Set<TradeId>();
  readonly #finished = new Set<TradeId>();
  readonly #byOrder = new Map<string, Set<TradeId>>();
  readonly #byProposal = new Map<string, TradeId>();
  readonly #byHold = new Map<string, TradeId>();
  readonly #byRelease = new Map<string, TradeId>();

  add(trade: Trade): void {
    const id = idOf(trade);
    const order = ownOrderOf(trade);
    this.#trades.set(id, trade);
    this.#unfinished.add(id);
    this.#byOrder.set(order, (this.#byOrder.get(order) ?? new Set()).add(id));
    this.index(trade);
  }

  /** Takes note of blocks that a trade has by now. */
  index(trade: Trade): void {
    const id = idOf(trade);
    if (trade.offer !== null) this.#byProposal.set(trade.offer.proposal.block.id.toString(), id);
    if (trade.hold !== null) this.#byHold.set(trade.hold.key, id);
    if (trade.release !== null) this.#byRelease.set(trade.release.block.id.toString(), id);
  }

  /** A trade has ended. Returns the trade that memory lets go in its place, if one has to. */
  retire(trade: Trade): Trade | undefined {
    this.#unfinished.delete(idOf(trade));
    this.#finished.add(idOf(trade));
    if (this.#finished.size <= MAX_FINISHED) return undefined;
    for (const oldest of this.#finished) return this.forget(oldest);
    return undefined;
  }

  /** Lets a trade go. */
  forget(id: TradeId): Trade | undefined {
    const trade = this.#trades.get(id);
    this.#finished.delete(id);
    this.#unfinished.delete(id);
    this.#trades.delete(id);
    if (trade === undefined) return undefined;
    const order = ownOrderOf(trade);
    const ofOrder = this.#byOrder.get(order);
    ofOrder?.delete(id);
    if (ofOrder?.size === 0) this.#byOrder.delete(order);
    if (trade.offer !== null) this.#byProposal.delete(trade.offer.proposal.block.id.toString());
    if (trade.hold !== null) this.#byHold.delete(trade.hold.key);
    if (trade.release !== null) this.#byRelease.delete(trade.release.block.id.toString());
    return trade;
  }

  get(id: TradeId): Trade | undefined {
    return this.#trades.get(id);
  }

  /** All trades in memory, oldest first. */
  all(): readonly Trade[] {
    return [...this.#trades.values()];
  }

  /** Trades that have not ended. */
  unfinished(): Iterable<Trade> {
    return this.#each(this.#unfinished);
  }

  /** Trades of one of this node's own orders. */
  ofOrder(order: string): Iterable<Trade> {
    return this.#each(this.#byOrder.get(order) ?? []);
  }

  ofProposal(proposal: string): Trade | undefined {
    return this.#named(this.#byProposal, proposal);
  }

  ofHold(hold: string): Trade | undefined {
    return this.#named(this.#byHold, hold);
  }

  ofRelease(release: string): Trade | undefined {
    return this.#named(this.#byRelease, release);
  }

  *#each(ids: Iterable<TradeId>): Generator<Trade> {
    for (const id of ids) {
      const trade = this.#trades.get(id);
      if (trade !== undefined) yield trade;
    }
  }

  #named(index: ReadonlyMap<string, TradeId>, name: string): Trade | undefined {
    const id = index.get(name);
    return id === undefined ? undefined : this.#trades.get(id);
  }
}
