/** Mixes a word into a state (the finaliser of MurmurHash3, public domain by its author A. Appleby). */
function mixed(state: number, word: number): number {
  let hash = Math.imul(state ^ word, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/**
 * Draws that depend on (seed, walk, step, lane) alone: a walk that is cut and grown again draws what it would have drawn. 32
 * bits, unsigned.
 */
export function draw(seed: number, walk: number, step: number, lane: number): number {
  return mixed(mixed(mixed(seed ^ 0x2545f491, walk), step), lane) >>> 0;
}

/** A double from 0 (inclusive) to 1 (exclusive), of 53 drawn bits. */
export function drawFraction(seed: number, walk: number, step: number): number {
  const high = draw(seed, walk, step, 1) >>> 5;
  const low = draw(seed, walk, step, 2) >>> 6;
  return (high * 2 ** 26 + low) / 2 ** 53;
}
