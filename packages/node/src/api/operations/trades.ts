import type { AbortOptions } from '@edmp/interface';
import { dataQuery, dealQuery, idParams, nothing } from '../../http/requests.ts';
import { contentLink, deal, delivery, erasure, trade, tradeEvidence, tradeProof } from '../../http/views.ts';
import {
  idOfPath,
  idWithEmptyBody,
  listed,
  nothingTaken,
  type OperationsOf,
  operation,
  plain,
} from '../operation.ts';

/** Media type of a deal file: canonical dag-cbor, as the IANA registry names it. */
export const DEAL_TYPE = 'application/vnd.ipld.dag-cbor';

const UNKNOWN = ['ERR_NODE_NOT_FOUND'];

/** Deals, what proves them, and what was bought. */
export const tradeOperations: OperationsOf<
  'trades' | 'trade' | 'tradeEvidence' | 'deal' | 'tradeProofs' | 'eraseTrade' | 'delivery' | 'contentLink'
> = {
  trades: operation({
    method: 'get',
    path: '/v1/trades',
    summary: "This node's trades, as seller and as buyer",
    access: 'private',
    takes: nothingTaken,
    gives: listed('trades', trade),
  }),
  trade: operation({
    method: 'get',
    path: '/v1/trades/{id}',
    summary: 'One trade with its steps',
    access: 'private',
    params: idParams,
    errors: UNKNOWN,
    takes: idOfPath,
    gives: plain(trade),
  }),
  tradeEvidence: operation({
    method: 'get',
    path: '/v1/trades/{id}/evidence',
    summary: 'Certificates and outcome of a trade, for a verifier',
    access: 'private',
    params: idParams,
    errors: UNKNOWN,
    takes: idOfPath,
    gives: plain(tradeEvidence),
  }),
  deal: operation({
    method: 'get',
    path: '/v1/trades/{id}/deal',
    summary:
      'Everything signed about a finished trade as one file, for `edmp verify`; `format=file` for its bytes',
    access: 'private',
    params: idParams,
    query: dealQuery,
    files: [DEAL_TYPE],
    errors: [...UNKNOWN, 'ERR_TRADE_STATE', 'ERR_SETTLEMENT_UNKNOWN_TRADE'],
    takes: {
      parts: (id: string, choice?: { readonly withProof?: boolean }, _?: AbortOptions) => ({
        params: { id },
        query: choice?.withProof === true ? { withProof: 'true' } : {},
      }),
      args: ({ params, query: { withProof } }, options) => [params.id, { withProof }, options],
    },
    gives: plain(deal),
  }),
  tradeProofs: operation({
    method: 'get',
    path: '/v1/trades/{id}/proofs',
    summary: 'Proofs of misbehaviour in a trade, judged',
    access: 'private',
    params: idParams,
    errors: UNKNOWN,
    takes: idOfPath,
    gives: listed('proofs', tradeProof),
  }),
  eraseTrade: operation({
    method: 'post',
    path: '/v1/trades/{id}/erasure',
    summary: 'Destroy keys, salts and data of a finished trade on this node, for good',
    access: 'write',
    params: idParams,
    body: nothing,
    errors: [...UNKNOWN, 'ERR_NODE_CONFLICT'],
    takes: idWithEmptyBody,
    gives: plain(erasure),
  }),
  delivery: operation({
    method: 'get',
    path: '/v1/trades/{id}/data',
    summary: 'Bought data of a trade; `format=csv` for a table',
    access: 'private',
    params: idParams,
    query: dataQuery,
    files: ['text/csv'],
    errors: [...UNKNOWN, 'ERR_TRADE_STATE', 'ERR_SETTLEMENT_UNKNOWN_TRADE'],
    takes: idOfPath,
    gives: plain(delivery),
  }),
  contentLink: operation({
    method: 'get',
    path: '/v1/trades/{id}/content',
    summary: 'Where the sealed blocks of a trade are to be read by IPFS, and with what',
    access: 'private',
    params: idParams,
    errors: [...UNKNOWN, 'ERR_NODE_CONFLICT'],
    takes: idOfPath,
    gives: plain(contentLink),
  }),
};
