/**
 * Content store in a directory, for Node.
 *
 * @packageDocumentation
 */
export { type FsContentStoreOptions, fsContentStore } from './store/file-system.ts';
