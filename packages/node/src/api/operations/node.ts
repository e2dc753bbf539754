import type { AbortOptions } from '@edmp/interface';
import { community, communityLine, invitation, peer } from '../../http/network-views.ts';
import { blockQuery, idParams, keyParams, nothing } from '../../http/requests.ts';
import { trust } from '../../http/trust-views.ts';
import {
  block,
  consent,
  consentLogEntry,
  consentRecords,
  list,
  nodeInfo,
  published,
} from '../../http/views.ts';
import type { BlockQuery } from '../../service.ts';
import {
  done,
  emptyBody,
  idOfPath,
  listed,
  nothingTaken,
  type OperationsOf,
  operation,
  plain,
  wholeQuery,
} from '../operation.ts';

/** The node, its ledger, and what others' deals are worth. */
export const ledgerOperations: OperationsOf<'info' | 'blocks' | 'block' | 'trust'> = {
  info: operation({
    method: 'get',
    path: '/v1/info',
    summary: 'What the node says about itself',
    access: 'public',
    takes: nothingTaken,
    gives: plain(nodeInfo),
  }),
  blocks: operation({
    method: 'get',
    path: '/v1/blocks',
    summary: 'Blocks of the ledger that this node holds',
    access: 'public',
    query: blockQuery,
    takes: wholeQuery<BlockQuery>(),
    gives: listed('blocks', block),
  }),
  block: operation({
    method: 'get',
    path: '/v1/blocks/{id}',
    summary: 'One block',
    access: 'public',
    params: idParams,
    errors: ['ERR_NODE_NOT_FOUND'],
    takes: idOfPath,
    gives: plain(block),
  }),
  /** Private: the ways tell from whom the owner bought. */
  trust: operation({
    method: 'get',
    path: '/v1/trust/{key}',
    summary: 'What completed deals say of somebody, in each currency, and why',
    access: 'private',
    params: keyParams,
    takes: {
      parts: (key: string, _?: AbortOptions) => ({ params: { key } }),
      args: ({ params }, options) => [params.key, options],
    },
    gives: listed('trust', trust),
  }),
};

/** What the owner agreed to. */
export const consentOperations: OperationsOf<
  'consents' | 'consentLog' | 'consentRecords' | 'withdrawConsent'
> = {
  consents: operation({
    method: 'get',
    path: '/v1/consents',
    summary: "The owner's consents, newest first",
    access: 'private',
    takes: nothingTaken,
    gives: listed('consents', consent),
  }),
  consentLog: operation({
    method: 'get',
    path: '/v1/consents/log',
    summary: "What happened under the owner's consents, newest first",
    access: 'private',
    takes: nothingTaken,
    gives: listed('entries', consentLogEntry),
  }),
  consentRecords: operation({
    method: 'get',
    path: '/v1/consents/records',
    summary:
      'All consents with their signed events, in the structure of ISO/IEC TS 27560, to keep or to hand on',
    access: 'private',
    takes: nothingTaken,
    gives: plain(consentRecords),
  }),
  withdrawConsent: operation({
    method: 'delete',
    path: '/v1/consents/{id}',
    summary:
      'Withdraw a consent: its open listings are cancelled and no further copy is delivered; sold copies stay sold',
    access: 'write',
    params: idParams,
    errors: ['ERR_NODE_NOT_FOUND'],
    takes: idOfPath,
    gives: plain(consent),
  }),
};

/** Peers and communities. */
export const networkOperations: OperationsOf<
  'peers' | 'communities' | 'joinCommunity' | 'leaveCommunity' | 'invitation'
> = {
  peers: operation({
    method: 'get',
    path: '/v1/peers',
    summary: 'Who is connected, directly or through a relay, and how far away',
    access: 'private',
    takes: nothingTaken,
    gives: listed('peers', peer),
  }),
  communities: operation({
    method: 'get',
    path: '/v1/communities',
    summary: 'The communities that this node is in',
    access: 'private',
    takes: nothingTaken,
    gives: listed('communities', community),
  }),
  joinCommunity: operation({
    method: 'post',
    path: '/v1/communities',
    summary: 'Join a community by its line',
    access: 'write',
    status: 201,
    body: communityLine,
    errors: ['ERR_NODE_CONFIG', 'ERR_NODE_CONFLICT'],
    takes: {
      parts: (line: string, _?: AbortOptions) => ({ body: { line } }),
      args: ({ body }, options) => [body.line, options],
    },
    gives: plain(community),
  }),
  leaveCommunity: operation({
    method: 'delete',
    path: '/v1/communities/{id}',
    summary: 'Leave the community of that name, from the next start on',
    access: 'write',
    params: idParams,
    errors: ['ERR_NODE_NOT_FOUND'],
    rereads: 'communities',
    takes: idOfPath,
    gives: done(list('communities', community), { communities: [] }),
  }),
  invitation: operation({
    method: 'get',
    path: '/v1/invitation',
    summary: 'The line by which others join the community of this node',
    access: 'private',
    errors: ['ERR_NODE_CONFLICT'],
    takes: nothingTaken,
    gives: plain(invitation),
  }),
};

/** What everybody may read over IPFS. */
export const publishedOperations: OperationsOf<'published' | 'publish' | 'withdrawPublished'> = {
  published: operation({
    method: 'get',
    path: '/v1/published',
    summary: 'What everybody may read of this node over IPFS',
    access: 'public',
    takes: nothingTaken,
    gives: listed('published', published),
  }),
  publish: operation({
    method: 'post',
    path: '/v1/published',
    summary: "Give everybody this node's chain and the public documents of its datasets",
    access: 'write',
    body: nothing,
    takes: emptyBody,
    gives: listed('published', published),
  }),
  withdrawPublished: operation({
    method: 'delete',
    path: '/v1/published',
    summary: 'Take back what was published; copies that others made stay',
    access: 'write',
    rereads: 'published',
    takes: nothingTaken,
    gives: done(list('published', published), { published: [] }),
  }),
};
