import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { indexedDbSuites } from './support/indexeddb-suites.ts';

indexedDbSuites({
  name: 'indexeddb (in memory)',
  fresh: () => ({ name: 'edmp', indexedDB: new IDBFactory(), keyRange: IDBKeyRange }),
  async remove() {},
});
