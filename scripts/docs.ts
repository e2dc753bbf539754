import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import {
  Application,
  type ProjectReflection,
  ReflectionKind,
  TSConfigReader,
  type TypeDocOptions,
  TypeDocReader,
} from 'typedoc';
import { crawl, repositoryUrl } from './lib/html-links.ts';
import { main, mustRun } from './lib/run.ts';
import { type Package, publicEntries, publishablePackages, root } from './lib/workspace.ts';

const validation = {
  notExported: true,
  invalidLink: true,
  rewrittenLink: true,
  notDocumented: true,
  invalidPath: false,
};

/** What the links to sources show: `EDMP_DOCS_REVISION`, such as the tag of a release, or the main branch. */
const revision = process.env.EDMP_DOCS_REVISION ?? 'main';

/**
 * Writes the API reference of every publishable package, all public entries, to `docs/api`, and the site with it and the
 * guides to `docs/site/dist`. Options of the reference are in `typedoc.json`; warnings are errors. It converts package by package and merges, as TypeDoc's own `packages` strategy
 * does, but takes the entries from the `edmp-source` condition of package.json, which that strategy does not know.
 * In the end every link of every page is followed: one that leads nowhere, within the site or to a source, fails the run.
 */
await main('docs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'edmp-docs-'));
  try {
    const parts: string[] = [];
    const complaints: string[] = [];
    for (const pkg of publishablePackages()) {
      const entries = publicEntries(pkg.manifest);
      const part = join(folder, `${pkg.folder}.json`);
      const readme = join(pkg.path, 'README.md');
      const app = await application({
        name: pkg.manifest.name,
        entryPoints: entries.map((entry) => join(pkg.path, entry.source)),
        tsconfig: await withoutReferences(pkg),
        ...(existsSync(readme) ? { readme } : {}),
        disableGit: true,
        gitRevision: revision,
        sourceLinkTemplate: '{path}#L{line}', // made whole by `linkSources`
        basePath: root,
        displayBasePath: join(pkg.path, 'src'),
        // What a class has from the language's own ones is documented where they are.
        excludeExternals: true,
        // Links into other packages hold once all are merged.
        validation: { ...validation, invalidLink: false },
        json: part,
      });
      const project = await app.convert();
      if (project !== undefined) {
        app.validate(project);
        requireDocumentedFunctions(app, project);
        linkSources(project);
        await app.generateOutputs(project);
        parts.push(part);
      }
      complaints.push(...complaintsOf(app, pkg.manifest.name));
    }
    const app = await application({
      entryPointStrategy: 'merge',
      entryPoints: parts,
      readme: join(root, 'docs/reference.md'),
      validation,
    });
    const project = await app.convert();
    if (project === undefined) throw new Error('the packages could not be merged');
    app.validate(project);
    await app.generateOutputs(project);
    complaints.push(...complaintsOf(app, 'the merged reference'));
    if (complaints.length > 0) throw new Error(`${complaints.join('; ')}: see above`);
    const site = await buildSite();
    const { pages, links, dead } = crawl(site, root);
    if (dead.length > 0) throw new Error(`${dead.length} dead link(s) of ${links}\n  ${dead.join('\n  ')}`);
    process.stdout.write(`docs: ${pages} pages, ${links} links, none dead\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/**
 * Builds the site of the guides and puts the reference into it; the folder of the result. What builds it is installed in
 * `docs/site` when it is not there: a clone's first command need not bring it.
 */
async function buildSite(): Promise<string> {
  const folder = join(root, 'docs/site');
  await mustRun('pnpm', ['install', '--ignore-workspace', '--frozen-lockfile', '--prefer-offline'], {
    cwd: folder,
  });
  const output = await mustRun('node', ['node_modules/vitepress/bin/vitepress.js', 'build', '.'], {
    cwd: folder,
  });
  if (/warn|chunks are larger/i.test(output)) throw new Error(output);
  await cp(join(root, 'docs/api'), join(folder, 'dist/api'), { recursive: true });
  return join(folder, 'dist');
}

/**
 * The package's tsconfig, but with the packages it depends on read from their sources, not from what `tsc -b` left: so
 * that a link to their symbols finds the package they belong to, and nothing need be compiled before.
 */
async function withoutReferences(pkg: Package): Promise<string> {
  const folder = join(root, '.tsc/docs');
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${pkg.folder}.json`);
  const config = {
    extends: join(pkg.path, 'tsconfig.json'),
    compilerOptions: {
      composite: false,
      incremental: false,
      rootDir: root,
      noEmit: true,
      emitDeclarationOnly: false,
    },
    include: [join(pkg.path, 'src')],
    references: [],
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}

function application(options: TypeDocOptions): Promise<Application> {
  return Application.bootstrapWithPlugins(
    { options: join(root, 'typedoc.json'), logLevel: 'Warn', ...options },
    [new TypeDocReader(), new TSConfigReader()],
  );
}

/**
 * Warns of exported functions without a doc comment. TypeDoc's own `requiredToBeDocumented` takes functions and methods
 * for one kind, and a `close()` needs no comment everywhere.
 */
function requireDocumentedFunctions(app: Application, project: ProjectReflection): void {
  for (const reflection of project.getReflectionsByKind(ReflectionKind.Function)) {
    if (!reflection.isDeclaration()) continue;
    for (const signature of reflection.signatures ?? []) {
      if (!signature.hasComment())
        app.logger.warn(`${signature.getFriendlyFullName()} has no doc comment` as never);
    }
  }
}

/**
 * Leads every source to its file in the repository on the web: {path} of a template is relative to the package. What
 * other people's packages declare has no source there.
 */
function linkSources(project: ProjectReflection): void {
  for (const reflection of Object.values(project.reflections)) {
    if (!reflection.isDeclaration() && !reflection.isSignature()) continue;
    for (const source of reflection.sources ?? []) {
      const path = relative(root, source.fullFileName);
      if (path.startsWith('..') || path.includes('node_modules')) delete source.url;
      else source.url = `${repositoryUrl}/blob/${revision}/${path}#L${source.line}`;
    }
  }
}

function complaintsOf(app: Application, what: string): string[] {
  const { errorCount, warningCount } = app.logger;
  return errorCount + warningCount === 0
    ? []
    : [`${what}: ${errorCount} error(s), ${warningCount} warning(s)`];
}
