/**
 * Collections and locks with limits: maps and sets that keep the newest, token buckets, readers of events, locks that refuse more than may
 * wait, and a heap. Nothing in EDMP grows with what strangers send.
 *
 * @packageDocumentation
 */
export { type BoundedMap, type BoundedMapOptions, boundedMap } from './bounded-map.ts';
export { type BoundedSet, type BoundedSetOptions, boundedSet } from './bounded-set.ts';
export { BusyError } from './errors.ts';
export { EventReader, type EventReaderOptions, followEvents, MAX_UNREAD_EVENTS } from './event-reader.ts';
export { type KeyedMutex, type KeyedMutexOptions, keyedMutex } from './keyed-mutex.ts';
export { type HeapEntry, type MinHeap, minHeap } from './min-heap.ts';
export { type LockOptions, type Mutex, mutex } from './mutex.ts';
export { type Semaphore, semaphore } from './semaphore.ts';
export { type SharedMutex, sharedMutex } from './shared-mutex.ts';
export { type Rate, type TokenBuckets, tokenBuckets } from './token-buckets.ts';
