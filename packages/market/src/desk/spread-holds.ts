import { type Environment, equalBytes, isEdmpError, type PublicKey } from '@edmp/interface';
import { boundedMap } from '@edmp/interface/bounded';
import { isTestCurrency } from '../asset/currency.ts';
import type { CertificateStore } from '../evidence/certificate-store.ts';
import type { HoldTopic } from '../evidence/hold-topic.ts';
import type { TradeEngine } from '../trade/engine.ts';
import { takesQuantity } from '../trade/states.ts';
import type { Trade } from '../trade/trade.ts';
import type { Bookkeeper } from '../wallet/bookkeeper.ts';
import type { Keeper } from './keeper.ts';

/** The states in which either side knows that money is held and why: the moment to tell everybody's books. */
const KNOWN_HELD = { buyer: 'held', seller: 'releasing' } as const;

/** What {@link spreadOutcomes} needs. */
export interface OutcomeNeeds {
  readonly self: PublicKey;
  readonly books: Bookkeeper;
  readonly certificates: CertificateStore;
  readonly topic: HoldTopic;
  readonly keeper: Keeper;
  readonly report: (what: string, error: unknown) => void;
}

/** Keeps the outcomes of own holds for good, and tells the other party and everybody's books of them. */
export function spreadOutcomes({
  self,
  books,
  certificates,
  topic,
  keeper,
  report,
}: OutcomeNeeds): () => void {
  return books.on((change) => {
    if (change.type !== 'outcome') return;
    const { buyer, seller, outcome } = change.hold;
    const certificate = outcome?.certificate;
    if (certificate == null || !(equalBytes(buyer, self) || equalBytes(seller, self))) return;
    keeper.keep(`outcome ${certificate.subject}`, 'keeping an outcome', async () => {
      await certificates.put(certificate, { keep: true });
      topic.publishOutcome(certificate).catch((error: unknown) => {
        // Who missed it asks the witnesses.
        if (!isEdmpError(error)) report('telling of an outcome', error);
      });
    });
  });
}

/** What {@link HoldSpreader} needs. */
export interface SpreadNeeds {
  readonly engine: TradeEngine;
  readonly topic: HoldTopic;
  readonly environment: Pick<Environment, 'now'>;
  readonly report: (what: string, error: unknown) => void;
}

/** Asks of which it is remembered when their holds were told again. */
const MAX_ASKS = 1_024;
/** Shortest time between telling again of the holds on one ask, ms. */
const AGAIN_MS = 60_000;
/** Holds on one ask that are told again: the newest. */
const MAX_AGAIN = 64;

/** Tells everybody of holds in own trades, so that no book offers what is sold. */
export class HoldSpreader {
  readonly #needs: SpreadNeeds;
  readonly #toldAgain = boundedMap<string, number>({ max: MAX_ASKS });

  constructor(needs: SpreadNeeds) {
    this.#needs = needs;
  }

  /** Begins; ends when the returned function is called. */
  start(): () => void {
    return this.#needs.engine.on(({ type, trade }) => {
      if (type !== 'entered') return;
      if (trade.state === KNOWN_HELD[trade.role]) this.#tell(trade);
      if (trade.role === 'seller' && trade.state === 'acknowledged') this.#confirm(trade);
    });
  }

  /** Somebody took one’s own ask for open of which nothing is left: news of its holds got lost on the way. */
  again(ask: string): void {
    const { engine, environment } = this.#needs;
    const now = environment.now();
    const last = this.#toldAgain.get(ask);
    if (last !== undefined && now - last < AGAIN_MS) return;
    this.#toldAgain.set(ask, now);
    const taken = [...engine.ofOrder(ask)].filter(({ role, state }) => takesQuantity(role, state));
    for (const trade of taken.slice(-MAX_AGAIN)) {
      this.#tell(trade);
      if (trade.role === 'seller') this.#confirm(trade);
    }
  }

  #tell(trade: Trade): void {
    const { topic, report } = this.#needs;
    const { hold, offer, certificate } = trade;
    if (hold === null || offer === null) return;
    topic.publishHold({ proposal: offer.proposal.block, hold, certificate }).catch((error: unknown) => {
      // Who missed it learns it from the chains.
      if (!isEdmpError(error)) report('telling of a hold', error);
    });
  }

  /** In test money books believe the seller alone that a hold is honoured. */
  #confirm({ hold, release }: Trade): void {
    const { topic, report } = this.#needs;
    if (hold === null || release === null || !isTestCurrency(hold.money.currency)) return;
    topic.publishRelease(release.block).catch((error: unknown) => {
      if (!isEdmpError(error)) report('telling of a release', error);
    });
  }
}
