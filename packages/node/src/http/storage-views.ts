import * as z from 'zod';
import { type PruningView, SEVERITIES, type StorageView } from '../storage-service.ts';
import { count, time } from './codecs.ts';

/** See `PruningView`. */
export const pruning: z.ZodType<PruningView> = z.object({
  time,
  budget: count,
  before: count,
  after: count,
  removed: count,
  chains: count,
  left: count,
  severity: z.enum(SEVERITIES).nullable(),
  within: z.boolean(),
});

/** See `StorageView`. */
export const storage: z.ZodType<StorageView> = z.object({
  budget: count,
  bytes: count,
  free: count,
  blocks: count,
  last: pruning.nullable(),
});

/** Body of `POST /v1/storage/pruning`. */
export const pruningRequest: z.ZodType<{ readonly dryRun: boolean }> = z.strictObject({
  dryRun: z.boolean(),
});
