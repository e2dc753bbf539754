/**
 * Writes docs/errors.md: every error code in the packages' sources with its package, class and meaning.
 * With `--check` it writes nothing and fails when the page is out of date; both fail when a code has no meaning.
 *
 * A meaning stands in a doc comment: before the code in a union (`/** … *\/ | 'ERR_X'`), behind it in the text of any
 * doc comment (`` `ERR_X` (…) `` or `` - `ERR_X`: … ``), or as the text of the one class that passes the code to
 * `super`. A sentence "Throws `ERR_X` when …" is taken where there is nothing better.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root, workspacePackages } from './lib/workspace.ts';

const CODE = /^ERR_[A-Z0-9]+(?:_[A-Z0-9]+)*$/;
const page = join(root, 'docs/errors.md');

/** One source file of a package. */
export interface Source {
  /** npm name. */
  readonly package: string;
  readonly path: string;
  readonly text: string;
}

/** One row of the table. */
export interface ErrorCode {
  readonly code: string;
  /** Packages that declare it, or that use it where none does. */
  readonly packages: readonly string[];
  /** Error classes that carry it; empty for codes of reports that are not thrown. */
  readonly classes: readonly string[];
  readonly meaning: string | undefined;
}

interface Found {
  /** Packages and files that declare it. */
  readonly declaring: Set<string>;
  readonly files: Set<string>;
  readonly using: Set<string>;
  readonly classes: Set<string>;
  /** Meanings by how good their place is, best first. */
  readonly meanings: (string | undefined)[];
}
/** Places of a meaning, the best first. */
const RANK = {
  member: 0,
  listBeside: 1,
  textBeside: 2,
  classText: 3,
  textElsewhere: 4,
  throwsText: 5,
} as const;

/** Text of a doc comment without its frame; list items and paragraphs begin new lines. */
function docText(comment: string): string {
  return comment
    .replace(/^\/\*\*|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, '').trimEnd())
    .join('\n')
    .replace(/\n(?!\s*(?:-|\n|$))/g, ' ')
    .replace(/\{@link (?:[^}|]*\|)?\s*([^}]*)\}/g, '$1')
    .trim();
}

const docComments = (text: string): string[] => (text.match(/\/\*\*[\s\S]*?\*\//g) ?? []).map(docText);

/** The text inside the parenthesis that opens at `start`, brackets inside it included. */
function parenthesis(text: string, start: number): string | undefined {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    if (text[i] === '(') depth++;
    if (text[i] === ')' && --depth === 0) return text.slice(start + 1, i);
  }
  return undefined;
}

interface Said {
  readonly code: string;
  readonly meaning: string;
  readonly form: 'list' | 'text' | 'throws';
}

/** What a doc comment says right behind each code that it names. */
function* meaningsInText(doc: string): Generator<Said> {
  for (const match of doc.matchAll(/`(ERR_[A-Z0-9_]+)`(:? ?)/g)) {
    const [whole, code = '', separator] = match;
    const end = match.index + whole.length;
    if (doc[end] === '(') {
      const meaning = parenthesis(doc, end);
      if (meaning !== undefined) yield { code, meaning, form: 'text' };
    } else if (separator?.startsWith(':') === true) {
      yield { code, meaning: doc.slice(end).split('\n')[0] ?? '', form: 'list' };
    } else {
      const clause = /^(?:when|unless|for|on) [^.]+/.exec(doc.slice(end))?.[0];
      if (clause !== undefined) yield { code, meaning: clause, form: 'throws' };
    }
  }
}

/** All codes in `sources`, in order of code. */
export function errorCodes(sources: readonly Source[]): ErrorCode[] {
  const codes = new Map<string, Found>();
  const found = (code: string): Found => {
    let entry = codes.get(code);
    if (entry === undefined) {
      entry = { declaring: new Set(), files: new Set(), using: new Set(), classes: new Set(), meanings: [] };
      codes.set(code, entry);
    }
    return entry;
  };
  const note = (code: string, rank: number, meaning: string): void => {
    const text = meaning
      .replace(/\s+/g, ' ')
      .replace(/[.;,\s]+$/, '')
      .trim();
    if (/[a-z]{2}/i.test(text)) found(code).meanings[rank] ??= text;
  };
  /** Codes of each named union, and the classes whose constructor takes it. */
  const unions = new Map<string, Set<string>>();
  const takers = new Map<string, Set<string>>();

  for (const source of sources) {
    const file = ts.createSourceFile(source.path, source.text, ts.ScriptTarget.Latest, true);
    readNodes(file, source, { found, note, unions, takers });
  }
  for (const source of sources) {
    for (const doc of docComments(source.text)) {
      for (const { code, meaning, form } of meaningsInText(doc)) {
        const beside = codes.get(code)?.files.has(source.path);
        if (beside === undefined) continue;
        if (form === 'throws') note(code, RANK.throwsText, meaning);
        else if (!beside) note(code, RANK.textElsewhere, meaning);
        else note(code, form === 'list' ? RANK.listBeside : RANK.textBeside, meaning);
      }
    }
  }
  for (const [union, classes] of takers) {
    for (const code of unions.get(union) ?? []) for (const name of classes) found(code).classes.add(name);
  }
  return [...codes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, entry]) => ({
      code,
      packages: [...(entry.declaring.size > 0 ? entry.declaring : entry.using)].sort(),
      classes: specificClasses(entry.classes),
      meaning: entry.meanings.find((meaning) => meaning !== undefined),
    }));
}

/** The base class says nothing beside a class of its own. */
function specificClasses(classes: ReadonlySet<string>): string[] {
  const own = [...classes].filter((name) => name !== 'EdmpError').sort();
  return own.length > 0 ? own : [...classes];
}

interface Collector {
  readonly found: (code: string) => Found;
  readonly note: (code: string, rank: number, meaning: string) => void;
  readonly unions: Map<string, Set<string>>;
  readonly takers: Map<string, Set<string>>;
}

/** Gathers the literals of one file: in unions, in `super(…)`, and anywhere else. */
function readNodes(file: ts.SourceFile, source: Source, collector: Collector): void {
  const { found, note, unions, takers } = collector;
  const visit = (node: ts.Node, owner: ts.ClassDeclaration | undefined): void => {
    if (ts.isStringLiteralLike(node) && CODE.test(node.text)) {
      const entry = found(node.text);
      entry.using.add(source.package);
      if (ts.isLiteralTypeNode(node.parent)) {
        entry.declaring.add(source.package);
        entry.files.add(source.path);
        const doc = commentBefore(file, node.parent);
        if (doc !== undefined) note(node.text, RANK.member, doc);
        const union = ts.findAncestor(node, ts.isTypeAliasDeclaration)?.name.text;
        if (union !== undefined) add(unions, union, node.text);
        else if (owner?.name !== undefined) entry.classes.add(owner.name.text);
      } else if (owner?.name !== undefined && isInSuperCall(node)) {
        entry.declaring.add(source.package);
        entry.files.add(source.path);
        entry.classes.add(owner.name.text);
        const doc = docComments(owner.getFullText(file))[0] ?? '';
        note(node.text, RANK.classText, doc.split(/\s*\bCode `/)[0] ?? '');
      } else if (isArgumentOf(node, 'EdmpError')) {
        entry.classes.add('EdmpError');
      }
    }
    if (ts.isConstructorDeclaration(node) && owner?.name !== undefined) {
      const type = node.parameters[0]?.type;
      if (type !== undefined && ts.isTypeReferenceNode(type)) {
        add(takers, type.typeName.getText(file), owner.name.text);
      }
    }
    ts.forEachChild(node, (child) => visit(child, ts.isClassDeclaration(node) ? node : owner));
  };
  visit(file, undefined);
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  map.set(key, (map.get(key) ?? new Set()).add(value));
}

/** The doc comment between a union's member and what stands before it. */
function commentBefore(file: ts.SourceFile, member: ts.Node): string | undefined {
  const union = member.parent;
  const siblings: readonly ts.Node[] = ts.isUnionTypeNode(union) ? union.types : [];
  const previous = siblings[siblings.indexOf(member) - 1];
  const from = previous?.end ?? (ts.isUnionTypeNode(union) ? union.getFullStart() : member.getFullStart());
  return docComments(file.text.slice(from, member.getStart(file))).at(-1);
}

function isInSuperCall(node: ts.Node): boolean {
  const call = ts.findAncestor(node, ts.isCallExpression);
  return call?.expression.kind === ts.SyntaxKind.SuperKeyword;
}

function isArgumentOf(node: ts.Node, className: string): boolean {
  return ts.isNewExpression(node.parent) && node.parent.expression.getText() === className;
}

/** The page as Markdown. */
export function errorPage(codes: readonly ErrorCode[]): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
  const rows = codes.map(({ code, packages, classes, meaning }) => {
    const cells = [
      `\`${code}\``,
      packages.join(', '),
      classes.map((name) => `\`${name}\``).join(', ') || '–',
      sentence(meaning ?? '–'),
    ];
    return `| ${cells.map(cell).join(' | ')} |`;
  });
  return [
    '# Error codes',
    '',
    'Callers branch on `code`, never on the class or the text. Codes without a class stand in reports (validation',
    'issues, HTTP bodies) and are not thrown. This page is written by `scripts/error-codes.ts` from the doc comments',
    'of the sources; edit those.',
    '',
    '| code | package | class | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

/** Every TypeScript source of every package, but for the acceptance suites, whose codes are made up. */
function readSources(): Source[] {
  return workspacePackages().flatMap(({ path, manifest }) => {
    const folder = join(path, 'src');
    if (manifest.name === '@edmp/testing' || !existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name))
      .sort()
      .map((name) => ({
        package: manifest.name,
        path: join(folder, name),
        text: readFileSync(join(folder, name), 'utf8'),
      }));
  });
}

function main(check: boolean): number {
  const codes = errorCodes(readSources());
  const text = errorPage(codes);
  const silent = codes.filter(({ meaning }) => meaning === undefined);
  for (const { code, packages } of silent) {
    console.error(
      `${code} (${packages.join(', ')}) has no meaning: write a doc comment before it in its union`,
    );
  }
  const stale = check && (!existsSync(page) || readFileSync(page, 'utf8') !== text);
  if (stale) console.error('docs/errors.md is out of date: run node scripts/error-codes.ts');
  if (!check) writeFileSync(page, text);
  console.log(`${codes.length} error codes, ${silent.length} without a meaning`);
  return stale || silent.length > 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = main(process.argv.includes('--check'));
