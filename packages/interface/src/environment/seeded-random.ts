import { InvalidArgumentError } from '../errors.ts';

/** A small deterministic random source for simulations, fixtures and emulators. Not for keys. */
export interface SeededRandom {
  /** Next unsigned 32-bit integer. */
  uint32(): number;
  /** Next number in [0, 1). */
  unit(): number;
  /** Integer in [0, bound). Throws `ERR_INVALID_ARGUMENT` unless 1 ≤ bound ≤ 2³². */
  below(bound: number): number;
  /** Next `length` bytes. */
  bytes(length: number): Uint8Array;
  /** An independent source derived from this one's seed and `label`; does not advance this one. */
  fork(label: string): SeededRandom;
}

const TWO_32 = 0x1_0000_0000;

/** FNV-1a over UTF-16 units, used only to mix labels into seeds. */
function mix(seed: number, label: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

/**
 * sfc32 (Chris Doty-Humphrey's small fast counting generator, PractRand), seeded by one integer of at most 53 bits.
 * Throws `ERR_INVALID_ARGUMENT` for a seed that is none.
 *
 * @param seed - A safe integer; the same one gives the same numbers.
 *
 * @example
 * ```ts
 * import { seededRandom } from '@edmp/interface';
 *
 * const [one, other] = [seededRandom(7), seededRandom(7)];
 * console.log(String(one.bytes(8)) === String(other.bytes(8))); // true
 * ```
 */
export function seededRandom(seed: number): SeededRandom {
  if (!Number.isSafeInteger(seed)) throw new InvalidArgumentError(`A seed is a safe integer, got ${seed}`);
  const low = seed >>> 0;
  const high = Math.floor(seed / TWO_32) >>> 0;
  let a = low;
  let b = high;
  let c = 0x9e3779b9;
  let counter = 1;
  const uint32 = (): number => {
    const sum = (((a + b) >>> 0) + counter) >>> 0;
    counter = (counter + 1) >>> 0;
    a = (b ^ (b >>> 9)) >>> 0;
    b = (c + (c << 3)) >>> 0;
    c = (((c << 21) | (c >>> 11)) + sum) >>> 0;
    return sum;
  };
  for (let i = 0; i < 16; i++) uint32();
  return {
    uint32,
    unit: () => uint32() / TWO_32,
    below(bound) {
      if (!Number.isInteger(bound) || bound < 1 || bound > TWO_32) {
        throw new InvalidArgumentError(`A bound is an integer from 1 to 2³², got ${bound}`);
      }
      return Math.floor((uint32() / TWO_32) * bound);
    },
    bytes(length) {
      const out = new Uint8Array(length);
      for (let i = 0; i < length; i += 4) {
        const word = uint32();
        out[i] = word & 255;
        if (i + 1 < length) out[i + 1] = (word >>> 8) & 255;
        if (i + 2 < length) out[i + 2] = (word >>> 16) & 255;
        if (i + 3 < length) out[i + 3] = word >>> 24;
      }
      return out;
    },
    fork: (label) => seededRandom(mix(high === 0 ? low : mix(low, `${high}`), label)),
  };
}
