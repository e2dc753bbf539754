import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runBare, whyFailed } from './bare.ts';
import type { Folder } from './folders.ts';
import { type Report, together } from './report.ts';
import type { Tools } from './tools.ts';

const COMPILE_MS = 120_000;

const strict = {
  target: 'ES2023',
  // DOM for the page's program.
  lib: ['ES2023', 'DOM', 'ESNext.Disposable'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: false,
};

const resolutions = {
  nodenext: { module: 'NodeNext', moduleResolution: 'NodeNext' },
  bundler: { module: 'ESNext', moduleResolution: 'Bundler' },
} as const;

/**
 * Type-checks a module that names every entry, and the programs of `environments/`, strictly and with the packages' own
 * declarations checked, by each compiler and under each module resolution.
 */
export async function checkTypes(
  report: Report,
  tools: Tools,
  folder: Folder,
  entries: readonly string[],
): Promise<void> {
  const text = entries.map((entry, index) => `export * as entry${index} from '${entry}';\n`).join('');
  await writeFile(join(folder.path, 'entries.ts'), text);
  const tasks: (() => Promise<void>)[] = [];
  for (const [resolution, options] of Object.entries(resolutions)) {
    const project = `tsconfig.${resolution}.json`;
    const files = ['entries.ts', 'chain.ts', 'trade-here.ts', 'node.ts', 'together.ts', 'browser/main.ts'];
    await writeFile(
      join(folder.path, project),
      JSON.stringify({ compilerOptions: { ...strict, ...options }, files }),
    );
    for (const [version, compiler] of tools.compilers) {
      tasks.push(async () => {
        await report.check(
          `types  ${entries.length} entries  TypeScript ${version}  ${resolution}`,
          async () => {
            const finished = await runBare(
              folder.user,
              folder.path,
              [...compiler, '-p', project],
              COMPILE_MS,
            );
            if (finished.code !== 0) throw new Error(whyFailed(finished));
          },
        );
      });
    }
  }
  await together(2, tasks);
}
