import * as z from 'zod';
import { TRUNCATIONS, type TrustView } from '../trust-service.ts';
import { amount, bytes, count } from './codecs.ts';

const key = z.string();

/** See `TrustView`. */
export const trust: z.ZodType<TrustView> = z.object({
  currency: z.string(),
  currencyLabel: z.string(),
  score: amount,
  standing: amount,
  hits: count,
  walks: count,
  condemned: z.boolean(),
  proofs: z.array(bytes),
  truncated: z.enum(TRUNCATIONS).nullable(),
  paths: z.array(z.object({ agents: z.array(key), amount })),
  morePaths: count,
  bounds: z.array(
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('deals'), seller: key, buyer: key, amount }),
      z.object({ kind: z.literal('standing'), agent: key, amount }),
    ]),
  ),
  moreBounds: count,
  advice: z.array(
    z.discriminatedUnion('kind', [
      z.object({ kind: z.enum(['buy-from-it', 'more-deals']), seller: key, buyer: key }),
      z.object({ kind: z.literal('more-standing'), agent: key }),
    ]),
  ),
});
