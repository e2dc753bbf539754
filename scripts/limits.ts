/**
 * Writes docs/limits.md: every limit that the packages' sources state, with its value, what its doc comment says and the
 * tests that name it. With `--check` it writes nothing and fails when the page is out of date.
 *
 * A limit is an exported constant whose name begins with `MAX_` or ends in `LIMITS`; of an object of limits every number
 * is a row, with the comment of its interface.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { main as run } from './lib/run.ts';
import { type Package, root, workspacePackages } from './lib/workspace.ts';

const page = join(root, 'docs/limits.md');
const NAME = /^MAX_[A-Z0-9_]+$|^(?:[A-Z0-9]+_)*LIMITS$/;

/** One row: a limit of a package. */
export interface Limit {
  readonly package: string;
  /** Name in the source; of an object's property `OBJECT.property`. */
  readonly name: string;
  readonly value: number | bigint;
  /** What its doc comment says. */
  readonly says: string;
  /** Path of the source in the repository. */
  readonly source: string;
}

/** A constant that states limits, as its source has it. */
export interface Declared {
  readonly name: string;
  readonly says: string;
  /** Comments of the properties, where it is an object with an interface. */
  readonly properties: ReadonlyMap<string, string>;
}

const textOf = (node: ts.Node): string =>
  ts
    .getJSDocCommentsAndTags(node)
    .map((doc) => ts.getTextOfJSDocComment(doc.comment) ?? '')
    .join(' ')
    .replace(/\{@link (?:[^}|]*\|)?\s*([^}]*)\}/g, '$1')
    .replace(/\s+/g, ' ')
    .trim();

/** The limits that a source states; their interfaces are looked for in the same file. */
export function declaredLimits(path: string, text: string): Declared[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const interfaces = new Map<string, Map<string, string>>();
  const found: { name: string; says: string; type: string | undefined }[] = [];
  for (const statement of file.statements) {
    if (ts.isInterfaceDeclaration(statement)) {
      const members = statement.members.filter(ts.isPropertySignature);
      interfaces.set(
        statement.name.text,
        new Map(members.map((member) => [member.name.getText(file), textOf(member)])),
      );
    }
    if (!ts.isVariableStatement(statement)) continue;
    if (!statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) continue;
    for (const { name, type } of statement.declarationList.declarations) {
      if (ts.isIdentifier(name) && NAME.test(name.text))
        found.push({ name: name.text, says: textOf(statement), type: type?.getText(file) });
    }
  }
  return found.map(({ name, says, type }) => ({
    name,
    says,
    properties: interfaces.get(type ?? '') ?? new Map(),
  }));
}

const isNumber = (value: unknown): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint';

/** The numbers of an object with their paths, two levels deep. */
function numbersIn(value: unknown): [string, number | bigint][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]): [string, number | bigint][] =>
    isNumber(each) ? [[name, each]] : numbersIn(each).map(([inner, number]) => [`${name}.${inner}`, number]),
  );
}

async function limitsOf({ path, manifest }: Package): Promise<Limit[]> {
  const folder = join(path, 'src');
  const limits: Limit[] = [];
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!name.endsWith('.ts') || name.endsWith('.d.ts')) continue;
    const file = join(folder, name);
    const declared = declaredLimits(file, readFileSync(file, 'utf8'));
    if (declared.length === 0) continue;
    const module: Record<string, unknown> = await import(pathToFileURL(file).href);
    const row = { package: manifest.name, source: relative(root, file) };
    for (const { name: constant, says, properties } of declared) {
      const value = module[constant];
      if (isNumber(value)) limits.push({ ...row, name: constant, value, says });
      for (const [property, each] of numbersIn(value)) {
        const comment = properties.get(property.split('.')[0] ?? '') || says;
        limits.push({ ...row, name: `${constant}.${property}`, value: each, says: comment });
      }
    }
  }
  return limits;
}

/** A number as people read it, in the unit that its name tells. */
export function shown(name: string, value: number | bigint): string {
  const amount = Number(value);
  if (amount === Number.POSITIVE_INFINITY) return 'none';
  if (/bytes|memory/i.test(name)) {
    for (const [unit, size] of [
      ['MiB', 1 << 20],
      ['KiB', 1 << 10],
    ] as const)
      if (amount >= size && amount % (size / 4) === 0) return `${amount / size} ${unit}`;
    return `${amount.toLocaleString('en')} bytes`;
  }
  if (/(?:_MS|Ms)$/.test(name)) {
    for (const [unit, size] of [
      ['days', 86_400_000],
      ['hours', 3_600_000],
      ['minutes', 60_000],
      ['s', 1_000],
    ] as const)
      if (amount >= size && amount % size === 0) return `${amount / size} ${unit}`;
    return `${amount} ms`;
  }
  return value.toLocaleString('en');
}

/** Test files by package, to find those that name a limit. */
function testsOf({ path }: Package): { readonly path: string; readonly text: string }[] {
  const folder = join(path, 'test');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .sort()
    .map((name) => ({
      path: relative(root, join(folder, name)),
      text: readFileSync(join(folder, name), 'utf8'),
    }));
}

/** The page as Markdown. */
export function limitsPage(
  limits: readonly Limit[],
  testsNaming: (limit: Limit) => readonly string[],
): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
  const names = [...new Set(limits.map((limit) => limit.package))];
  return [
    '# Limits',
    '',
    'Every size, queue, quota, cache and wait has a bound. What is beyond one is refused with a typed error, or the oldest or',
    'least funded gives way, as the text says; nothing grows without end. This page is written by `scripts/limits.ts` from the',
    'doc comments of the sources; edit those. Options of a service that replace a default stand in the API reference.',
    '',
    ...names.flatMap((name) => [
      `## ${name}`,
      '',
      '| limit | value | what it bounds | tests that name it |',
      '|---|---|---|---|',
      ...limits
        .filter((limit) => limit.package === name)
        .map((limit) => {
          const tests = testsNaming(limit)
            .slice(0, 2)
            .map((path) => `[${path.replace(/^.*\/|\.test\.ts$/g, '')}](../${path})`);
          const cells = [
            `[\`${limit.name}\`](../${limit.source})`,
            shown(limit.name, limit.value),
            cell(limit.says || '–'),
            tests.join(', ') || '–',
          ];
          return `| ${cells.join(' | ')} |`;
        }),
      '',
    ]),
  ].join('\n');
}

if (import.meta.main)
  await run('limits', async () => {
    const packages = workspacePackages().filter(
      ({ path, manifest }) =>
        existsSync(join(path, 'src')) &&
        !['@edmp/testing', '@edmp/web', '@edmp/examples'].includes(manifest.name),
    );
    const limits = (await Promise.all(packages.map(limitsOf))).flat();
    const tests = packages.flatMap(testsOf);
    const naming = ({ name }: Limit): string[] => {
      const word = new RegExp(`\\b${name.split('.').at(-1)}\\b`);
      const object = name.split('.').length > 1;
      return tests
        .filter(({ text }) => word.test(text) && (!object || /limits/i.test(text)))
        .map(({ path }) => path);
    };
    const text = limitsPage(limits, naming);
    const silent = limits.filter(({ says }) => says === '');
    if (silent.length > 0) throw new Error(`no doc comment: ${silent.map(({ name }) => name).join(', ')}`);
    if (!process.argv.includes('--check')) writeFileSync(page, text);
    else if (!existsSync(page) || readFileSync(page, 'utf8') !== text)
      throw new Error('docs/limits.md is out of date: run node scripts/limits.ts');
    process.stdout.write(`${limits.length} limits\n`);
  });
