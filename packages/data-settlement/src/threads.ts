/**
 * Sealing of large deliveries on other threads, for Node.
 *
 * @packageDocumentation
 */
export {
  type SealingThreads,
  type SealingThreadsOptions,
  sealingThreads,
} from './sealing/sealing-threads.ts';
