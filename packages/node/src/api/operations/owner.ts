import type { AbortOptions } from '@edmp/interface';
import { keyName, naming, practice, practiceWanted } from '../../http/owner-views.ts';
import { listed, nothingTaken, type OperationsOf, operation, plain } from '../operation.ts';

/** What the owner keeps for itself: names for keys, and somebody to practise with. */
export const ownerOperations: OperationsOf<'names' | 'nameKey' | 'practice' | 'setPractice'> = {
  names: operation({
    method: 'get',
    path: '/v1/names',
    summary: 'The names that the owner gave to keys',
    access: 'private',
    takes: nothingTaken,
    gives: listed('names', keyName),
  }),
  nameKey: operation({
    method: 'post',
    path: '/v1/names',
    summary: 'Name a key; an empty name takes it away',
    access: 'write',
    body: naming,
    errors: ['ERR_NODE_CONFIG', 'ERR_NODE_CONFLICT'],
    takes: {
      parts: (key: string, name: string, _?: AbortOptions) => ({ body: { key, name } }),
      args: ({ body }, options) => [body.key, body.name, options],
    },
    gives: listed('names', keyName),
  }),
  practice: operation({
    method: 'get',
    path: '/v1/practice',
    summary: 'Whether the practice neighbour is there',
    access: 'private',
    takes: nothingTaken,
    gives: plain(practice),
  }),
  setPractice: operation({
    method: 'post',
    path: '/v1/practice',
    summary: 'Let the practice neighbour in, or send it away',
    access: 'write',
    body: practiceWanted,
    errors: ['ERR_NODE_CONFLICT'],
    takes: {
      parts: (on: boolean, _?: AbortOptions) => ({ body: { on } }),
      args: ({ body }, options) => [body.on, options],
    },
    gives: plain(practice),
  }),
};
