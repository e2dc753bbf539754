/**
 * Most chunks of a dataset: what one manifest block of 1 MiB can link to. A document that names more could be listed and
 * never delivered.
 */
export const MAX_CHUNKS = 9_900;
/** Most intervals of one dataset: 95 years of minutes. */
export const MAX_INTERVALS = 50_000_000;
/** Largest canonical dataset document, bytes: it has to fit into an ask's block. */
export const MAX_DOCUMENT_BYTES = 8_192;
