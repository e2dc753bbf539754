import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { type Package, publicEntries } from './workspace.ts';

const host: ts.FormatDiagnosticsHost = {
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: () => process.cwd(),
  getNewLine: () => '\n',
};

/**
 * Compiles a library into its `dist/`: one ES module and one declaration file for each source file, so that a bundler
 * keeps what a program uses and nothing else: loading one does nothing. Comments stay and there are no maps: the code is the source without its
 * types. Other packages are seen as published, by the declarations that they were built to, so those come first.
 * Throws with the compiler's words, and when a public entry has no file.
 */
export async function compileLibrary(pkg: Package): Promise<void> {
  const dist = join(pkg.path, 'dist');
  await rm(dist, { recursive: true, force: true });
  const { fileNames, options, errors } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(pkg.path, 'tsconfig.json'), ts.sys.readFile).config,
    ts.sys,
    pkg.path,
  );
  const { tsBuildInfoFile: _checks, ...rules } = options;
  const program = ts.createProgram({
    rootNames: fileNames,
    options: {
      ...rules,
      rootDir: join(pkg.path, 'src'),
      outDir: dist,
      customConditions: [],
      composite: false,
      incremental: false,
      emitDeclarationOnly: false,
      declarationMap: false,
      sourceMap: false,
      noEmitOnError: true,
    },
  });
  const sources = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(`${pkg.path}/src/`));
  for (const source of sources) requireInert(source);
  const written = new Set<string>();
  const { diagnostics } = program.emit(undefined, (path, text) => {
    written.add(path);
    ts.sys.writeFile(path, path.endsWith('.d.ts') ? withBuiltNames(text) : text);
  });
  const complaints = ts.sortAndDeduplicateDiagnostics([
    ...errors,
    ...ts.getPreEmitDiagnostics(program),
    ...diagnostics,
  ]);
  if (complaints.length > 0)
    throw new Error(`${pkg.manifest.name}\n${ts.formatDiagnostics(complaints, host)}`);
  for (const { subpath, output } of publicEntries(pkg.manifest)) {
    for (const extension of ['js', 'd.ts']) {
      const path = join(dist, `${output}.${extension}`);
      if (!written.has(path))
        throw new Error(`${pkg.manifest.name}: exports["${subpath}"] names ${path}, which was not built`);
    }
  }
}

/**
 * Loading a module of a library only declares things, so that `sideEffects: false` in its package.json is true and a
 * bundler may leave it out. Throws at the first statement that does something.
 */
function requireInert(source: ts.SourceFile): void {
  const acts = source.statements.find(
    (statement) =>
      !ts.isDeclarationStatement(statement) &&
      !ts.isVariableStatement(statement) &&
      !ts.isEmptyStatement(statement),
  );
  if (acts === undefined) return;
  const { line } = source.getLineAndCharacterOfPosition(acts.getStart(source));
  throw new Error(`${source.fileName}:${line + 1}: loading this does something; put it into a function`);
}

/** Declarations name each other's sources; what is published has no `.ts` files but them. */
function withBuiltNames(declarations: string): string {
  return declarations.replace(/(\b(?:from|import)\s*\(?\s*['"])(\.{1,2}\/[^'"]+)\.tsx?(['"])/g, '$1$2.js$3');
}
