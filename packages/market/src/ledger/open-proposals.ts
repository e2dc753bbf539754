import { equalBytes, type PublicKey } from '@edmp/interface';
import type { TradeProposal } from '../blocks/trade.ts';
import { Waiting } from './waiting.ts';

/** Trade proposals without a hold that fits. Strangers' ones push out no own ones, nor those made to this node. */
export class OpenProposals {
  readonly #self: PublicKey | undefined;
  readonly #made: Waiting<TradeProposal>;
  readonly #received: Waiting<TradeProposal>;
  readonly #others: Waiting<TradeProposal>;

  /** `max` of each kind. */
  constructor(max: number, self: PublicKey | undefined) {
    this.#self = self;
    this.#made = new Waiting(max, 1);
    this.#received = new Waiting(max, 1);
    this.#others = new Waiting(max, 1);
  }

  keep(proposal: TradeProposal): void {
    const { seller, buyer } = proposal.encoded.terms;
    const place = this.#isSelf(seller) ? this.#made : this.#isSelf(buyer) ? this.#received : this.#others;
    place.add(proposal.block.id.toString(), proposal, () => true);
  }

  /** The proposal with this id; it is kept no longer. */
  take(key: string): TradeProposal | undefined {
    return this.#made.take(key)[0] ?? this.#received.take(key)[0] ?? this.#others.take(key)[0];
  }

  #isSelf(key: PublicKey): boolean {
    return this.#self !== undefined && equalBytes(key, this.#self);
  }
}
