import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blocksOf } from '../lib/readme-blocks.ts';
import { bareEnvironment } from '../shipped/bare.ts';
import { judgeImport, type Refusal, refusals } from '../shipped/expectations.ts';
import { figuresText, judgeFigures, withFigures } from '../shipped/figures.ts';
import { Report, table, together } from '../shipped/report.ts';

describe('judgeImport', () => {
  const row: Refusal = {
    entry: '@edmp/x/y',
    runtimes: ['bun'],
    install: 'alone',
    code: 'ERR_X',
    names: 'install z',
    reason: 'Bun has no y',
  };
  const threw = (code: string, message: string) => ({ entry: row.entry, code, message });
  const judge = (outcome: Parameters<typeof judgeImport>[0]) => judgeImport(outcome, 'bun', 'alone', [row]);

  it('takes the refusal that the table names, and no other', () => {
    expect(judge(threw('ERR_X', 'no y: install z'))).toBeUndefined();
    expect(judge(threw('ERR_X', 'no y'))).toMatch(/names install z/);
    expect(judge(threw('SyntaxError', 'install z'))).toMatch(/expected ERR_X .* got SyntaxError/);
  });

  it('complains of a refusal that nobody expects, with its code', () => {
    const outcome = threw('ERR_X', 'no y: install z\nat file');
    expect(judgeImport(outcome, 'node24', 'alone', [row])).toBe('ERR_X: no y: install z');
    expect(judgeImport(outcome, 'bun', 'with peers', [row])).toBe('ERR_X: no y: install z');
  });

  it('complains of a row that is no longer true', () => {
    expect(judge({ entry: row.entry, exports: 3 })).toMatch(/take it out of the table/);
    expect(judgeImport({ entry: row.entry, exports: 3 }, 'deno', 'alone', [row])).toBeUndefined();
  });

  it('complains of entries that hang, are missing or are empty', () => {
    expect(judge({ entry: row.entry, hangs: true })).toMatch(/never ends/);
    expect(judge(undefined)).toMatch(/ended before/);
    expect(judgeImport({ entry: 'other', exports: 0 }, 'bun', 'alone', [row])).toMatch(/exports nothing/);
  });

  it('has a reason, a code and a hint in every row', () => {
    for (const { reason, code, names } of refusals) {
      expect(reason.length).toBeGreaterThan(10);
      // By a code of ours, not by what a runtime says of a file that it did not find.
      expect(code).toMatch(/^ERR_(?!MODULE)/);
      expect(names).toMatch(/^npm install "/);
    }
  });
});

describe('the figures of a README', () => {
  const figures = { packed: 120_400, unpacked: 422_000, packages: 2 };

  it('stand between markers, which are added at the end when there are none', () => {
    const first = withFigures('# X\n\nText.\n', figures);
    expect(first).toContain('## Size');
    expect(first).toContain(figuresText(figures));
    expect(judgeFigures(first, figures)).toBeUndefined();
    const second = withFigures(`${first}\nAfter.\n`, { ...figures, packages: 3 });
    expect(second).toContain('3 packages');
    expect(second).not.toContain('2 packages');
    expect(second).toMatch(/^# X\n\nText\.\n[\s\S]*\nAfter\.\n$/);
  });

  it('may be off by a fifth, no more, in any of them', () => {
    const readme = withFigures('# X\n', figures);
    expect(judgeFigures(readme, { ...figures, packed: 101_000 })).toBeUndefined();
    expect(judgeFigures(readme, { ...figures, packed: 90_000 })).toBe(
      '120 kB to download, measured 90: run it with --write',
    );
    expect(judgeFigures(readme, { ...figures, unpacked: 900_000 })).toMatch(/422 kB unpacked, measured 900/);
    expect(judgeFigures(readme, { ...figures, packages: 91 })).toMatch(/2 packages, measured 91/);
  });

  it('are missed where there are none, or something else', () => {
    expect(judgeFigures('# X\n', figures)).toMatch(/^no <!-- shipped:begin/);
    const readme = withFigures('# X\n', figures).replace(figuresText(figures), 'small');
    expect(judgeFigures(readme, figures)).toMatch(/--write/);
  });
});

describe('readme blocks', () => {
  it('have language, code, line and the reason why one is not run', () => {
    const text =
      '# X\n```ts\na();\n\nb();\n```\n<!-- skip: needs a meter -->\n```ts\nc();\n```\n````\n```\n````\n';
    expect(blocksOf(text, 'X.md')).toEqual([
      { lang: 'ts', code: 'a();\n\nb();\n', line: 2 },
      { lang: 'ts', code: 'c();\n', line: 8, skip: 'needs a meter' },
      { lang: '', code: '```\n', line: 11 },
    ]);
    expect(() => blocksOf('```ts\na();\n', 'X.md')).toThrow(/^X\.md:1: /);
  });
});

describe('the report', () => {
  it('prints a line as each check ends, counts them and keeps what failed', async () => {
    let printed = '';
    const report = new Report((text) => {
      printed += text;
    });
    report.line('a', undefined, 'fine');
    report.line('b', 'broken\ntwice');
    await report.check('c', async () => {
      throw new Error('thrown');
    });
    expect(await report.check('d', async () => 7)).toBe(7);
    expect(printed).toMatch(
      /^ok {4}a {2}fine\nFAIL {2}b\n {6}broken\n {6}twice\nFAIL {2}c\n {6}thrown\nok {4}d /,
    );
    expect(report.checks).toBe(4);
    expect(report.failures).toEqual(['b: broken\ntwice', 'c: thrown']);
  });

  it('pads a table', () => {
    expect(
      table([
        ['a', 'kB'],
        ['long', '1'],
      ]),
    ).toBe('a     kB\nlong   1');
  });

  it('runs no more tasks at a time than it is told to, and all of them', async () => {
    let running = 0;
    let most = 0;
    let done = 0;
    const task = async (): Promise<void> => {
      running++;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      done++;
    };
    await together(
      2,
      Array.from({ length: 7 }, () => task),
    );
    expect([most, done]).toEqual([2, 7]);
    await expect(together(2, [task, () => Promise.reject(new Error('no'))])).rejects.toThrow('no');
  });
});

it('a bare user sees nothing of this machine’s user or of this repository', () => {
  const home = mkdtempSync(join(tmpdir(), 'edmp-bare-'));
  process.env.EDMP_SHIPPED_TEST = '1';
  process.env.npm_config_shipped_test = '1';
  try {
    const environment = bareEnvironment({ home, path: ['/first'] });
    expect(
      Object.keys(environment).filter((name) => /^(EDMP_|npm_config_shipped|NODE_OPTIONS)/.test(name)),
    ).toEqual([]);
    expect(environment.PATH).toMatch(/^\/first/);
    expect(environment.PATH).not.toContain('node_modules');
  } finally {
    delete process.env.EDMP_SHIPPED_TEST;
    delete process.env.npm_config_shipped_test;
    rmSync(home, { recursive: true });
  }
});
