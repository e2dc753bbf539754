import { COMMODITIES, FLOWS, Quality } from '@edmp/interface';
import { MeterError } from '@edmp/oehu-client';
import type { CsvMap } from '@edmp/oehu-client/sources';
import * as z from 'zod';

const name = z.union([z.string().min(1).max(256), z.int().min(0).max(10_000)]);
const filter = z.looseObject({ column: name, is: z.union([z.string(), z.array(z.string()).max(64)]) });

const cells = {
  commodity: z.enum(COMMODITIES),
  flow: z.enum(FLOWS),
  tariff: z.union([z.int().min(0).max(99), z.literal('total')]).exactOptional(),
  unit: z.string().min(1).max(16),
  unitColumn: name.exactOptional(),
  kind: z.enum(['register', 'interval', 'power']),
  sign: z.enum(['positive', 'negative', 'both']).exactOptional(),
  where: z.union([filter, z.array(filter).max(16)]).exactOptional(),
} as const;

const word = z.enum(Object.keys(Quality) as [keyof typeof Quality, ...(keyof typeof Quality)[]]);

/** See `CsvMap`. Fields that this schema does not know are handed on. */
const csvMap: z.ZodType<CsvMap> = z.looseObject({
  delimiter: z.enum([',', ';', '\t', '|']).exactOptional(),
  decimal: z.enum(['.', ',']).exactOptional(),
  grouping: z.enum(['.', ',', ' ', "'"]).exactOptional(),
  encoding: z.enum(['utf-8', 'utf-16le', 'utf-16be', 'windows-1252']).exactOptional(),
  heading: z.boolean().exactOptional(),
  skipLines: z.int().min(0).max(10_000).exactOptional(),
  startsAt: z.array(z.string()).max(64).exactOptional(),
  time: name,
  clock: name.exactOptional(),
  isOrdinal: z.boolean().exactOptional(),
  timeFormat: z.enum(['iso', 'epoch-s', 'epoch-ms', 'local']),
  dateOrder: z.enum(['day-first', 'month-first']).exactOptional(),
  zone: z.string().max(64).exactOptional(),
  stamp: z.enum(['start', 'end']).exactOptional(),
  stepSeconds: z
    .int()
    .min(1)
    .max(366 * 86_400)
    .exactOptional(),
  end: name.exactOptional(),
  endClock: name.exactOptional(),
  endInclusive: z.boolean().exactOptional(),
  columns: z.array(z.looseObject({ column: name, ...cells })).max(256),
  matrix: z.looseObject({ first: name, cells: z.looseObject(cells) }).exactOptional(),
  quality: name.exactOptional(),
  qualityWords: z.record(z.string(), word).exactOptional(),
  serial: name.exactOptional(),
  rows: z.array(filter).max(16).exactOptional(),
});

/** Reads a map of the columns of a CSV file from JSON. Throws `ERR_METER_FORMAT`, naming the field and what it should be. */
export function csvMapOf(text: string): CsvMap {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new MeterError('ERR_METER_FORMAT', 'The map of the columns should be JSON', { cause });
  }
  const result = csvMap.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new MeterError(
    'ERR_METER_FORMAT',
    `The map of the columns: ${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'cannot be used'}`,
  );
}
