import * as z from 'zod';
import type { CommunityView, InvitationView, PeerView } from '../network-service.ts';
import { count, time } from './codecs.ts';

/** See `PeerView`. */
export const peer: z.ZodType<PeerView> = z.object({
  key: z.string(),
  ways: z.array(
    z.object({
      address: z.string(),
      direction: z.enum(['inbound', 'outbound']),
      relay: z.string().nullable(),
      relayBytesLeft: count.nullable(),
      latencyMs: z.number().nullable(),
      since: time,
    }),
  ),
});

/** See `CommunityView`. */
export const community: z.ZodType<CommunityView> = z.object({
  name: z.string(),
  line: z.string(),
  relays: z.array(z.string()),
  matchmakers: z.array(z.string()),
  witnesses: z.array(z.string()),
  pending: z.boolean(),
});

/** See `InvitationView`. */
export const invitation: z.ZodType<InvitationView> = z.object({
  name: z.string(),
  line: z.string(),
  local: z.boolean(),
});

/** Body of `POST /v1/communities`. */
export const communityLine: z.ZodType<{ readonly line: string }> = z.strictObject({
  line: z.string().max(16_384),
});
