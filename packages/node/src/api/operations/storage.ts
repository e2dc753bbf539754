import type { AbortOptions } from '@edmp/interface';
import { pruning, pruningRequest, storage } from '../../http/storage-views.ts';
import { nothingTaken, type OperationsOf, operation, plain } from '../operation.ts';

/** What the block store takes on disk. */
export const storageOperations: OperationsOf<'storage' | 'pruneStorage'> = {
  storage: operation({
    method: 'get',
    path: '/v1/storage',
    summary: 'What the block store takes on disk, and its budget',
    access: 'private',
    takes: nothingTaken,
    gives: plain(storage),
  }),
  pruneStorage: operation({
    method: 'post',
    path: '/v1/storage/pruning',
    summary: 'Clean the block store now if it is above its budget, or say what would go',
    access: 'write',
    body: pruningRequest,
    takes: {
      parts: (request: { readonly dryRun: boolean }, _?: AbortOptions) => ({ body: request }),
      args: ({ body }, options) => [body, options],
    },
    gives: plain(pruning),
  }),
};
