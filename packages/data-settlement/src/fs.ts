/**
 * Content store in a directory, for Node.
 *
 * @packageDocumentation
 */
export {};
