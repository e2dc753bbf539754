import { bytesToHex, type PublicKey, publicKeyToHex } from '@edmp/interface';
import { ASK_SIDE } from '../order/order-table.ts';
import type { Bound } from './id-set.ts';
import type { OrderSets } from './reconcile.ts';
import type { AnswerPart, RequestPart, SyncSide } from './sync-messages.ts';

/** After so long what a peer has is looked at again although nothing changed here, ms. */
const TRUSTED_MS = 300_000;
/** A peer that was seen to have something else is asked soon, when it was not within this time, ms. */
const ASK_BACK_MS = 30_000;
/** Peers remembered; whoever is forgotten is asked again. */
const MAX_PEERS = 4_096;

const WHOLE: Bound = new Uint8Array(0);

interface PeerState {
  /** When a session with it last began, ms; before any: minus infinity. */
  asked: number;
  /** What was held here when it had nothing else, and when that was, ms; `null`: it may have. */
  agreed: { readonly print: string; readonly at: number } | null;
}

/** Which peers had nothing that is not held here, and so need not be asked again before something changes. */
export class InStep {
  readonly #sets: OrderSets;
  readonly #sides: readonly SyncSide[];
  readonly #now: () => number;
  readonly #peers = new Map<string, PeerState>();

  /** `sides`: those that this node wants. */
  constructor(sets: OrderSets, sides: readonly SyncSide[], now: () => number) {
    this.#sets = sets;
    this.#sides = sides;
    this.#now = now;
  }

  /** A fingerprint of everything that is held of the wanted sides. */
  print(): string {
    return this.#sides
      .map((side) => {
        const set = side === ASK_SIDE ? this.#sets.asks : this.#sets.bids;
        return bytesToHex(set.print(WHOLE, WHOLE));
      })
      .join(' ');
  }

  /** Whether a peer had nothing else than what is held now (`print`), not long ago. */
  has(peer: PublicKey, print: string): boolean {
    const agreed = this.#peers.get(publicKeyToHex(peer))?.agreed;
    return agreed != null && agreed.print === print && this.#now() < agreed.at + TRUSTED_MS;
  }

  /** A session with a peer begins. */
  asked(peer: PublicKey): void {
    this.#stateOf(peer).asked = this.#now();
  }

  /** A peer has nothing that is not held here. */
  agree(peer: PublicKey): void {
    this.#stateOf(peer).agreed = { print: this.print(), at: this.#now() };
  }

  /**
   * Learns from what a peer asked, and what it was answered, how its orders stand to those here. Whether to ask it
   * soon: it holds something else, and was not asked lately.
   */
  learn(peer: PublicKey, request: readonly RequestPart[], answer: readonly AnswerPart[]): boolean {
    const wanted = (side: SyncSide): boolean => this.#sides.includes(side);
    if (answer.some(({ kind, range }) => kind !== 'again' && wanted(range.side))) {
      const state = this.#stateOf(peer);
      state.agreed = null;
      return this.#now() >= state.asked + ASK_BACK_MS;
    }
    const isCovered = this.#sides.every((side) => isWhole(request, side));
    if (isCovered) this.agree(peer);
    return false;
  }

  forget(peer: PublicKey): void {
    this.#peers.delete(publicKeyToHex(peer));
  }

  #stateOf(peer: PublicKey): PeerState {
    const hex = publicKeyToHex(peer);
    const known = this.#peers.get(hex);
    if (known !== undefined) return known;
    if (this.#peers.size >= MAX_PEERS) {
      for (const oldest of this.#peers.keys()) {
        this.#peers.delete(oldest);
        break;
      }
    }
    const state: PeerState = { asked: Number.NEGATIVE_INFINITY, agreed: null };
    this.#peers.set(hex, state);
    return state;
  }
}

/** Whether a request compares all of a side by fingerprints: one range that is cut at one place. */
function isWhole(request: readonly RequestPart[], side: SyncSide): boolean {
  const prints = request.filter((part) => part.kind === 'print' && part.range.side === side);
  const [first, second] = prints.map((part) => (part.kind === 'want' ? undefined : part.range));
  if (first === undefined || second === undefined || prints.length !== 2) return false;
  return (
    first.from.length === 0 && second.to.length === 0 && bytesToHex(first.to) === bytesToHex(second.from)
  );
}
