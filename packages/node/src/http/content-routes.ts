import { idParams, nothing } from './requests.ts';
import { type Route, route } from './route.ts';
import { contentLink, list, published } from './views.ts';

/** Routes of `/v1` about what is read over IPFS. */
export const contentRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/published',
    summary: 'What everybody may read of this node over IPFS',
    access: 'public',
    response: list('published', published),
    handle: async (service) => ({ published: await service.published() }),
  }),
  route({
    method: 'post',
    path: '/v1/published',
    summary: "Give everybody this node's chain and the public documents of its datasets",
    access: 'write',
    body: nothing,
    response: list('published', published),
    handle: async (service) => ({ published: await service.publish() }),
  }),
  route({
    method: 'delete',
    path: '/v1/published',
    summary: 'Take back what was published; copies that others made stay',
    access: 'write',
    response: list('published', published),
    handle: async (service) => {
      await service.withdrawPublished();
      return { published: await service.published() };
    },
  }),
  route({
    method: 'get',
    path: '/v1/trades/{id}/content',
    summary: 'Where the sealed blocks of a trade are to be read by IPFS, and with what',
    access: 'private',
    params: idParams,
    response: contentLink,
    handle: (service, { params }) => service.contentLink(params.id),
  }),
];
