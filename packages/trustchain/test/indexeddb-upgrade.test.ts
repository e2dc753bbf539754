// The upgrade path has no public face while there is one schema version, so this test alone reaches inside.
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { openDatabase, type Schema, type SchemaStep } from '../src/store/indexeddb/database.ts';
import { result } from '../src/store/indexeddb/requests.ts';
import { codeOfAsync } from './support/errors.ts';

const first: SchemaStep = (database) => database.createObjectStore('things');
const second: SchemaStep = (database, transaction) => {
  database.createObjectStore('more');
  transaction.objectStore('things').put('moved', 'second');
};
const schema = (...steps: readonly SchemaStep[]): Schema => ({
  kind: 'test database',
  stores: steps.length > 1 ? ['things', 'more'] : ['things'],
  steps,
});
const place = (): { name: string; factory: IDBFactory; keyRange: typeof IDBKeyRange } => ({
  name: 'edmp',
  factory: new IDBFactory(),
  keyRange: IDBKeyRange,
});

describe('the upgrade of an IndexedDB database', () => {
  it('keeps what is there and takes only the steps that are missing', async () => {
    const where = place();
    const old = openDatabase(where, schema(first));
    await old.write((transaction) => result(transaction.objectStore('things').put('kept', 'first')), true);
    await old.close();
    for (const wanted of [
      ['kept', 'moved'],
      ['kept', 'moved'],
    ]) {
      const database = openDatabase(where, schema(first, second));
      const found = await database.read((transaction) => result(transaction.objectStore('things').getAll()));
      expect(found).toEqual(wanted);
      await database.close();
    }
    const again = openDatabase(where, schema(first));
    expect(await codeOfAsync(again.read(async () => 1))).toBe('ERR_STORE_SCHEMA');
    await again.close();
  });

  it('leaves the old version as it was when a step fails', async () => {
    const where = place();
    const old = openDatabase(where, schema(first));
    await old.write((transaction) => result(transaction.objectStore('things').put('kept', 'first')), true);
    await old.close();
    const broken = openDatabase(
      where,
      schema(first, (database, transaction) => {
        second(database, transaction);
        throw new Error('a step that fails');
      }),
    );
    expect(await codeOfAsync(broken.read(async () => 1))).toBe('ERR_STORE_IO');
    await broken.close();
    const database = openDatabase(where, schema(first));
    expect(await database.read((transaction) => result(transaction.objectStore('things').getAll()))).toEqual([
      'kept',
    ]);
    await database.close();
  });

  it('does not start on a database of somebody else', async () => {
    const where = place();
    await openDatabase(where, {
      kind: 'notes',
      stores: ['notes'],
      steps: [(database) => database.createObjectStore('notes')],
    }).close();
    const database = openDatabase(where, schema(first, second));
    expect(await codeOfAsync(database.read(async () => 1))).toBe('ERR_STORE_SCHEMA');
    expect(await codeOfAsync(database.write(async () => 1, true))).toBe('ERR_STORE_SCHEMA');
    await database.close();
  });

  it('is refused, to be tried again, while another page holds the old version and does not let go', async () => {
    const where = place();
    const holder = where.factory.open('edmp', 1);
    await new Promise<void>((resolve) => {
      holder.onupgradeneeded = () => holder.result.createObjectStore('things');
      holder.onsuccess = () => resolve();
    });
    const blocked = openDatabase(where, schema(first, second));
    const error = await blocked.read(async () => 1).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'ERR_STORE_IO', retryable: true });
    await blocked.close();
    holder.result.close();
    const database = openDatabase(where, schema(first, second));
    expect(await database.read(async () => 1)).toBe(1);
    await database.close();
  });
});
