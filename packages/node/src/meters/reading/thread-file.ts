import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Where the program of the reading thread may be: beside this file in the sources, and, as this module is in a part of
 * the bundle, at its place in the folder above or beside that.
 */
const CANDIDATES: readonly string[] = ['./main.ts', '../meters/reading/main.js', './meters/reading/main.js'];

/** The program of the reading thread, and what Node must be told to run it. */
export function threadProgram(): { readonly url: URL; readonly execArgv: string[] } | undefined {
  const name = CANDIDATES.find((candidate) => existsSync(fileURLToPath(new URL(candidate, import.meta.url))));
  if (name === undefined) return undefined;
  const isSource = name.endsWith('.ts');
  return {
    url: new URL(name, import.meta.url),
    // The thread takes over none of the options of the process.
    execArgv: isSource ? ['--conditions=edmp-source'] : [],
  };
}
