import { type Finished, runBare, whyFailed } from './bare.ts';
import { type Refusal, refusals } from './expectations.ts';
import type { Folder } from './folders.ts';
import type { Report } from './report.ts';
import type { Runtime } from './tools.ts';

const RUN_MS = 60_000;

/** A program of `environments/` and what it prints on every runtime. */
export interface Program {
  readonly file: string;
  readonly prints: string;
}

/** A whole trade in one process. */
export const trade: Program = {
  file: 'trade-here.ts',
  prints: 'readings: 96\nidentical: true\nbalances: 1010 and 990 DUM1',
};

/** A chain over TCP and SQLite. */
export const chain: Program = { file: 'chain.ts', prints: 'pair: agreed\nkept: agreed' };

/** Several packages in one program. */
export const several: Program = {
  file: 'together.ts',
  prints: 'key: 64\nblocks: 0\nprice: 10\nevents: ERR_ABORTED\naborted: ERR_ABORTED',
};

/** A node in the program's own process. */
export const node: Program = { file: 'node.ts', prints: 'meters: true\npage: 200 true' };

/** Runs a program on a runtime: it must print what it should and end by itself, or be refused as the table says. */
export async function checkProgram(
  report: Report,
  runtime: Runtime,
  folder: Folder,
  { file, prints }: Program,
): Promise<void> {
  const user = { home: folder.user.home, path: [runtime.bin] };
  await report.check(`run  ${file}  ${runtime.name}`, async () => {
    const finished = await runBare(user, folder.path, [...runtime.command, file], RUN_MS);
    const refusal = refusals.find(
      ({ entry, runtimes }) => entry === file && (runtimes === 'all' || runtimes.includes(runtime.name)),
    );
    if (refusal !== undefined) {
      requireRefusal(finished, refusal);
      return;
    }
    if (finished.code !== 0) throw new Error(whyFailed(finished));
    requireOutput(finished.output, prints);
  });
}

/** Throws unless a program ended with the error of `refusal`. */
function requireRefusal(finished: Finished, { code, names, reason }: Refusal): void {
  if (finished.code === 0)
    throw new Error(`expected ${code} (${reason}), but it works: take it out of the table`);
  if (finished.code === 124) throw new Error(whyFailed(finished));
  for (const text of [code, names]) {
    if (!finished.output.includes(text)) {
      throw new Error(`expected an error with ${text} (${reason}); it ${whyFailed(finished)}`);
    }
  }
}

/** Throws unless a program printed `expected`, whatever else a runtime warned of. */
export function requireOutput(output: string, expected: string): void {
  if (!output.trim().includes(expected)) {
    throw new Error(`expected it to print\n${expected}\nbut it printed\n${output.trim()}`);
  }
}
