/** Bytes of a signed block that one token of a quota pays for: ordinary blocks (some 250 bytes) cost one. */
export const TOKEN_BYTES = 512;
/** Tokens that every request costs, whatever comes of it: opening a stream, decoding, asking the store. */
export const REQUEST_PRICE = 20;

/** Tokens that `bytes` cost: one for each {@link TOKEN_BYTES} begun, at least one. */
export function bytesPrice(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / TOKEN_BYTES));
}

/** Tokens that blocks cost together. */
export function blocksPrice(blocks: Iterable<{ readonly bytes: Uint8Array }>): number {
  let tokens = 0;
  for (const { bytes } of blocks) tokens += bytesPrice(bytes.length);
  return tokens;
}
