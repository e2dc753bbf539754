import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPlainFile } from '../../src/meters/feeds/plain-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edmp-plain-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a file in a folder that others write to', () => {
  it('is read whole, up to a limit', async () => {
    const path = join(folder, 'a.csv');
    writeFileSync(path, 'x'.repeat(100_000));
    expect((await readPlainFile(path, 100_000)).length).toBe(100_000);
    await expect(readPlainFile(path, 99_999)).rejects.toMatchObject({ code: 'ERR_METER_LIMIT' });
    writeFileSync(path, '');
    expect((await readPlainFile(path, 10)).length).toBe(0);
  });

  it('is neither followed elsewhere nor waited for', async () => {
    const secret = join(folder, 'secret');
    writeFileSync(secret, 'secret');
    symlinkSync(secret, join(folder, 'link.csv'));
    await expect(readPlainFile(join(folder, 'link.csv'), 100)).rejects.toThrow();
    mkdirSync(join(folder, 'folder.csv'));
    await expect(readPlainFile(join(folder, 'folder.csv'), 100)).rejects.toMatchObject({
      code: 'ERR_METER_FORMAT',
    });
    if (process.platform === 'win32') return;
    // Nobody writes to it: a plain open would take a thread for good.
    execFileSync('mkfifo', [join(folder, 'pipe.csv')]);
    await expect(readPlainFile(join(folder, 'pipe.csv'), 100)).rejects.toMatchObject({
      code: 'ERR_METER_FORMAT',
    });
  });
});
