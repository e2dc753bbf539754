import type { Crypto } from '@edmp/interface';
import { type BlockTable, blockTable } from './block-table.ts';
import { type Database, openDatabase } from './database.ts';
import type { DamagedRow } from './row-decoder.ts';

/** Connections kept for the next snapshot: one is the rule, as long as each is awaited. */
const MAX_IDLE = 2;

/** Connections that read one moment of a file each. */
export interface Snapshots {
  /** Runs `read` over the rows as they are now, whatever is committed meanwhile. */
  run<T>(read: (blocks: BlockTable, database: Database) => Promise<T>): Promise<T>;
  /** Closes what is idle; what is still being read is closed when it ends. */
  close(): void;
}

interface Connection {
  readonly database: Database;
  readonly blocks: BlockTable;
}

/** {@link Snapshots} of a file. They cost a connection each, and the file's log grows as long as one is read. */
export function snapshots(
  path: string,
  busyTimeoutMs: number | undefined,
  crypto: Pick<Crypto, 'sha256'>,
  onDamaged?: (row: DamagedRow) => void,
): Snapshots {
  const idle: Connection[] = [];
  let closed = false;
  const connect = (): Connection => {
    const database = openDatabase(path, busyTimeoutMs);
    return { database, blocks: blockTable(database, crypto, onDamaged) };
  };
  return {
    async run(read) {
      const connection = idle.pop() ?? connect();
      const { database, blocks } = connection;
      let isSound = false;
      try {
        // In WAL mode a transaction reads the moment of its first read (SQLite documentation, "Isolation In SQLite").
        database.exec('BEGIN');
        database.prepare('SELECT 1 FROM edmp_schema LIMIT 1').get();
        blocks.reset();
        const result = await read(blocks, database);
        database.exec('COMMIT');
        isSound = true;
        return result;
      } finally {
        if (isSound && !closed && idle.length < MAX_IDLE) idle.push(connection);
        else database.close();
      }
    },
    close() {
      closed = true;
      for (const { database } of idle.splice(0)) database.close();
    },
  };
}
