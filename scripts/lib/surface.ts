import ts from 'typescript';

/** One name that an entry exports. */
export interface ExportedName {
  readonly name: string;
  /** Module that it is taken from, as the entry writes it; `.` when the entry declares it. */
  readonly from: string;
  /** Name that it has there. */
  readonly original: string;
}

/** What an entry exports, as far as the file alone says. */
export interface EntryFacts {
  readonly names: readonly ExportedName[];
  /** Lines with `export *`: what they export the file does not say. */
  readonly stars: readonly number[];
}

/** One public entry of one package. */
export interface SurfaceEntry {
  /** npm name of the package. */
  readonly package: string;
  /** `@edmp/market/ledger`. */
  readonly entry: string;
  readonly isRoot: boolean;
  /** The package brings the libraries that it uses inside, so that its callers do not have them. */
  readonly isApplication?: boolean;
  /** Path of its source from the repository's root. */
  readonly path: string;
  readonly facts: EntryFacts;
}

/** Reads the exports of an entry's source. */
export function readEntry(path: string, text: string): EntryFacts {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  const names: ExportedName[] = [];
  const stars: number[] = [];
  const declare = (name: ts.DeclarationName | undefined): void => {
    if (name !== undefined && ts.isIdentifier(name))
      names.push({ name: name.text, from: '.', original: name.text });
  };
  for (const statement of file.statements) {
    if (ts.isExportDeclaration(statement)) {
      const { exportClause, moduleSpecifier } = statement;
      if (exportClause === undefined || ts.isNamespaceExport(exportClause)) {
        stars.push(file.getLineAndCharacterOfPosition(statement.getStart(file)).line + 1);
        continue;
      }
      const from =
        moduleSpecifier !== undefined && ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : '.';
      for (const { name, propertyName } of exportClause.elements)
        names.push({ name: name.text, from, original: (propertyName ?? name).text });
      continue;
    }
    const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
    if (!modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) continue;
    if (ts.isVariableStatement(statement)) {
      for (const { name } of statement.declarationList.declarations) if (ts.isIdentifier(name)) declare(name);
    } else if (
      ts.isFunctionDeclaration(statement) ||
      ts.isClassDeclaration(statement) ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement)
    ) {
      declare(statement.name);
    }
  }
  const unique = new Map(names.map((each) => [each.name, each]));
  return { names: [...unique.values()], stars };
}

/** Most names at the root of a package, and why so many. */
export interface RootLimit {
  readonly most: number;
  readonly reason: string;
}

/**
 * What is wrong with the public names of all packages: entries that do not say what they export, roots with too many
 * names, names that mean two things.
 *
 * One name has one meaning across all packages (STYLE), so it is exported by one package only; and by one entry only,
 * but that a root may repeat what a subpath of the same package exports from the same module, and that an application
 * passes on what its callers need of the libraries inside it.
 */
export function surfaceBreaches(
  entries: readonly SurfaceEntry[],
  limits: Readonly<Record<string, RootLimit>>,
): string[] {
  const breaches: string[] = [];
  const places = new Map<string, { entry: SurfaceEntry; module: string; original: string }[]>();
  for (const entry of entries) {
    for (const line of entry.facts.stars)
      breaches.push(`${entry.path}:${line}: export * hides what ${entry.entry} exports: name it`);
    const limit = limits[entry.package];
    if (entry.isRoot && limit !== undefined && entry.facts.names.length > limit.most) {
      breaches.push(
        `${entry.path}: ${entry.facts.names.length} names, at most ${limit.most} (${limit.reason}): ` +
          'move what a newcomer does not need to a subpath',
      );
    }
    for (const { name, from, original } of entry.facts.names) {
      if (entry.isApplication === true && from.startsWith('@edmp/') && name === original) continue;
      const module = from.startsWith('.') ? resolveFrom(entry.path, from) : from;
      places.set(name, [...(places.get(name) ?? []), { entry, module, original }]);
    }
  }
  for (const [name, all] of places) {
    const [first] = all;
    for (const other of all.slice(1)) {
      if (first === undefined) break;
      if (other.entry.package !== first.entry.package) {
        breaches.push(
          `${other.entry.path}: ${name} is also exported by ${first.entry.entry}: one name, one meaning; rename one`,
        );
      } else if (other.module !== first.module || other.original !== first.original) {
        breaches.push(`${other.entry.path}: ${name} is another thing in ${first.entry.entry}: rename one`);
      } else if (!other.entry.isRoot && !first.entry.isRoot) {
        breaches.push(`${other.entry.path}: ${name} stands in ${first.entry.entry} already: keep one home`);
      }
    }
  }
  return breaches;
}

/** `packages/a/src/x/y.ts` for `./x/y.ts` named in `packages/a/src/index.ts`. */
function resolveFrom(path: string, specifier: string): string {
  if (specifier === '.') return path;
  const parts = path.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}
