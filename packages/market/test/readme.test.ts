import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('README', () => {
  it('shows the example that runs, word for word, and its output', async () => {
    const lines: string[] = [];
    vi.spyOn(console, 'log').mockImplementation((...words) => {
      lines.push(words.map(String).join(' '));
    });
    await import('./support/readme-example.ts');
    expect(lines).toEqual(['state: completed', 'seller earned: 10', 'values: 2880']);
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const example = readFileSync(new URL('./support/readme-example.ts', import.meta.url), 'utf8');
    expect(readme).toContain(example.slice(example.indexOf('const witness =')).trim());
  });
});
