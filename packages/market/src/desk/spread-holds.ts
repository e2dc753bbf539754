import { equalBytes, isEdmpError, type PublicKey } from '@edmp/interface';
import type { CertificateStore } from '../evidence/certificate-store.ts';
import type { HoldTopic } from '../evidence/hold-topic.ts';
import type { Certificate } from '../notary/certificate.ts';
import type { TradeEngine } from '../trade/engine.ts';
import type { Trade } from '../trade/trade.ts';
import type { Bookkeeper } from '../wallet/bookkeeper.ts';

/** The states in which either side knows that money is held and why: the moment to tell everybody's books. */
const KNOWN_HELD = { buyer: 'held', seller: 'releasing' } as const;

/** What {@link spreadOutcomes} needs. */
export interface OutcomeNeeds {
  readonly self: PublicKey;
  readonly books: Bookkeeper;
  readonly certificates: CertificateStore;
  readonly topic: HoldTopic;
  readonly report: (what: string, error: unknown) => void;
}

/** Keeps the outcomes of own holds for good, and tells the other party and everybody's books of them. */
export function spreadOutcomes({ self, books, certificates, topic, report }: OutcomeNeeds): () => void {
  return books.on((change) => {
    if (change.type !== 'outcome') return;
    const { buyer, seller, outcome } = change.hold;
    const certificate = outcome?.certificate;
    if (certificate == null || !(equalBytes(buyer, self) || equalBytes(seller, self))) return;
    const keepAndTell = async (): Promise<void> => {
      await certificates.put(certificate, { keep: true });
      await topic.publishOutcome(certificate);
    };
    keepAndTell().catch((error: unknown) => {
      // Who missed it asks the witnesses.
      if (!isEdmpError(error)) report('telling of an outcome', error);
    });
  });
}

/** What {@link spreadHolds} needs. */
export interface SpreadNeeds {
  readonly engine: TradeEngine;
  readonly topic: HoldTopic;
  /** The spend certificate of a hold; null in test money. */
  readonly certificateOf: (trade: Trade) => Certificate | null;
  readonly report: (what: string, error: unknown) => void;
}

/** Tells everybody of holds in own trades, so that no book offers what is sold; until the returned function is called. */
export function spreadHolds(needs: SpreadNeeds): () => void {
  const { engine, topic, certificateOf, report } = needs;
  return engine.on(({ type, trade }) => {
    if (type !== 'entered' || trade.state !== KNOWN_HELD[trade.role]) return;
    const { hold, offer } = trade;
    if (hold === null || offer === null) return;
    topic
      .publishHold({ proposal: offer.proposal.block, hold, certificate: certificateOf(trade) })
      .catch((error: unknown) => {
        // Who missed it learns it from the chains.
        if (!isEdmpError(error)) report('telling of a hold', error);
      });
  });
}
