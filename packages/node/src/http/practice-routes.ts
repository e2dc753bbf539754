import * as z from 'zod';
import type { PracticeView } from '../practice-service.ts';
import { type Route, route } from './route.ts';

/** See `PracticeView`. */
export const practice: z.ZodType<PracticeView> = z.object({
  on: z.boolean(),
  key: z.string().nullable(),
  witness: z.string().nullable(),
});

/** Body of `POST /v1/practice`. */
const wanted: z.ZodType<{ readonly on: boolean }> = z.strictObject({ on: z.boolean() });

/** Routes of `/v1` about the practice neighbour. */
export const practiceRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/practice',
    summary: 'Whether the practice neighbour is there',
    access: 'private',
    response: practice,
    handle: (service) => service.practice(),
  }),
  route({
    method: 'post',
    path: '/v1/practice',
    summary: 'Let the practice neighbour in, or send it away',
    access: 'write',
    body: wanted,
    response: practice,
    handle: (service, { body }) => service.setPractice(body.on),
  }),
];
