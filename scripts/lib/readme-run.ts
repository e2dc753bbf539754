import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { basename, dirname, join } from 'node:path';
import ts from 'typescript';
import type { ReadmeBlock } from './readme-blocks.ts';
import { type Result, run } from './run.ts';
import { readModule } from './source-facts.ts';
import { root, workspacePackages } from './workspace.ts';

/** What a page has a reader install: the packages of its `npm install …` lines, versions taken off. */
export function installedBy(blocks: readonly ReadmeBlock[]): string[] {
  const names = blocks
    .filter(({ lang }) => lang === 'sh')
    .flatMap(({ code }) => code.split('\n'))
    .flatMap((line) => /^npm install (.*?)(?:\s+#.*)?$/.exec(line)?.[1]?.split(/\s+/) ?? [])
    .filter((word) => !word.startsWith('-'))
    .map((word) => word.replace(/(.)@.*$/, '$1'));
  return [...new Set(names)];
}

const specifiers = (code: string): string[] =>
  readModule('block.ts', code).imports.map(({ specifier }) => specifier);

/** Packages that a program imports, Node's own left out. */
export function importedBy(code: string): string[] {
  const names = specifiers(code)
    .filter((name) => !name.startsWith('node:') && !builtinModules.includes(name))
    .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
  return [...new Set(names)];
}

/** What a program says that it prints: the comments behind its `console.log(…)`, one for each line. */
export function promisedOutput(code: string): string[] {
  return code
    .split('\n')
    .flatMap((line) => /\bconsole\.log\(.*\);? \/\/ (.+)$/.exec(line)?.[1]?.trimEnd() ?? []);
}

/** Whether a program is a test file: vitest runs it. */
export function isTestFile(code: string): boolean {
  return specifiers(code).some((name) => name === 'vitest' || name === '@edmp/testing');
}

/** A folder as a reader has it: ES modules, and the packages that the page has them install, from their sources. */
export interface ReaderFolder {
  readonly path: string;
  /** Writes a program and gives its path. */
  write(name: string, code: string): string;
}

/** Makes reader's folders that the repository's third-party packages resolve from; `remove` ends all of them. */
export function readerFolders(): {
  open(page: string, installed: readonly string[]): ReaderFolder;
  remove(): void;
} {
  mkdirSync(join(root, '.tsc'), { recursive: true });
  const base = mkdtempSync(join(root, '.tsc/readmes-'));
  const packages = new Map(workspacePackages().map((pkg) => [pkg.manifest.name, pkg.path]));
  return {
    open(page, installed) {
      const path = join(base, page.replaceAll(/[^\w]+/g, '-'));
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, 'package.json'), '{ "type": "module" }\n');
      for (const name of installed) {
        const target = packages.get(name);
        const link = join(path, 'node_modules', name);
        if (target === undefined || existsSync(link)) continue;
        mkdirSync(dirname(link), { recursive: true });
        symlinkSync(target, link, 'dir');
      }
      return {
        path,
        write(name, code) {
          writeFileSync(join(path, name), code);
          return join(path, name);
        },
      };
    },
    remove: () => rmSync(base, { recursive: true, force: true }),
  };
}

/** Complaints of the compiler about programs, with the strictest settings a reader is likely to have. */
export function typeErrors(files: readonly string[]): string[] {
  const program = ts.createProgram(files, {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ESNext,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noImplicitReturns: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
    verbatimModuleSyntax: true,
    isolatedModules: true,
    erasableSyntaxOnly: true,
    moduleDetection: ts.ModuleDetectionKind.Force,
    customConditions: ['edmp-source'],
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
  });
  return files.flatMap((file) => {
    const source = program.getSourceFile(file);
    if (source === undefined) return [`${basename(file)}: not compiled`];
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map((each) => {
      const { line } = source.getLineAndCharacterOfPosition(each.start ?? 0);
      return `${basename(file)}:${line + 1}: ${ts.flattenDiagnosticMessageText(each.messageText, ' ')}`;
    });
  });
}

/** Runs a program, or a test file, from the sources of the packages. */
export function runProgram(
  folder: ReaderFolder,
  file: string,
  test: boolean,
  timeoutMs: number,
): Promise<Result> {
  if (!test) {
    return run(process.execPath, ['--conditions=edmp-source', file], { cwd: folder.path, timeoutMs });
  }
  const config = folder.write(
    'vitest.config.ts',
    `const conditions = ['edmp-source', 'module', 'node', 'default'];
export default { resolve: { conditions }, ssr: { resolve: { conditions } }, test: { include: ['*.test.ts'] } };
`,
  );
  const args = ['run', '--root', folder.path, '--config', config, basename(file)];
  // The outer run of vitest must not be taken for this one's.
  const env = { VITEST: '', VITEST_WORKER_ID: '', VITEST_POOL_ID: '', NO_COLOR: '1' };
  return run('vitest', args, { cwd: folder.path, env, timeoutMs });
}

/**
 * Runs a block of shell commands in a clone, `edmp` being the command line from its sources and the home folder an
 * empty one. Lines with `npm install` are left out: what they name is there.
 */
export function runShell(folder: ReaderFolder, code: string, timeoutMs: number): Promise<Result> {
  const bin = join(folder.path, 'bin');
  mkdirSync(bin, { recursive: true });
  const edmp = join(root, 'packages/node/src/cli/main.ts');
  const shim = `#!/bin/sh\nexec "${process.execPath}" --conditions=edmp-source "${edmp}" "$@"\n`;
  writeFileSync(join(bin, 'edmp'), shim, { mode: 0o755 });
  const commands = code.split('\n').filter((line) => !line.startsWith('npm install '));
  if (commands.every((line) => line.trim() === '')) return Promise.resolve({ code: 0, output: '' });
  const home = join(folder.path, 'home');
  mkdirSync(home, { recursive: true });
  const env = {
    PATH: `${bin}:${join(root, 'node_modules/.bin')}:${process.env.PATH ?? ''}`,
    EDMP_DATA: join(home, '.edmp'),
  };
  return run('bash', ['-euo', 'pipefail', '-c', commands.join('\n')], { cwd: root, env, timeoutMs });
}
