/** Texts of at most this many bytes are looked up; longer ones seldom come back. */
const MAX_BYTES = 32;
const SLOTS = 512;

interface Entry {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/**
 * The texts seen last, by their bytes. Map keys and types come back in every block; handing out the same string again
 * costs a comparison instead of a new string, and makes the objects it names cheaper to build.
 */
const entries: (Entry | undefined)[] = new Array<Entry | undefined>(SLOTS);

function slotOf(input: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + (input[i] ?? 0)) | 0;
  return (hash ^ (hash >>> 9)) & (SLOTS - 1);
}

function ascii(input: Uint8Array, start: number, end: number): string | undefined {
  const units = new Array<number>(end - start);
  for (let i = start; i < end; i++) {
    const byte = input[i] ?? 0;
    if (byte > 0x7f) return undefined;
    units[i - start] = byte;
  }
  return String.fromCharCode.apply(null, units);
}

/** Text of short ASCII bytes; undefined for every other text, which needs a real UTF-8 decoder. */
export function internedText(input: Uint8Array, start: number, end: number): string | undefined {
  const length = end - start;
  if (length > MAX_BYTES) return undefined;
  const slot = slotOf(input, start, end);
  const known = entries[slot];
  if (known !== undefined && known.bytes.length === length) {
    let i = 0;
    while (i < length && known.bytes[i] === input[start + i]) i += 1;
    if (i === length) return known.text;
  }
  const text = ascii(input, start, end);
  if (text !== undefined) entries[slot] = { bytes: input.slice(start, end), text };
  return text;
}
