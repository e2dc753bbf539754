import * as z from 'zod';
import type { KeyNameView } from '../naming-service.ts';
import { type Route, route } from './route.ts';
import { list } from './views.ts';

/** See `KeyNameView`. */
export const keyName: z.ZodType<KeyNameView> = z.object({ key: z.string(), name: z.string() });

/** Body of `POST /v1/names`. */
const naming: z.ZodType<KeyNameView> = z.strictObject({
  key: z.string().max(128),
  name: z.string().max(256),
});

/** Routes of `/v1` about the names that the owner gave to keys. */
export const namingRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/names',
    summary: 'The names that the owner gave to keys',
    access: 'private',
    response: list('names', keyName),
    handle: async (service) => ({ names: await service.names() }),
  }),
  route({
    method: 'post',
    path: '/v1/names',
    summary: 'Name a key; an empty name takes it away',
    access: 'write',
    body: naming,
    response: list('names', keyName),
    handle: async (service, { body }) => ({ names: await service.nameKey(body.key, body.name) }),
  }),
];
