import type { DataSettlement } from '@edmp/data-settlement';
import type { Crypto, KeyValueStore, Trustchain } from '@edmp/interface';
import type { Market } from '@edmp/market';
import { seriesOf } from '@edmp/oehu-client/privacy';
import { exportDeal, proofsOfTrade } from '@edmp/trader/deal';
import type { TradeService, TradeView } from '../../service.ts';
import { eraseTrade } from '../erase-trade.ts';
import type { Ipfs } from '../ipfs.ts';
import { curveView } from '../meter-desk.ts';
import type { Publications } from '../published.ts';
import { type CurrencyNames, tradeEvidenceView, tradeView } from '../views.ts';
import { known } from './known.ts';

/** What {@link trades} works with. */
export interface TradeNeeds {
  readonly market: Market;
  readonly settlement: DataSettlement;
  readonly trustchain: Trustchain;
  readonly crypto: Crypto;
  /** Where erasures are written down before they begin. */
  readonly journal: KeyValueStore;
  readonly publications: Publications;
  readonly ipfs: Pick<Ipfs, 'link'>;
  readonly names: CurrencyNames;
}

/** Deals, what proves them, and what was bought. */
export function trades(needs: TradeNeeds): TradeService {
  const { market, settlement, trustchain, crypto, journal, publications, ipfs, names } = needs;
  return {
    trades: async () => market.trades().map((trade) => tradeView(trade, names)),
    trade: (id) => known<TradeView>('trade', id, () => tradeView(market.trade(id), names)),
    tradeEvidence: (id) =>
      known('trade', id, async () =>
        tradeEvidenceView(await market.askOutcome(id), market.trade(id).witnesses),
      ),
    deal: (id, choice, options) =>
      known('trade', id, async () => ({
        trade: id,
        bytes: await exportDeal({ market, crypto }, id, {
          ...options,
          withProof: choice?.withProof ?? false,
        }),
      })),
    tradeProofs: (id, options) =>
      known('trade', id, () => proofsOfTrade({ market, store: trustchain.store, crypto }, id, options)),
    eraseTrade: (id, options) =>
      known('trade', id, () => eraseTrade({ market, settlement, journal, publications }, id, options)),

    delivery: (id, options) =>
      known('trade', id, async () => {
        const trade = market.trade(id);
        const { document, consumption } = await market.delivery(id, options);
        return {
          trade: trade.id,
          asset: trade.asset,
          descriptor: document.descriptor,
          consumption,
          curve: curveView(seriesOf(document.descriptor, consumption)),
        };
      }),
    contentLink: (id) => known('trade', id, () => ipfs.link(id)),
  };
}
