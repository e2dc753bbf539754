import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildWeb } from '../build.ts';

describe('the page as built', () => {
  it('is the same whatever NODE_ENV is, and names no source file of the machine', async () => {
    expect(process.env.NODE_ENV).not.toBe('production');
    const { directory } = await buildWeb();
    const root = join(directory, '../../..');
    const files = await readdir(directory, { recursive: true, withFileTypes: true });
    const scripts = files.filter((file) => file.isFile() && file.name.endsWith('.js'));
    expect(scripts.length).toBeGreaterThan(0);
    for (const file of scripts) {
      const text = await readFile(join(file.parentPath, file.name), 'utf8');
      expect(text.includes(root), file.name).toBe(false);
      expect(text.includes('.tsx'), file.name).toBe(false);
    }
  });
});
