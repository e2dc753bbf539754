import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Application, TSConfigReader, type TypeDocOptions, TypeDocReader } from 'typedoc';
import { main } from './lib/run.ts';
import { publicEntries, publishablePackages, root } from './lib/workspace.ts';

/**
 * Writes the API reference of every publishable package, all public entries, to `docs/api`. Options are in
 * `typedoc.json`; warnings are errors. It converts package by package and merges, as TypeDoc's own `packages` strategy
 * does, but takes the entries from the `edmp-source` condition of package.json, which that strategy does not know.
 */
await main('docs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'edmp-docs-'));
  try {
    const parts: string[] = [];
    for (const pkg of publishablePackages()) {
      const entries = publicEntries(pkg.manifest).filter((entry) => !entry.subpath.startsWith('bin:'));
      const part = join(folder, `${pkg.folder}.json`);
      const readme = join(pkg.path, 'README.md');
      const app = await application({
        name: pkg.manifest.name,
        entryPoints: entries.map((entry) => join(pkg.path, entry.source)),
        tsconfig: join(pkg.path, 'tsconfig.json'),
        ...(existsSync(readme) ? { readme } : {}),
        disableGit: true,
        gitRevision: 'main',
        // Sources are shipped in every package, so a link into the package holds wherever it is read.
        sourceLinkTemplate: '../../../{path}#L{line}',
        basePath: root,
        json: part,
      });
      const project = await app.convert();
      if (project === undefined) throw new Error(`${pkg.manifest.name} could not be converted`);
      app.validate(project);
      requireClean(app, pkg.manifest.name);
      await app.generateOutputs(project);
      parts.push(part);
    }
    const app = await application({ entryPointStrategy: 'merge', entryPoints: parts });
    const project = await app.convert();
    if (project === undefined) throw new Error('the packages could not be merged');
    app.validate(project);
    await app.generateOutputs(project);
    requireClean(app, 'the merged reference');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

function application(options: TypeDocOptions): Promise<Application> {
  return Application.bootstrapWithPlugins(
    { options: join(root, 'typedoc.json'), logLevel: 'Warn', ...options },
    [new TypeDocReader(), new TSConfigReader()],
  );
}

function requireClean(app: Application, what: string): void {
  const { errorCount, warningCount } = app.logger;
  if (errorCount + warningCount > 0) {
    throw new Error(`${what}: ${errorCount} error(s) and ${warningCount} warning(s), see above`);
  }
}
