import { isEdmpError } from '@edmp/interface';
import type { HoldTopic } from '../evidence/hold-topic.ts';
import type { Certificate } from '../notary/certificate.ts';
import type { TradeEngine } from '../trade/engine.ts';
import type { Trade } from '../trade/trade.ts';

/** The states in which either side knows that money is held and why: the moment to tell everybody's books. */
const KNOWN_HELD = { buyer: 'held', seller: 'releasing' } as const;

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

