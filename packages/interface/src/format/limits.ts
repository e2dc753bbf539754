/** Deepest nesting of lists and maps in anything that is signed or sent; the outermost one is level 1 (DESIGN §3.1). */
export const MAX_DEPTH = 32;
