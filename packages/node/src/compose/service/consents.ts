import type { DataSettlement } from '@edmp/data-settlement';
import { bytesToHex, type Environment, isEdmpError } from '@edmp/interface';
import type { Market } from '@edmp/market';
import type { ConsentLedger } from '@edmp/oehu-client';
import { consentRecords } from '@edmp/oehu-client/consent';
import type { ConsentService, ConsentView } from '../../service.ts';
import { consentView } from '../consents.ts';
import { NodeError } from '../errors.ts';

/** What {@link consentsOf} works with. */
export interface ConsentNeeds {
  readonly consents: ConsentLedger;
  readonly settlement: DataSettlement;
  readonly market: Market;
  readonly environment: Environment;
}

/** What the owner agreed to. */
export function consentsOf({ consents, settlement, market, environment }: ConsentNeeds): ConsentService {
  return {
    async consents() {
      return (await viewsOf(settlement, consents)).sort((a, b) => b.given - a.given);
    },

    consentRecords: async () => consentRecords(await consents.consents(), environment.now()),

    consentLog: async () =>
      (await consents.log()).map(({ recordId, ...entry }) => ({ ...entry, consent: recordId })).reverse(),

    async withdrawConsent(id) {
      let unsigned: unknown;
      try {
        await consents.withdraw(id);
      } catch (error) {
        if (isEdmpError(error, 'ERR_CONSENT_MISSING'))
          throw new NodeError(
            'ERR_NODE_NOT_FOUND',
            `There is no consent ${JSON.stringify(id.slice(0, 80))}`,
            {
              cause: error,
            },
          );
        // It may hold and only not be signed: then its listings end all the same.
        unsigned = error;
      }
      const view = (await viewsOf(settlement, consents)).find((candidate) => candidate.id === id);
      if (view === undefined) throw new NodeError('ERR_NODE_NOT_FOUND', 'The consent is gone');
      if (view.withdrawn === null) throw unsigned;
      const open = market
        .orders()
        .filter((order) => order.side === 'ask' && order.status === 'open' && order.asset === view.asset);
      for (const order of open) await market.cancel(order.id);
      if (unsigned !== undefined) throw unsigned;
      return view;
    },
  };
}

async function viewsOf(settlement: DataSettlement, consents: ConsentLedger): Promise<ConsentView[]> {
  const assets = new Map(
    (await settlement.datasets()).map(({ asset, document }) => [
      document.descriptor.consent === null ? '' : bytesToHex(document.descriptor.consent),
      asset,
    ]),
  );
  return (await consents.consents()).map((state) =>
    consentView(state, assets.get(bytesToHex(state.digest)) ?? null),
  );
}
