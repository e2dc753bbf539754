import { type Route, route } from './route.ts';
import { pruning, pruningRequest, storage } from './storage-views.ts';

/** Routes of `/v1` about the node's disk. */
export const storageRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/storage',
    summary: 'What the block store takes on disk, and its budget',
    access: 'private',
    response: storage,
    handle: (service) => service.storage(),
  }),
  route({
    method: 'post',
    path: '/v1/storage/pruning',
    summary: 'Clean the block store now if it is above its budget, or say what would go',
    access: 'write',
    body: pruningRequest,
    response: pruning,
    handle: (service, { body }) => service.pruneStorage(body),
  }),
];
