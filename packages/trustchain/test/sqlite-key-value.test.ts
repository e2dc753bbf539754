import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { sqliteKeyValueStore } from '@edmp/trustchain/sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edmp-pairs-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const { run } = StatementSync.prototype;
const { exec } = DatabaseSync.prototype;

/** Shows every statement to `before` while `work` runs. */
async function observed(before: (sql: string) => void, work: () => Promise<void>): Promise<void> {
  try {
    StatementSync.prototype.run = function (...values) {
      before(this.sourceSQL);
      return run.apply(this, values as never);
    };
    DatabaseSync.prototype.exec = function (sql) {
      before(sql);
      return exec.call(this, sql);
    };
    await work();
  } finally {
    StatementSync.prototype.run = run;
    DatabaseSync.prototype.exec = exec;
  }
}

describe('a key-value store in a SQLite file', () => {
  it('holds all changes of one call or none after a crash before any statement', async () => {
    const path = join(folder, 'live.sqlite');
    const store = sqliteKeyValueStore({ path });
    await store.setMany([
      ['old', Uint8Array.of(1)],
      ['kept', Uint8Array.of(2)],
    ]);
    const crashes: { readonly folder: string; readonly written: number }[] = [];
    let written = 0;
    await observed(
      () => {
        const target = join(folder, `crash-${crashes.length}`);
        mkdirSync(target);
        for (const suffix of ['', '-wal']) {
          if (existsSync(path + suffix)) copyFileSync(path + suffix, join(target, `live.sqlite${suffix}`));
        }
        crashes.push({ folder: target, written });
      },
      async () => {
        for (let n = 1; n <= 3; n++) {
          await Promise.all([
            store.setMany([
              ['old', null],
              ['a', Uint8Array.of(n)],
              ['b', Uint8Array.of(n)],
              ['c', Uint8Array.of(n)],
            ]),
            store.set('beside', Uint8Array.of(n)),
          ]);
          written = n;
        }
      },
    );
    await store.close();
    expect(crashes.length).toBeGreaterThan(20);
    const seen = new Set<string>();
    for (const crash of crashes) {
      const after = sqliteKeyValueStore({ path: join(crash.folder, 'live.sqlite') });
      const found = new Map((await after.entries('')).map(([key, value]) => [key, value[0]]));
      await after.close();
      const n = found.get('a') ?? 0;
      expect(n, 'what was promised is there').toBeGreaterThanOrEqual(crash.written);
      expect([found.get('b') ?? 0, found.get('c') ?? 0]).toEqual([n, n]);
      expect(found.has('old')).toBe(n === 0);
      expect(found.get('kept')).toBe(2);
      seen.add(`${n}`);
    }
    expect([...seen].sort()).toEqual(['0', '1', '2']);
  });

  it('commits a hundred writes of one turn together, and each alone otherwise', async () => {
    const store = sqliteKeyValueStore({ path: join(folder, 'pairs.sqlite') });
    let commits = 0;
    const count = (sql: string): void => {
      if (sql === 'COMMIT') commits += 1;
    };
    const keys = Array.from({ length: 100 }, (_, n) => `key ${n}`);
    await observed(count, async () => {
      await Promise.all(keys.map((key) => store.set(key, Uint8Array.of(1))));
    });
    expect(commits).toBe(1);
    await observed(count, async () => {
      for (const key of keys.slice(0, 10)) await store.set(key, Uint8Array.of(2));
    });
    expect(commits).toBe(11);
    await store.close();
  });

  it('overwrites what was deleted in the file and in its log, once for all deletions of a commit', async () => {
    const path = join(folder, 'pairs.sqlite');
    const store = sqliteKeyValueStore({ path });
    const secret = 'a secret that nobody may find again';
    const keys = Array.from({ length: 20 }, (_, n) => `secret ${n}`);
    await store.setMany(keys.map((key) => [key, new TextEncoder().encode(secret)] as const));
    const holds = (): boolean =>
      ['', '-wal'].some(
        (suffix) => existsSync(path + suffix) && readFileSync(path + suffix).includes(secret),
      );
    expect(holds()).toBe(true);
    let emptied = 0;
    await observed(
      (sql) => {
        if (sql.includes('wal_checkpoint')) emptied += 1;
      },
      async () => {
        await Promise.all(keys.slice(0, 10).map((key) => store.delete(key)));
        await store.setMany(keys.slice(10).map((key) => [key, null] as const));
      },
    );
    expect(emptied).toBe(2);
    expect(holds()).toBe(false);
    await store.close();
  });

  it('overwrites it when it is opened again, after a crash before any statement of deleting', async () => {
    const path = join(folder, 'pairs.sqlite');
    const store = sqliteKeyValueStore({ path });
    const secret = 'a secret that nobody may find again';
    await store.set('secret', new TextEncoder().encode(secret));
    const crashes: string[] = [];
    const copy = (): void => {
      const target = join(folder, `crash-${crashes.length}.sqlite`);
      for (const suffix of ['', '-wal']) {
        if (existsSync(path + suffix)) copyFileSync(path + suffix, target + suffix);
      }
      crashes.push(target);
    };
    await observed(copy, () => store.delete('secret'));
    await store.close();
    let deleted = 0;
    for (const crash of crashes) {
      const again = sqliteKeyValueStore({ path: crash });
      const isKept = (await again.get('secret')) !== undefined;
      const holds = ['', '-wal'].some(
        (suffix) => existsSync(crash + suffix) && readFileSync(crash + suffix).includes(secret),
      );
      expect(holds).toBe(isKept);
      if (!isKept) deleted += 1;
      await again.close();
    }
    expect(deleted, 'a copy was taken between the commit and the emptying of the log').toBeGreaterThan(0);
  });

  it('writes what waits before it closes', async () => {
    const path = join(folder, 'pairs.sqlite');
    const store = sqliteKeyValueStore({ path });
    const writing = store.set('a', Uint8Array.of(1));
    await store.close();
    await writing;
    const again = sqliteKeyValueStore({ path });
    expect(await again.get('a')).toEqual(Uint8Array.of(1));
    await again.close();
  });
});
