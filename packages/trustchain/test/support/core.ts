import { concatBytes, type HalfBlockCore, type TxValue } from '@edmp/interface';
import { encodeCanonical } from '@edmp/interface/format';

import { START, signerOf, strangeId } from './blocks.ts';

/** A core with every field set, by {@link signerOf}(1) to {@link signerOf}(2). */
export const fullCore: HalfBlockCore = {
  v: 1,
  key: signerOf(1).publicKey,
  seq: 2,
  prev: strangeId(1),
  peer: signerOf(2).publicKey,
  link: strangeId(2),
  type: 'trade',
  tx: { up: 5 },
  time: START,
};

/** Canonical bytes of anything at all. */
export const coded = (value: unknown): Uint8Array => encodeCanonical(value as TxValue);

/** A map of at most 23 entries in just this order, canonical or not. */
export const mapOf = (entries: readonly (readonly [string, unknown])[]): Uint8Array =>
  concatBytes(
    Uint8Array.of(0xa0 | entries.length),
    ...entries.flatMap(([name, value]) => [coded(name), coded(value)]),
  );

/** `innermost` inside `depth` lists or maps. */
export function nested(depth: number, innermost: unknown, list: boolean): unknown {
  let value = innermost;
  for (let n = 0; n < depth; n++) value = list ? [value] : { a: value };
  return value;
}
