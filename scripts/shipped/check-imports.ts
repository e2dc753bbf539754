import { join } from 'node:path';
import { readManifest } from '../lib/workspace.ts';
import { type Finished, runBare, whyFailed } from './bare.ts';
import { type ImportOutcome, type Install, judgeImport, judgeOutput } from './expectations.ts';
import type { Folder } from './folders.ts';
import type { Report } from './report.ts';
import type { Runtime } from './tools.ts';

/** Longest run of a program that imports entries; each import has 15 s of its own. */
const RUN_MS = 45_000;

/** What a third party can import of a package installed in `folder`: `@edmp/market`, `@edmp/market/book` … */
export function installedEntries(folder: string, name: string): string[] {
  const { exports = {} } = readManifest(join(folder, 'node_modules', name));
  return Object.entries(exports)
    .filter(([, target]) => typeof target !== 'string')
    .map(([subpath]) => name + subpath.slice(1));
}

/** Imports entries on a runtime, all in one process; one line for each, and one for the end of the process. */
export async function checkImports(
  report: Report,
  runtime: Runtime,
  folder: Folder,
  install: Install,
  entries: readonly string[],
): Promise<void> {
  const run = await importEntries(runtime, folder, entries);
  for (const entry of entries) {
    const outcome = run.outcomes.get(entry);
    const note =
      outcome === undefined || !('exports' in outcome) ? 'refuses as it should' : `${outcome.exports} names`;
    report.line(
      `import  ${entry}  ${runtime.name}  ${install}`,
      judgeImport(outcome, runtime.name, install) ?? (outcome === undefined ? whyFailed(run) : undefined),
      note,
    );
  }
  report.line(
    `silence  of ${folder.name}'s ${entries.length} entries  ${runtime.name}  ${install}`,
    judgeOutput(run.output),
  );
  const what = `exit  after ${folder.name}'s ${entries.length} entries  ${runtime.name}  ${install}`;
  if (run.code === 0) report.line(what, undefined);
  else report.line(what, `${whyFailed(run)}${await culprits(runtime, folder, entries, run)}`);
}

/** Makes the crypto provider of the runtime with nothing but `@edmp/interface` installed. */
export async function checkProvider(report: Report, runtime: Runtime, folder: Folder): Promise<void> {
  const { outcomes } = await outcomesOf(runtime, folder, ['make-provider.ts']);
  const [outcome] = outcomes.values();
  const note = outcome !== undefined && 'exports' in outcome ? 'works' : 'refuses as it should';
  report.line(
    `call  nodeCrypto()  ${runtime.name}  alone`,
    judgeImport(outcome, runtime.name, 'alone'),
    note,
  );
}

const importEntries = (runtime: Runtime, folder: Folder, entries: readonly string[]): Promise<Outcomes> =>
  outcomesOf(runtime, folder, ['import-entries.ts', ...entries]);

/** A finished program, with what it printed of each entry. */
interface Outcomes extends Finished {
  readonly outcomes: ReadonlyMap<string, ImportOutcome>;
}

async function outcomesOf(runtime: Runtime, folder: Folder, program: readonly string[]): Promise<Outcomes> {
  const user = { home: folder.user.home, path: [runtime.bin] };
  const finished = await runBare(user, folder.path, [...runtime.command, ...program], RUN_MS);
  const outcomes = new Map<string, ImportOutcome>();
  for (const line of finished.output.split('\n')) {
    if (!line.startsWith('{"entry"')) continue;
    const outcome = JSON.parse(line) as ImportOutcome;
    outcomes.set(outcome.entry, outcome);
  }
  return { ...finished, outcomes };
}

/** Which entries keep a process from ending well, when one that imports them all does not. */
async function culprits(
  runtime: Runtime,
  folder: Folder,
  entries: readonly string[],
  { code }: Finished,
): Promise<string> {
  if (code !== 124 || entries.length === 1) return '';
  const kept: string[] = [];
  for (const entry of entries) {
    if ((await importEntries(runtime, folder, [entry])).code !== 0) kept.push(entry);
    if (kept.length > 0) break; // one name is enough, and each costs a minute
  }
  return kept.length === 0 ? '' : `\nalone it is ${kept.join(', ')}`;
}
