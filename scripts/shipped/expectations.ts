import type { Complaint } from './report.ts';
import type { Runtime } from './tools.ts';

/** How the packages of a folder were installed: one alone, as a newcomer does, or all with every optional peer. */
export type Install = 'alone' | 'with peers';

/** An import that is meant to fail, and with which code. */
export interface Refusal {
  readonly entry: string;
  /** Runtimes that it is about. */
  readonly runtimes: 'all' | readonly Runtime['name'][];
  readonly install: Install;
  /** `error.code`. */
  readonly code: string;
  /** What the message must name, so that its reader knows what to do. */
  readonly names: string;
  readonly reason: string;
}

/** Every import that may fail. All others must succeed, and those that succeed must not stand here. */
export const refusals: readonly Refusal[] = [];

/** What a program found when it imported an entry. */
export type ImportOutcome =
  | { readonly entry: string; readonly exports: number }
  | { readonly entry: string; readonly code: string; readonly message: string }
  | { readonly entry: string; readonly hangs: true };

/** Whether an import went as {@link refusals} say; undefined when it did. */
export function judgeImport(
  outcome: ImportOutcome | undefined,
  runtime: Runtime['name'],
  install: Install,
  table: readonly Refusal[] = refusals,
): Complaint {
  if (outcome === undefined) return 'the program ended before it came to this entry';
  if ('hangs' in outcome) return 'the import never ends';
  const refusal = table.find(
    (row) =>
      row.entry === outcome.entry &&
      row.install === install &&
      (row.runtimes === 'all' || row.runtimes.includes(runtime)),
  );
  if ('exports' in outcome) {
    if (refusal !== undefined) {
      return `expected ${refusal.code} (${refusal.reason}), but it can be imported: take it out of the table`;
    }
    return outcome.exports > 0 ? undefined : 'exports nothing';
  }
  const came = `${outcome.code}: ${outcome.message.split('\n')[0]}`;
  if (refusal === undefined) return came;
  if (outcome.code !== refusal.code) return `expected ${refusal.code} (${refusal.reason}), got ${came}`;
  if (!outcome.message.includes(refusal.names))
    return `expected a message that names ${refusal.names}, got ${came}`;
  return undefined;
}
