import * as z from 'zod';
import type { KeyNameView } from '../naming-service.ts';
import type { PracticeView } from '../practice-service.ts';

/** See `KeyNameView`. */
export const keyName: z.ZodType<KeyNameView> = z.object({ key: z.string(), name: z.string() });

/** Body of `POST /v1/names`. */
export const naming: z.ZodType<KeyNameView> = z.strictObject({
  key: z.string().max(128),
  name: z.string().max(256),
});

/** See `PracticeView`. */
export const practice: z.ZodType<PracticeView> = z.object({
  on: z.boolean(),
  key: z.string().nullable(),
  witness: z.string().nullable(),
});

/** Body of `POST /v1/practice`. */
export const practiceWanted: z.ZodType<{ readonly on: boolean }> = z.strictObject({ on: z.boolean() });
