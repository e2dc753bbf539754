/**
 * Largest encoded chunk, bytes. A proof of misbehaviour carries one chunk and must fit into a half block of
 * 64 KiB (DESIGN §3.1), so this stays below DESIGN §5.1's ceiling of 64 KiB.
 */
export const MAX_CHUNK_BYTES: number = 48 * 1024;
/** Bytes of one leaf salt. */
export const SALT_BYTES = 16;
