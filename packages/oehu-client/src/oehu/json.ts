import { MeterError } from '../errors.ts';

/** Any JSON value as `JSON.parse` gives it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** Whether `value` is a JSON object (not an array, not null). */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Deepest nesting that {@link parseJson} accepts. */
export const MAX_JSON_DEPTH = 32;

/** Depth of the deepest bracket outside strings, without parsing. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x7d || code === 0x5d) depth--;
  }
  return deepest;
}

/** Parses JSON of bounded depth. Throws `ERR_METER_FORMAT` when it is no JSON and `ERR_METER_LIMIT` when too deep. */
export function parseJson(text: string): Json {
  if (depthOf(text) > MAX_JSON_DEPTH) {
    throw new MeterError('ERR_METER_LIMIT', `The JSON is nested deeper than ${MAX_JSON_DEPTH} levels`);
  }
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new MeterError('ERR_METER_FORMAT', 'Expected a JSON document', { cause });
  }
}

/** A half of a surrogate pair without the other: text that has no UTF-8 form. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether a text has a UTF-8 form; where it has none, two different texts are kept as one. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/**
 * Parses JSON of a meter as {@link parseJson} does, and throws `ERR_METER_FORMAT` too when a text in it has no UTF-8 form,
 * which only an escape (`\ud800`) can write.
 */
export function parseMeterJson(text: string): Json {
  const value = parseJson(text);
  if (/\\u[dD][89a-fA-F]/.test(text) && !isWellFormedJson(value))
    throw new MeterError(
      'ERR_METER_FORMAT',
      'A text of the JSON has half a surrogate pair, which no UTF-8 can hold',
    );
  return value;
}

function isWellFormedJson(value: Json | undefined): boolean {
  if (typeof value === 'string') return isWellFormed(value);
  if (Array.isArray(value)) return value.every(isWellFormedJson);
  return (
    !isJsonObject(value) ||
    Object.entries(value).every(([key, one]) => isWellFormed(key) && isWellFormedJson(one))
  );
}

// Keys on which sorting by code unit and by code point disagree: refused rather than guessed.
const AMBIGUOUS_KEY = /[\u{e000}-\u{ffff}\u{10000}-\u{10ffff}]/u;
const PLAIN_KEY = /^[ !#-[\]-~]*$/;

/**
 * The JSON text that BigchainDB 2.0 drivers sign (BEP 13): keys sorted by code unit, no white space, raw UTF-8.
 * Throws `ERR_METER_FORMAT` for keys that JavaScript and Python sort differently.
 */
export function bigchainJson(value: Json | undefined): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) {
    let text = '[';
    for (let i = 0; i < value.length; i++) text += (i === 0 ? '' : ',') + bigchainJson(value[i]);
    return `${text}]`;
  }
  const object = value as JsonObject;
  let text = '{';
  for (const key of Object.keys(object).sort()) {
    if (object[key] === undefined) continue;
    text += `${text.length === 1 ? '' : ','}${keyText(key)}:${bigchainJson(object[key])}`;
  }
  return `${text}}`;
}

/** A key in quotes. Throws `ERR_METER_FORMAT` for one that JavaScript and Python sort differently. */
function keyText(key: string): string {
  if (PLAIN_KEY.test(key)) return `"${key}"`;
  if (AMBIGUOUS_KEY.test(key)) {
    throw new MeterError(
      'ERR_METER_FORMAT',
      'A key has characters whose sort order is not the same everywhere',
    );
  }
  return JSON.stringify(key);
}

/** The two texts that a transaction's id and signature are made of: with and without its fulfillment, id null. */
export function signedTexts(transaction: JsonObject): { readonly body: string; readonly message: string } {
  const input = Array.isArray(transaction.inputs) ? transaction.inputs[0] : undefined;
  const unsigned = [{ ...(isJsonObject(input) ? input : {}), fulfillment: null }];
  let body = '{';
  let message = '{';
  for (const key of Object.keys(transaction).sort()) {
    const value = transaction[key];
    if (value === undefined) continue;
    const name = `${body.length === 1 ? '' : ','}${keyText(key)}:`;
    const text = key === 'id' ? 'null' : bigchainJson(value);
    body += name + text;
    message += name + (key === 'inputs' ? bigchainJson(unsigned) : text);
  }
  return { body: `${body}}`, message: `${message}}` };
}
