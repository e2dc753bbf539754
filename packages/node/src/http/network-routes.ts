import { community, communityLine, invitation, peer } from './network-views.ts';
import { idParams } from './requests.ts';
import { type Route, route } from './route.ts';
import { list } from './views.ts';

/** Routes of `/v1` about peers and communities. */
export const networkRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/peers',
    summary: 'Who is connected, directly or through a relay, and how far away',
    access: 'private',
    response: list('peers', peer),
    handle: async (service) => ({ peers: await service.peers() }),
  }),
  route({
    method: 'get',
    path: '/v1/communities',
    summary: 'The communities that this node is in',
    access: 'private',
    response: list('communities', community),
    handle: async (service) => ({ communities: await service.communities() }),
  }),
  route({
    method: 'post',
    path: '/v1/communities',
    summary: 'Join a community by its line',
    access: 'write',
    status: 201,
    body: communityLine,
    response: community,
    handle: (service, { body }) => service.joinCommunity(body.line),
  }),
  route({
    method: 'delete',
    path: '/v1/communities/{id}',
    summary: 'Leave the community of that name, from the next start on',
    access: 'write',
    params: idParams,
    response: list('communities', community),
    handle: async (service, { params }) => {
      await service.leaveCommunity(params.id);
      return { communities: await service.communities() };
    },
  }),
  route({
    method: 'get',
    path: '/v1/invitation',
    summary: 'The line by which others join the community of this node',
    access: 'private',
    response: invitation,
    handle: (service) => service.invitation(),
  }),
];
