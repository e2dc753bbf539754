import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { indexedDbCases } from './support/indexeddb-cases.ts';
import { indexedDbSuites } from './support/indexeddb-suites.ts';

const site = {
  name: 'indexeddb (in memory)',
  fresh: () => ({ name: 'edmp', indexedDB: new IDBFactory(), keyRange: IDBKeyRange }),
  async remove() {},
};
indexedDbSuites(site);
indexedDbCases(site);
