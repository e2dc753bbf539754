import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bounds } from '../lib/bounds.ts';
import { blocksOf, readmeBlocks } from '../lib/readme-blocks.ts';
import {
  importedBy,
  installedBy,
  isTestFile,
  promisedOutput,
  readerFolders,
  runProgram,
  runShell,
  typeErrors,
} from '../lib/readme-run.ts';
import {
  type Package,
  publicEntries,
  publishablePackages,
  readManifest,
  root,
  workspacePackages,
} from '../lib/workspace.ts';

/** Every page whose blocks a reader may copy; the simulator's are run by tests of its own. */
const pages = [
  ...['.', 'docs', 'docs/start', 'docs/concepts', 'docs/protocol'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => join(folder, name)),
  ),
  ...workspacePackages().map(({ folder }) => `packages/${folder}/README.md`),
].filter((page) => page.endsWith('.md') && existsSync(join(root, page)));

const folders = readerFolders();
afterAll(() => folders.remove());

/** Blocks of one language of every page that are to be run. */
const found = pages.flatMap((page) => {
  const blocks = readmeBlocks(join(root, page));
  const installed = installedBy(blocks);
  const folder = folders.open(page, installed);
  return blocks.map((block) => {
    const test = block.lang === 'ts' && isTestFile(block.code);
    const name = `block-${block.line}${test ? '.test' : ''}.ts`;
    return { ...block, page, folder, installed, test, name, title: `${page}:${block.line}` };
  });
});
const programs = found.filter(({ lang }) => lang === 'ts');
const commands = found.filter(({ lang }) => lang === 'sh');

describe('blocks of the pages', () => {
  it('are of a kind that is run, or no code', () => {
    const unchecked = /^(?:[jt]sx?|m[jt]s|javascript|typescript|bash|zsh|shell|console)$/;
    const code = found.filter(({ lang }) => lang !== 'ts' && unchecked.test(lang));
    expect(code.map(({ title, lang }) => `${title}: ${lang}: write ts or sh`)).toEqual([]);
    for (const { title, skip } of found) expect(skip?.length ?? 99, title).toBeGreaterThan(15);
  });

  it('have packages installed that there are', () => {
    const { devDependencies } = readManifest(root);
    const peers = publishablePackages().flatMap((pkg) => Object.keys(pkg.manifest.peerDependencies ?? {}));
    const known = [
      ...publishablePackages().map((pkg) => pkg.manifest.name),
      ...peers,
      ...Object.keys(devDependencies ?? {}),
    ];
    for (const { title, installed } of commands) {
      for (const name of installed) expect(known, title).toContain(name);
    }
  });

  it('compile strictly', { timeout: bounds.journey }, () => {
    const files = programs
      .filter(({ skip }) => skip === undefined)
      .map(({ folder, name, code }) => folder.write(name, code));
    expect(files.length).toBeGreaterThan(7);
    expect(typeErrors(files)).toEqual([]);
  });
});

describe.each(programs)('$title', ({ code, skip, installed, folder, test, name }) => {
  it('imports what the page has installed', () => {
    expect(importedBy(code).filter((each) => !installed.includes(each))).toEqual([]);
  });

  it.skipIf(skip !== undefined)('runs and prints what it says', { timeout: bounds.journey }, async () => {
    const promised = promisedOutput(code);
    const result = await runProgram(folder, folder.write(name, code), test, bounds.journey / 2);
    expect(result.code, result.output).toBe(0);
    if (test) return;
    expect(promised.length, 'say behind a console.log(…) what it prints').toBeGreaterThan(0);
    expect(result.output.trimEnd().split('\n')).toEqual(promised);
  });
});

describe.each(commands)('$title', ({ code, skip, folder }) => {
  it.skipIf(skip !== undefined)('runs in a shell', { timeout: bounds.journey }, async () => {
    const result = await runShell(folder, code, bounds.journey / 2);
    expect(result.code, result.output).toBe(0);
  });
});

describe('pages of packages', () => {
  it.each(publishablePackages())(
    '$manifest.name begins with what it is for and its installation',
    ({ path, manifest }) => {
      const blocks = readmeBlocks(join(path, 'README.md'));
      expect(blocks[0]?.lang).toBe('sh');
      expect(blocks[0]?.code).toMatch(/^npm install /);
      expect(installedBy(blocks)).toContain(manifest.name);
      expect(
        blocks.findIndex(({ lang, skip }) => lang === 'ts' && skip === undefined),
        'a program',
      ).toBeGreaterThan(0);
    },
  );

  it.each(publishablePackages())(
    "$manifest.name lists its entries, and names no other package's that is not there",
    ({ path, manifest }) => {
      const text = readFileSync(join(path, 'README.md'), 'utf8');
      const names = (each: Package): string[] =>
        publicEntries(each.manifest).map(({ subpath }) =>
          subpath.replace(/^bin:|^\./, (start) => (start === '.' ? each.manifest.name : '')),
        );
      for (const name of names({ path, manifest, folder: '' })) expect(text).toContain(`| \`${name}\` |`);
      const there = publishablePackages().flatMap(names);
      for (const [, name = ''] of text.matchAll(/`(@edmp\/[a-z-]+(?:\/[a-z0-9-]+)*)`/g))
        expect(there).toContain(name);
    },
  );

  it('@edmp/market has a whole trade in at most 40 lines', () => {
    const [program] = readmeBlocks(join(root, 'packages/market/README.md')).filter(
      ({ lang }) => lang === 'ts',
    );
    expect(program?.code.trimEnd().split('\n').length).toBeLessThanOrEqual(40);
    expect(promisedOutput(program?.code ?? '').join()).toContain('completed');
  });
});

describe('what is read out of a page', () => {
  const fence = '```';
  const text = `# A\n\n${fence}sh\nnpm install -g @edmp/node@1 vitest # both\n${fence}\n\n<!-- skip: it takes an hour -->\n${fence}ts\nimport a from '@edmp/market/book';\nimport 'node:fs';\nconsole.log(a); // 5\n${fence}\n`;
  const blocks = blocksOf(text, 'a page');

  it('are blocks with their lines and the reason not to run them', () => {
    expect(blocks.map(({ lang, line, skip }) => [lang, line, skip])).toEqual([
      ['sh', 3, undefined],
      ['ts', 8, 'it takes an hour'],
    ]);
    expect(() => blocksOf(`${fence}ts\n`, 'a page')).toThrow('a page:1');
  });

  it('are the packages installed and imported, and the output', () => {
    expect(installedBy(blocks)).toEqual(['@edmp/node', 'vitest']);
    expect(importedBy(blocks[1]?.code ?? '')).toEqual(['@edmp/market']);
    expect(promisedOutput(blocks[1]?.code ?? '')).toEqual(['5']);
    expect(isTestFile(blocks[1]?.code ?? '')).toBe(false);
    expect(isTestFile("import { it } from 'vitest';")).toBe(true);
  });

  it('and what does not compile is told with its line', { timeout: bounds.journey }, () => {
    const folder = folders.open('a page', []);
    const file = folder.write('wrong.ts', 'const a: string = "";\nconst b: number = a;\nexport { b };\n');
    expect(typeErrors([file])).toEqual(["wrong.ts:2: Type 'string' is not assignable to type 'number'."]);
  });
});
