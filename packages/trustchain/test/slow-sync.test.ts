/** The tests of syncing once more, over stores that answer slowly: what they promise does not depend on it. */
import { slowBlockStore } from './support/slow-store.ts';
import { townStores } from './support/town.ts';

let seed = 0;
townStores.seenBy = (store, environment) => slowBlockStore(store, environment, { seed: seed++, maxMs: 3 });
await import('./sync-links.test.ts');
await import('./sync-bounds.test.ts');
await import('./network-chain.test.ts');
await import('./history.test.ts');
await import('./reconcile.test.ts');
await import('./delivery.test.ts');
