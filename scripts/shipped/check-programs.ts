import { runBare, whyFailed } from './bare.ts';
import type { Folder } from './folders.ts';
import type { Report } from './report.ts';
import type { Runtime } from './tools.ts';

const RUN_MS = 60_000;

/** What the programs of `environments/` print, on every runtime. */
export const programs: Readonly<Record<string, string>> = {
  'chain.ts': 'pair: agreed\nkept: agreed',
  'trade-here.ts': 'readings: 96\nidentical: true\nbalances: 1010 and 990 DUM1',
};

/** Runs each program on a runtime: it must print what it should and end by itself. */
export async function checkPrograms(report: Report, runtime: Runtime, folder: Folder): Promise<void> {
  const user = { home: folder.user.home, path: [runtime.bin] };
  for (const [program, expected] of Object.entries(programs)) {
    await report.check(`run  ${program}  ${runtime.name}`, async () => {
      const finished = await runBare(user, folder.path, [...runtime.command, program], RUN_MS);
      if (finished.code !== 0) throw new Error(whyFailed(finished));
      requireOutput(finished.output, expected);
    });
  }
}

/** Throws unless a program printed `expected`, whatever a runtime warned of. */
export function requireOutput(output: string, expected: string): void {
  if (!output.trim().includes(expected)) {
    throw new Error(`expected it to print\n${expected}\nbut it printed\n${output.trim()}`);
  }
}
