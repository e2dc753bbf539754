/**
 * Largest encoded chunk, bytes. A proof of misbehaviour carries one chunk and must fit into a half block of
 * 64 KiB (DESIGN §3.1), so this stays below DESIGN §5.1's ceiling of 64 KiB.
 */
export const MAX_CHUNK_BYTES: number = 48 * 1024;
/** Size that `createDataset` aims at, bytes: a proof opens no more than that. */
export const DEFAULT_CHUNK_BYTES: number = 16 * 1024;
/** Encoded chunks are zero-padded to a multiple of this many bytes, so that sizes say little about consumption. */
export const CHUNK_PADDING_BYTES = 256;
/** Bytes of one leaf salt. */
export const SALT_BYTES = 16;
