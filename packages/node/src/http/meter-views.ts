import { COMMODITIES, FLOWS } from '@edmp/interface/dataset';
import * as z from 'zod';
import {
  DISCOVERY_SECONDS,
  type DiscoveryView,
  type ExportQuery,
  FOUND_HINTS,
  FOUND_KINDS,
  type ImportOptions,
  type ImportView,
  type LiveView,
  MOUNT_KINDS,
  MOUNT_STATES,
  type MountView,
  type PreviewView,
  READING_FORMATS,
} from '../meter-service.ts';
import { count, day, time } from './codecs.ts';

/** See `LiveView`. */
export const live: z.ZodType<LiveView> = z.object({
  meter: z.string(),
  at: time,
  importW: z.int().nullable(),
  exportW: z.int().nullable(),
});

/** See `MountView`. */
export const mount: z.ZodType<MountView> = z.object({
  name: z.string(),
  kind: z.enum(MOUNT_KINDS),
  address: z.string().nullable(),
  state: z.enum(MOUNT_STATES),
  problem: z.string().nullable(),
  heard: time.nullable(),
  silentSince: time.nullable(),
  live: live.nullable(),
  oldest: time.nullable(),
  newest: time.nullable(),
});

/** See `DiscoveryView`. */
export const discovery: z.ZodType<DiscoveryView> = z.object({
  found: z.array(
    z.object({
      kind: z.enum(FOUND_KINDS),
      name: z.string(),
      address: z.string(),
      hint: z.enum(FOUND_HINTS),
      mounted: z.string().nullable(),
    }),
  ),
  leftOut: count,
  asked: z.array(z.string()),
});

/** Body of `POST /v1/meters/discover`. */
export const discoveryRequest: z.ZodType<{ readonly seconds?: number | undefined }> = z.strictObject({
  seconds: z.int().min(1).max(DISCOVERY_SECONDS.longest).optional(),
});

/** See `ImportView`. */
export const imported: z.ZodType<ImportView> = z.object({
  format: z.string(),
  added: count,
  corrected: count,
  duplicates: count,
  outdated: count,
  impossible: count,
  issues: z.array(z.object({ code: z.string(), at: z.string(), message: z.string() })),
});

/** See `PreviewView`. */
export const preview: z.ZodType<PreviewView> = z.object({
  format: z.string().nullable(),
  csvMap: z.string().nullable(),
  questions: z.array(z.string()),
  headings: z.array(z.string()),
  rows: z.array(z.array(z.string())),
  columns: z.array(z.union([z.string(), z.int()])),
  readings: z.array(
    z.object({
      at: time.nullable(),
      seconds: z.number().nullable(),
      commodity: z.enum(COMMODITIES),
      flow: z.enum(FLOWS),
      value: z.string(),
      unit: z.string(),
    }),
  ),
  count,
  issues: z.array(z.object({ code: z.string(), at: z.string(), message: z.string() })),
  problem: z.string().nullable(),
});

const numberText = (min: number, max: number): z.ZodType<number, string> =>
  z.codec(z.string().regex(/^\d{1,16}$/, 'a whole number'), z.int().min(min).max(max), {
    decode: (digits) => Number(digits),
    encode: (value) => String(value),
  });

/** Query of `POST /v1/meters/{id}/readings`. */
export const importQuery: z.ZodType<ImportOptions> = z.strictObject({
  format: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/, 'a kind of meter file')
    .optional(),
  zone: z
    .string()
    .regex(/^[A-Za-z0-9_+/-]{1,64}$/, 'an IANA time zone')
    .optional(),
  takenAt: numberText(0, 8_640_000_000_000_000).optional(),
  spacing: numberText(1, 86_400).optional(),
  clock: z.enum(['utc', 'local']).optional(),
  commodity: z.enum(COMMODITIES).optional(),
  flow: z.enum(FLOWS).optional(),
  csvMap: z.string().min(2).max(8_192).optional(),
});

/** Query of `GET /v1/meters/{id}/readings`. */
export const exportQuery: z.ZodType<Omit<ExportQuery, 'meter'>> = z
  .strictObject({ from: day, to: day, format: z.enum(READING_FORMATS).optional() })
  .transform(({ from, to, format }) => ({ from, to, format: format ?? 'csv' }));

/** Query of `DELETE /v1/meters/{id}`. */
export const removeQuery: z.ZodType<{ readonly readings: boolean }> = z
  .strictObject({ readings: z.enum(['true', 'false']).optional() })
  .transform(({ readings }) => ({ readings: readings === 'true' }));

/** Answer of a removal. */
export const removed: z.ZodType<{ readonly removed: true }> = z.object({ removed: z.literal(true) });
