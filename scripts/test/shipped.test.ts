import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blocksOf } from '../lib/readme-blocks.ts';
import { bareEnvironment } from '../shipped/bare.ts';
import { judgeImport, judgeOutput, type Refusal, refusals } from '../shipped/expectations.ts';
import { figuresText, judgeFigures, withFigures } from '../shipped/figures.ts';
import { leaksOf, machineMarks } from '../shipped/leaks.ts';
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

  it('complains of entries that add global names or print', () => {
    expect(
      judgeImport(
        { entry: 'other', exports: 3, globals: ['Symbol(undici.globalDispatcher.1)', 'leak'] },
        'bun',
        'alone',
        [row],
      ),
    ).toMatch(/global names: leak/);
    const fine =
      '{"entry":"a","exports":1}\n(node:12) ExperimentalWarning: SQLite is an experimental feature\n{"done":true}\n';
    expect(judgeOutput(fine)).toBeUndefined();
    expect(judgeOutput(`${fine}hello\n`)).toBe('importing prints\nhello');
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

describe('leaksOf', () => {
  const clean = [
    { path: 'package.json', text: '{"exports":{".":{"types":"./dist/index.d.ts"}}}' },
    {
      path: 'README.md',
      text: 'Files are in `~/.edmp`; see https://github.com/edmp/edmp/tree/main/packages/x',
    },
    { path: 'dist/index.js', text: "export { a } from './a.js'; const key = 'settlement/root/' + a;" },
    { path: 'dist/index.d.ts', text: "export { a } from './a.js';" },
    { path: 'dist/auth.js', text: 'var require_auth=__commonJS({})' },
    { path: 'dist/web/index.html', text: '<html>' },
    { path: 'bin/edmp.cjs', text: "import('../dist/cli/main.js')" },
  ];

  it('finds none in what a package should have', () => {
    expect(leaksOf(clean, { 'the home folder': '/root/' })).toEqual([]);
  });

  it.each([
    ['src/index.ts', '', 'no file that'],
    ['dist/index.ts', '', 'no file that'],
    ['dist/index.js.map', '', 'no file that'],
    ['.env', '', 'no file that'],
    ['dist/identity.key', '', 'no file that'],
    ['dist/chain.sqlite', '', 'no file that'],
    ['dist/a.test.js', '', 'a file of tests'],
    ['dist/test/a.js', '', 'a file of tests'],
    ['dist/fixtures/day.json', '', 'a file of tests'],
    [
      'dist/a.js',
      "const at = '/home/anna/edmp/packages';",
      'a folder of somebody’s machine, /home/anna/edmp/packages',
    ],
    ['dist/a.js', 'const at = "C:\\\\Users\\\\Anna\\\\edmp";', 'a folder of somebody’s machine'],
    ['dist/a.js', 'file at /srv/build/edmp', 'the folder of this clone'],
    ['dist/a.js', 'from http://npm.corp:4873/x', 'the registry'],
    ['dist/a.js', '"../../node_modules/.pnpm/x@1/node_modules/x.js"', 'a path of this repository’s tools'],
    ['dist/a.js', "import { a } from '../src/a.js';", 'a path to a source'],
    ['dist/a.d.ts', "export type { A } from './a.ts';", 'a path to a source'],
    ['dist/a.js', '//# sourceMappingURL=a.js.map', 'a reference to a map'],
    ['package.json', '{"exports":{".":{"edmp-source":"./src/index.ts"}}}', 'a condition of this repository'],
    ['package.json', '{"dependencies":{"a":"workspace:^"}}', 'a range that only'],
    ['dist/a.js', '-----BEGIN OPENSSH PRIVATE KEY-----', 'a private key'],
    ['dist/a.js', `t = "npm_${'a1B2'.repeat(9)}"`, 'an access token'],
    ['dist/a.js', '//r.example/:_authToken=abc', 'a registry’s login'],
  ])('finds in %s: %s', (path, text, expected) => {
    const marks = { 'the folder of this clone': '/srv/build/edmp', 'the registry': 'npm.corp:4873' };
    const found = leaksOf([...clean, { path, text }], marks);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`${path}: ${expected}`);
  });

  it('shows no secret that it finds', () => {
    const token = `npm_${'a1B2'.repeat(9)}`;
    const env = { PUBLISH_TOKEN: 'hunter2hunter2', PATH: '/usr/bin' };
    const marks = machineMarks('https://registry.npmjs.org/', env);
    const found = leaksOf([{ path: 'dist/a.js', text: `${token} hunter2hunter2` }], marks).join('\n');
    expect(found).toContain('an access token');
    expect(found).toContain('the value of PUBLISH_TOKEN');
    expect(found).not.toMatch(/hunter2|a1B2/);
    expect(Object.keys(marks)).not.toContain('this machine’s registry');
    expect(machineMarks('http://npm.corp:4873/', {})['this machine’s registry']).toBe('npm.corp:4873');
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
