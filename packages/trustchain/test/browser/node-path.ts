/** In a browser, what tests use of `node:path`. */
export const join = (...parts: readonly string[]): string => parts.join('/');
