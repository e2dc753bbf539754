/**
 * Acceptance suites for everything pluggable; vitest is an optional peer.
 *
 * @packageDocumentation
 */
export {};
