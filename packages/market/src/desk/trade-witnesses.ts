import { encodeDatasetDocument } from '@edmp/interface/dataset';
import { receiptOf } from '../blocks/release.ts';
import type { NotaryClient } from '../notary/client.ts';
import type { TradeWitnesses } from '../trade/needs.ts';

/** What trades ask of witnesses, asked by a notary client. */
export function tradeWitnesses(client: NotaryClient): TradeWitnesses {
  return {
    acknowledge: (hold, release, opener, options) => client.acknowledge(hold, release, opener, options),
    released: (hold, options) => client.released(hold, options),
    complain: (hold, { document, ...complaint }, options) =>
      client.complain(hold, { ...complaint, document: encodeDatasetDocument(document) }, options),
    outcomes: (holds, evidence = {}, options = {}) =>
      client.outcomes(
        holds,
        {
          receipts: new Map((evidence.receipts ?? []).map((receipt) => [receiptOf(receipt).toString(), receipt])),
          acks: new Map((evidence.acks ?? []).map((acks) => [acks.subject.toString(), acks])),
        },
        options,
      ),
  };
}
