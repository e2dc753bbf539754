/** Most chunks that a dataset document may name (DESIGN §5.1). */
export const MAX_CHUNKS = 10_900;
/** Most chunks that one manifest block of 1 MiB can link to: what `createDataset` makes and `receive` takes. */
export const MAX_SEALED_CHUNKS = 9_900;
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
/** Most intervals of one dataset: 95 years of minutes. */
export const MAX_INTERVALS = 50_000_000;
/** Largest canonical dataset document, bytes. */
export const MAX_DOCUMENT_BYTES = 8_192;
