/** Format version that this package writes and reads (DESIGN §3.1). */
export const BLOCK_VERSION = 1;
/** Largest canonical core, bytes. */
export const MAX_CORE_BYTES = 65_536;
/** Largest signed block, bytes: list head, core, byte-string head, signature. */
export const MAX_BLOCK_BYTES: number = 1 + MAX_CORE_BYTES + 2 + 64;
/** Longest application type, bytes. */
export const MAX_TYPE_BYTES = 64;
/** How far a block's time may lie ahead of the local clock before the block is deferred, ms (DESIGN §3.3). */
export const MAX_CLOCK_AHEAD_MS = 300_000;
