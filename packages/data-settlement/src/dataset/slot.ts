const NO_DATA = 8;

/** One interval as a chunk carries it. */
export interface Slot {
  /** Quality code, 0 … 7; which of them exist is the chunk's matter. */
  readonly quality: number;
  /** Micro-units; null = no data. */
  readonly value: number | null;
}

/** Writes one interval of `width` bytes (4 … 6) at `at`; the value must be below 2^(8·width−4). */
export function encodeSlot(
  bytes: Uint8Array,
  at: number,
  width: number,
  quality: number,
  value: number | null,
): void {
  let rest = value ?? 0;
  for (let i = at + width - 1; i > at; i--) {
    bytes[i] = rest & 255;
    rest = Math.floor(rest / 256);
  }
  bytes[at] = ((value === null ? NO_DATA : 0) | quality) * 16 + rest;
}

/** Reads one interval of `width` bytes; undefined when it says both that there is no data and a value. */
export function decodeSlot(bytes: Uint8Array, at: number, width: number): Slot | undefined {
  const first = bytes[at] ?? 0;
  const state = first >> 4;
  let value = first & 15;
  for (let i = at + 1; i < at + width; i++) value = value * 256 + (bytes[i] ?? 0);
  if ((state & NO_DATA) === 0) return { quality: state, value };
  return value === 0 ? { quality: state & 7, value: null } : undefined;
}
