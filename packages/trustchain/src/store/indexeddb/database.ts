import { StoreError } from '../errors.ts';
import { closedError, schemaError, storeFailure } from './errors.ts';
import type { IdbDatabase, IdbTransaction } from './idb.ts';
import type { IndexedDb } from './options.ts';
import { committed } from './requests.ts';

/** A step from one schema version to the next, inside the upgrade's transaction. */
export type SchemaStep = (database: IdbDatabase, transaction: IdbTransaction) => void;

/** A kind of database: its schema version is the number of steps. */
export interface Schema {
  /** What it is, in error messages. */
  readonly kind: string;
  /** Object stores; the first one exists since version 1 and tells the database from others. */
  readonly stores: readonly [string, ...string[]];
  readonly steps: readonly SchemaStep[];
}

/** Work inside one transaction; it may await nothing but requests of that transaction. */
export type Work<T> = (transaction: IdbTransaction) => Promise<T>;

/** An open database: reads at once, writes in the order they were asked for. */
export interface Database {
  read<T>(work: Work<T>): Promise<T>;
  /** Writes that are asked for while another transaction runs share the next one. */
  write<T>(work: Work<T>, durable: boolean): Promise<T>;
  /** Refuses new work, finishes what was accepted, and closes. */
  close(): Promise<void>;
}

interface Write {
  readonly run: Work<() => void>;
  readonly fail: (error: unknown) => void;
  readonly durable: boolean;
}

/**
 * Most blocks of work in one transaction: it bounds what one failure can undo and how long readers wait.
 */
const MAX_GROUP = 256;

/** Opens the database, made or upgraded as needed. Rejects with `ERR_STORE_SCHEMA` or `ERR_STORE_IO`. */
function openIdb({ factory, name }: IndexedDb, schema: Schema): Promise<IdbDatabase> {
  return new Promise((resolve, reject) => {
    let refusal: StoreError | undefined;
    const request = factory.open(name, schema.steps.length);
    request.addEventListener('upgradeneeded', (event) => {
      const { result: database, transaction } = request;
      if (transaction === null) return;
      const from = (event as { readonly oldVersion?: number }).oldVersion ?? 0;
      if (from > 0 && !database.objectStoreNames.contains(schema.stores[0])) {
        refusal = schemaError(name, `is no ${schema.kind}; choose another name`);
        transaction.abort();
        return;
      }
      for (const step of schema.steps.slice(from)) step(database, transaction);
    });
    request.addEventListener('blocked', () => {
      refusal = new StoreError(
        'ERR_STORE_IO',
        `Another page still uses an older version of "${name}": close that page and open the store again`,
        { retryable: true },
      );
      reject(refusal);
    });
    request.addEventListener('error', (event) => {
      event.preventDefault();
      const { error } = request;
      if ((error as Partial<Error> | null)?.name === 'VersionError') {
        reject(schemaError(name, `is newer than version ${schema.steps.length}; update this program`, error));
      } else reject(refusal ?? storeFailure(error));
    });
    request.addEventListener('success', () => {
      const database = request.result;
      if (
        refusal === undefined &&
        schema.stores.every((store) => database.objectStoreNames.contains(store))
      ) {
        resolve(database);
        return;
      }
      database.close();
      reject(refusal ?? schemaError(name, `is no ${schema.kind}; choose another name`));
    });
  });
}

/** Opens a {@link Database}; every call waits for that, and fails as the opening failed. */
export function openDatabase(indexedDb: IndexedDb, schema: Schema): Database {
  const stores = [...schema.stores];
  let closed = false;
  let lost: string | undefined;
  let queue: Write[] = [];
  let draining: Promise<void> | undefined;
  /** A connection closes only after its last transaction, which ends later than its last request. */
  const reading = new Set<Promise<void>>();

  const opened = openIdb(indexedDb, schema).then((database) => {
    database.addEventListener('versionchange', () => {
      lost = `Another page upgraded or deleted the database "${indexedDb.name}": reload this page`;
      database.close();
    });
    database.addEventListener('close', () => {
      lost = `The browser closed the database "${indexedDb.name}": its data may have been cleared`;
    });
    return database;
  });
  opened.catch(() => {}); // each call reports it

  const check = (): void => {
    if (closed || lost !== undefined) throw closedError(lost);
  };

  const runGroup = async (group: readonly Write[]): Promise<void> => {
    const settle: (() => void)[] = [];
    let transaction: IdbTransaction | undefined;
    try {
      const database = await opened;
      if (lost !== undefined) throw closedError(lost);
      const durability = group.some((write) => write.durable) ? 'strict' : 'relaxed';
      transaction = database.transaction(stores, 'readwrite', { durability });
      const done = committed(transaction);
      done.catch(() => {}); // awaited below, unless the work fails first
      for (const write of group) settle.push(await write.run(transaction));
      await done;
    } catch (error) {
      abort(transaction);
      // One bad write must not take its neighbours with it.
      if (group.length > 1) for (const write of group) await runGroup([write]);
      else for (const write of group) write.fail(storeFailure(error));
      return;
    }
    for (const resolve of settle) resolve();
  };

  const drain = async (): Promise<void> => {
    while (queue.length > 0) {
      const group = queue.slice(0, MAX_GROUP);
      queue = queue.slice(MAX_GROUP);
      await runGroup(group);
    }
    draining = undefined;
  };

  return {
    async read(work) {
      check();
      const database = await opened;
      if (lost !== undefined) throw closedError(lost);
      try {
        const transaction = database.transaction(stores, 'readonly');
        const done = committed(transaction)
          .catch(() => {}) // what failed is reported by the request
          .finally(() => reading.delete(done));
        reading.add(done);
        return await work(transaction);
      } catch (error) {
        throw storeFailure(error);
      }
    },
    write: <T>(work: Work<T>, durable: boolean): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        check();
        queue.push({
          run: async (transaction) => {
            const value = await work(transaction);
            return () => resolve(value);
          },
          fail: reject,
          durable,
        });
        draining ??= Promise.resolve().then(drain);
      }),
    async close() {
      if (closed) return;
      closed = true;
      await draining;
      await Promise.all(reading);
      await opened.then(
        (database) => database.close(),
        () => {}, // it was never open
      );
    },
  };
}

function abort(transaction: IdbTransaction | undefined): void {
  try {
    transaction?.abort();
  } catch {
    // it has ended already
  }
}
