import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { type Example, examplesOf } from '../lib/examples.ts';
import { publishablePackages, root } from '../lib/workspace.ts';

const examples = publishablePackages().flatMap(({ path }) => {
  const src = join(path, 'src');
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(src, name))
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8');
      return text.includes('@example') ? examplesOf(relative(root, file), text) : [];
    });
});
/** Where an example can import all packages by name: the one that depends on all. */
const home = join(root, 'packages/node/node_modules');
const folder = mkdtempSync(join(home, '.examples-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const label = ({ name, path }: Example): string => `${name} (${path})`;

/** What the compiler says against the examples, all in one program. */
function complaints(): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const paths = examples.map((example, n) => {
    const path = join(root, `packages/node/src/example-${n}.ts`);
    return [path, `${example.code}\nexport {};\n`] as const;
  });
  const texts = new Map(paths);
  const settings: ts.CompilerOptions = {
    ...options,
    noEmit: true,
    composite: false,
    incremental: false,
    isolatedDeclarations: false,
    declaration: false,
    declarationMap: false,
  };
  const host = ts.createCompilerHost(settings);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.getSourceFile = (path, how, ...more) => {
    const text = texts.get(path);
    return text === undefined ? getSourceFile(path, how, ...more) : ts.createSourceFile(path, text, how);
  };
  const program = ts.createProgram([...texts.keys()], settings, host);
  return [...texts.keys()].flatMap((path, n) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(path))
      .map(
        ({ messageText }) => `${examples[n]?.name}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
      ),
  );
}

describe('examples in doc comments', () => {
  it('are many', () => {
    expect(examples.length).toBeGreaterThanOrEqual(40);
    expect(new Set(examples.map(({ name }) => name)).size).toBe(examples.length);
  });

  it('compile strictly', { timeout: 120_000 }, () => {
    expect(complaints()).toEqual([]);
  });

  it('print what they say', { timeout: 120_000 }, () => {
    // One process runs them one after another; each has its own scope and its own output.
    const names = examples.map((example, n) => {
      const { outputText } = ts.transpileModule(example.code, {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
      });
      writeFileSync(join(folder, `${n}.mjs`), outputText);
      return `./${n}.mjs`;
    });
    const main = `
      const printed = [];
      for (const name of ${JSON.stringify(names)}) {
        const lines = [];
        console.log = (...values) => lines.push(values.map(String).join(' '));
        try { await import(name); } catch (error) { lines.push(String(error)); }
        printed.push(lines);
      }
      process.stdout.write(JSON.stringify(printed));`;
    writeFileSync(join(folder, 'main.mjs'), main);
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--conditions=edmp-source', '--disable-warning=ExperimentalWarning', 'main.mjs'],
      { cwd: folder, encoding: 'utf8', timeout: 110_000 },
    );
    expect(stderr).toBe('');
    const printed = JSON.parse(stdout) as string[][];
    expect(Object.fromEntries(examples.map((example, n) => [label(example), printed[n]]))).toEqual(
      Object.fromEntries(examples.map((example) => [label(example), [...example.prints]])),
    );
  });

  it('are one block of ts that says what it prints', () => {
    const comment = (body: string): string => `/** Text.\n${body}\n */\nexport function f(): void {}`;
    expect(() => examplesOf('x.ts', comment(' * @example f()'))).toThrow(/one block of ts/);
    expect(() => examplesOf('x.ts', comment(' * @example\n * ```ts\n * console.log(1);\n * ```'))).toThrow(
      /say behind/,
    );
    expect(
      examplesOf('x.ts', comment(' * @example\n * ```ts\n * console.log(1); // 1\n * ```')),
    ).toMatchObject([{ name: 'f', prints: ['1'] }]);
  });
});
