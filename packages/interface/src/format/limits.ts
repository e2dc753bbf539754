/** Deepest nesting of lists and maps in anything that is signed or sent; the outermost one is level 1 (DESIGN §3.1). */
export const MAX_DEPTH = 32;
/**
 * Most items in anything that is signed or sent: every element of a list and every key and value of a map counts one. As many as a half block of 64 KiB has
 * bytes; the longest thing that nodes send, the manifest of a delivery, has 9 900. Each may take one byte on the wire and
 * hundreds of times that to build, so that a limit of bytes alone let a file of 1 MB take half a second.
 */
export const MAX_ITEMS = 65_536;
