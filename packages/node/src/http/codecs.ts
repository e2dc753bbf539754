import { bytesToHex, hexToBytes } from '@edmp/interface';
import { isDisplayable } from '@edmp/interface/format';
import * as z from 'zod';

const LARGEST = 2n ** 63n - 1n;

/** Amount of minor units: a decimal string in JSON (it may exceed 2⁵³), a bigint in code. */
export const amount: z.ZodType<bigint, string> = z.codec(
  z
    .string()
    .regex(/^-?\d{1,19}$/)
    .meta({ description: 'Integer in minor units, as a decimal string', examples: ['1000'] }),
  z.bigint().min(-LARGEST).max(LARGEST),
  { decode: (text) => BigInt(text), encode: (value) => value.toString() },
);

/** A price that somebody asks or bids: an {@link amount} of at least 1. */
export const price: z.ZodType<bigint, string> = z.codec(
  z
    .string()
    .regex(/^[1-9]\d{0,18}$/, 'a whole number of minor units, at least 1, as a decimal string')
    .meta({ description: 'Integer of at least 1 in minor units, as a decimal string', examples: ['1000'] }),
  z.bigint().min(1n).max(LARGEST),
  { decode: (text) => BigInt(text), encode: (value) => value.toString() },
);

/** Bytes: lower-case hexadecimal in JSON. */
export const bytes: z.ZodType<Uint8Array, string> = z.codec(
  z
    .string()
    .regex(/^(?:[0-9a-f]{2})*$/)
    .meta({ description: 'Bytes as lower-case hexadecimal' }),
  z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'bytes'),
  { decode: (text) => hexToBytes(text), encode: (value) => bytesToHex(value) },
);

/** Moment, integer milliseconds since the Unix epoch. */
export const time: z.ZodType<number, number> = z
  .int()
  .meta({ description: 'Milliseconds since the Unix epoch' });

/** Whole number of things, from 0. */
export const count: z.ZodType<number, number> = z.int().min(0);

/** Local calendar day `YYYY-MM-DD` that exists. */
export const day: z.ZodType<string, string> = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, 'a day as YYYY-MM-DD')
  .refine((text) => {
    const moment = Date.parse(`${text}T00:00:00Z`);
    return Number.isFinite(moment) && new Date(moment).toISOString().startsWith(text);
  }, 'a day that exists')
  .meta({ description: 'Local calendar day, YYYY-MM-DD', examples: ['2026-01-31'] });

/** Id in a path or a query: of an order, a trade, a block, a wallet or an asset. */
export const identifier: z.ZodType<string, string> = z
  .string()
  .regex(/^[\w.:=-]{1,200}$/, 'an id of letters, digits and . : _ = -');

/** Id of a meter as its source tells it, without control characters. */
export const meterId: z.ZodType<string, string> = z
  .string()
  .min(1)
  .max(200)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'text without control characters');

/** Text of a person: one line that shows as what it is. It is brought to its normal form (NFC), as keyboards differ. */
export function text(min: number, max: number): z.ZodType<string, string> {
  const shown = z
    .string()
    .min(min)
    .max(max)
    .refine(isDisplayable, 'one line without control, zero-width or other invisible characters');
  return z.codec(z.string().min(min).max(max), shown, {
    decode: (value) => value.normalize('NFC'),
    encode: (value) => value,
  });
}

/** Whole number in a query string. */
export function countText(min: number, max: number): z.ZodType<number, string> {
  return z.codec(z.string().regex(/^\d{1,10}$/, 'a whole number'), z.int().min(min).max(max), {
    decode: (value) => Number(value),
    encode: (value) => String(value),
  });
}
