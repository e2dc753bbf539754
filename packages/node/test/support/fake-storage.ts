import type { StorageKeeping } from '../../src/storage-service.ts';

/** A disk on which every block takes 4 KiB. */
export function fakeStorage(blocks: () => number, now: () => number): StorageKeeping {
  const budget = 2 ** 30;
  const bytes = (): number => 4_096 * blocks();
  return {
    storage: async () => ({ budget, bytes: bytes(), free: 0, blocks: blocks(), last: null }),
    pruneStorage: async () => ({
      time: now(),
      budget,
      before: bytes(),
      after: bytes(),
      removed: 0,
      chains: 0,
      left: blocks(),
      severity: null,
      within: true,
    }),
  };
}
