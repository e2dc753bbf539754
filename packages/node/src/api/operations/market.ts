import {
  askRequest,
  buyRequest,
  cancelled,
  idParams,
  listingQuery,
  offerRequest,
} from '../../http/requests.ts';
import { bookOrder, listing, matchmaker, order } from '../../http/views.ts';
import type { AskRequest, BuyRequest, ListingFilter, OfferRequest } from '../../service.ts';
import {
  done,
  idOfPath,
  listed,
  nothingTaken,
  type OperationsOf,
  operation,
  plain,
  wholeBody,
  wholeQuery,
} from '../operation.ts';

/** What may be wrong with a price, a life or a number of licences. */
const ORDER_ERRORS = ['ERR_ORDER_AMOUNT', 'ERR_ORDER_LIFETIME', 'ERR_ORDER_LIMIT', 'ERR_WALLET_UNSUPPORTED'];

/** Selling, searching and buying. */
export const marketOperations: OperationsOf<
  'offer' | 'ask' | 'buy' | 'listings' | 'book' | 'orders' | 'cancel' | 'matchmakers'
> = {
  offer: operation({
    method: 'post',
    path: '/v1/offers',
    summary: 'Make a dataset of meter readings and put it up for sale',
    access: 'write',
    status: 201,
    body: offerRequest,
    errors: [
      ...ORDER_ERRORS,
      'ERR_METER_UNKNOWN_DEVICE',
      'ERR_METER_RANGE',
      'ERR_NODE_CONFLICT',
      'ERR_NODE_NO_METER',
      'ERR_PRIVACY_TEXT',
    ],
    takes: wholeBody<OfferRequest>(),
    gives: plain(listing),
  }),
  ask: operation({
    method: 'post',
    path: '/v1/asks',
    summary: 'Put a dataset that the node already holds up for sale',
    access: 'write',
    status: 201,
    body: askRequest,
    errors: [...ORDER_ERRORS, 'ERR_SETTLEMENT_UNKNOWN_DATASET', 'ERR_CONSENT_MISSING', 'ERR_CONSENT_SCOPE'],
    takes: wholeBody<AskRequest>(),
    gives: plain(order),
  }),
  buy: operation({
    method: 'post',
    path: '/v1/bids',
    summary: 'Bid for a listed dataset',
    access: 'write',
    status: 201,
    body: buyRequest,
    errors: [...ORDER_ERRORS, 'ERR_NODE_NOT_FOUND', 'ERR_WALLET_INSUFFICIENT'],
    takes: wholeBody<BuyRequest>(),
    gives: plain(order),
  }),
  listings: operation({
    method: 'get',
    path: '/v1/listings',
    summary: 'Search the market',
    access: 'public',
    query: listingQuery,
    takes: wholeQuery<ListingFilter>(),
    gives: listed('listings', listing),
  }),
  book: operation({
    method: 'get',
    path: '/v1/book',
    summary: 'Open orders of everybody',
    access: 'public',
    takes: nothingTaken,
    gives: listed('orders', bookOrder),
  }),
  orders: operation({
    method: 'get',
    path: '/v1/orders',
    summary: "This node's own orders",
    access: 'private',
    takes: nothingTaken,
    gives: listed('orders', order),
  }),
  cancel: operation({
    method: 'delete',
    path: '/v1/orders/{id}',
    summary: 'Take one of your open orders off the market',
    access: 'write',
    params: idParams,
    errors: ['ERR_NODE_NOT_FOUND', 'ERR_ORDER_OWNER', 'ERR_ORDER_CLOSED'],
    takes: idOfPath,
    gives: done(cancelled, { cancelled: true }),
  }),
  matchmakers: operation({
    method: 'get',
    path: '/v1/matchmakers',
    summary: 'Matchmakers that this node knows',
    access: 'public',
    takes: nothingTaken,
    gives: listed('matchmakers', matchmaker),
  }),
};
