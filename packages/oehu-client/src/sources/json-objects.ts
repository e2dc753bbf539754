import { isJsonObject, type Json } from '../oehu/json.ts';

/** The objects of a JSON array; none when it is something else. */
export function objectsOf(value: Json | undefined): readonly { readonly [key: string]: Json | undefined }[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** Longest interval that a document may tell: a year and some. */
export const MAX_INTERVAL_MS: number = 400 * 86_400_000;
