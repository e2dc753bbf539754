import * as z from 'zod';
import { type Route, route } from './route.ts';
import { trust } from './trust-views.ts';
import { list } from './views.ts';

const keyParams: z.ZodType<{ readonly key: string }> = z.strictObject({
  key: z.string().regex(/^[0-9a-f]{64}$/, 'a public key of 64 lower-case hexadecimal characters'),
});

/** Routes of `/v1` about what others' deals are worth. Private: the ways tell from whom the owner bought. */
export const trustRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/trust/{key}',
    summary: 'What completed deals say of somebody, in each currency, and why',
    access: 'private',
    params: keyParams,
    response: list('trust', trust),
    handle: async (service, { params }) => ({ trust: await service.trust(params.key) }),
  }),
];
