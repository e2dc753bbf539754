import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { virtualEnvironment } from '@edmp/interface';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkFolder } from '../../src/cli/doctor/folder-checks.ts';
import { openDataFolder } from '../../src/compose/data-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edmp-data-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('openDataFolder', () => {
  it('makes an identity and a token once, readable by the owner only', () => {
    const environment = virtualEnvironment();
    const first = openDataFolder(join(folder, 'node'), environment);
    first.close();
    const second = openDataFolder(join(folder, 'node'), environment);
    second.close();
    expect(second.secretKey).toEqual(first.secretKey);
    expect(second.token).toBe(first.token);
    expect(first.token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    for (const file of ['identity.key', 'token']) {
      expect(statSync(join(folder, 'node', file)).mode & 0o077).toBe(0);
    }
  });

  it('keeps its databases from others in a folder that everybody may look into', async () => {
    const environment = virtualEnvironment();
    chmodSync(folder, 0o755);
    openDataFolder(folder, environment).close();
    const modes = (): readonly number[] =>
      ['chain.sqlite', 'records.sqlite', 'readings.sqlite'].map(
        (file) => statSync(join(folder, file)).mode & 0o777,
      );
    expect(modes()).toEqual([0o600, 0o600, 0o600]);
    // Those of earlier versions were not.
    chmodSync(join(folder, 'records.sqlite'), 0o644);
    writeFileSync(join(folder, 'records.sqlite-wal'), '', { mode: 0o644 });
    const found = async (): Promise<readonly string[]> =>
      (await checkFolder(folder)).filter(({ level }) => level === 'problem').map(({ text }) => text);
    expect(await found()).toEqual([
      expect.stringMatching(
        /^\S+\/records\.sqlite, \S+\/records\.sqlite-wal can be read by other users: chmod/,
      ),
    ]);
    openDataFolder(folder, environment).close();
    expect(await found()).toEqual([]);
    expect(modes()).toEqual([0o600, 0o600, 0o600]);
    expect(statSync(join(folder, 'records.sqlite-wal')).mode & 0o077).toBe(0);
  });

  it('refuses a folder that a live process holds, and takes over from a dead one', () => {
    const environment = virtualEnvironment();
    const held = openDataFolder(folder, environment);
    writeFileSync(join(folder, 'node.pid'), String(process.ppid));
    expect(() => openDataFolder(folder, environment)).toThrowError(
      expect.objectContaining({ code: 'ERR_NODE_DATA' }),
    );
    writeFileSync(join(folder, 'node.pid'), '999999999');
    openDataFolder(folder, environment).close();
    held.close();
  });

  it('refuses a damaged identity instead of making a new one', () => {
    const environment = virtualEnvironment();
    openDataFolder(folder, environment).close();
    writeFileSync(join(folder, 'identity.key'), 'garbage');
    expect(() => openDataFolder(folder, environment)).toThrowError(
      expect.objectContaining({ code: 'ERR_NODE_DATA' }),
    );
    expect(readFileSync(join(folder, 'identity.key'), 'utf8')).toBe('garbage');
  });

  it('names a path that cannot be a folder', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => openDataFolder(join(folder, 'file'), virtualEnvironment())).toThrowError(/cannot be used/);
  });

  it('says so at once where the system lets nobody make folders', () => {
    const path = process.platform === 'linux' ? '/proc/nowhere/node' : join(folder, 'file', 'node');
    writeFileSync(join(folder, 'file'), '');
    expect(() => openDataFolder(path, virtualEnvironment())).toThrow(/cannot be used/);
  });
});
