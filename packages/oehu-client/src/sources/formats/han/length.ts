/** A length of A-XDR: one byte up to 127, else the number of its bytes and they; undefined when it is none. */
export function lengthAt(
  bytes: Uint8Array,
  at: number,
): { readonly length: number; readonly from: number } | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first < 0x80) return { length: first, from: at + 1 };
  const more = first & 0x7f;
  if (more < 1 || more > 3 || at + more >= bytes.length) return undefined;
  let length = 0;
  for (let i = 1; i <= more; i++) length = length * 256 + (bytes[at + i] ?? 0);
  return { length, from: at + 1 + more };
}
