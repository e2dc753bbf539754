import type { BlockId, PublicKey } from '@edmp/interface';
import type { SignedOrder } from '../blocks/order.ts';
import type { Listing } from '../listing/listing.ts';

/** What an order exchange tells. */
export type ExchangeEvent =
  /** An ask of anybody came, changed what is left of it, or went. */
  | { readonly type: 'listing'; readonly change: 'added' | 'changed' | 'removed'; readonly listing: Listing }
  /** A new ask, or one that a matchmaker told of, crosses an open bid of one's own. */
  | { readonly type: 'candidate'; readonly bid: BlockId; readonly ask: SignedOrder }
  /** An order of one's own cannot trade any more; `filled` may open again when a hold is given back. */
  | {
      readonly type: 'closed';
      readonly order: BlockId;
      readonly reason: 'filled' | 'expired' | 'cancelled';
    }
  /** A peer sent something that breaks a rule. */
  | { readonly type: 'refused'; readonly peer: PublicKey; readonly code: string; readonly reason: string };

/**
 * Events that are delivered when the change that caused them is complete, so that a listener may call back in, and one
 * that throws stops neither the others nor whoever caused the event.
 */
export class EventQueue<Event> {
  readonly #listeners = new Set<(event: Event) => void>();
  readonly #onError: (error: unknown) => void;
  #waiting: Event[] = [];
  #delivering = false;

  /** `onError` hears what listeners throw. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Whether somebody listens. */
  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  /** Listens until the returned function is called. */
  on(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Keeps an event for the next {@link EventQueue.deliver}. */
  add(event: Event): void {
    if (this.isHeard) this.#waiting.push(event);
  }

  /** Delivers all events that wait, those that listeners cause included. */
  deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    while (this.#waiting.length > 0) {
      const events = this.#waiting;
      this.#waiting = [];
      for (const event of events) {
        for (const listener of [...this.#listeners]) {
          try {
            listener(event);
          } catch (error) {
            this.#onError(error);
          }
        }
      }
    }
    this.#delivering = false;
  }
}
