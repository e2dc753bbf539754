/** What tells how this program was started. */
export interface Invocation {
  /** The file that runs: a source of a clone ends in `.ts`. */
  readonly file: string;
  /** The program's path as it was started, `process.argv[1]`. */
  readonly script: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const CLONE = 'npx -y pnpm@10.34.9';
/** The commands that a clone has as scripts of their own, which prepare what they need. */
const SCRIPTS: readonly string[] = ['start', 'demo'];
/** Folders that package runners install into for one run, and what starts the package from there again. */
const RUNNERS: readonly (readonly [folder: RegExp, command: string])[] = [
  [/[\\/]_npx[\\/]/, 'npx @edmp/node'],
  [/[\\/]dlx-?[^\\/]*[\\/]/, 'pnpm dlx @edmp/node'],
  [/[\\/]bunx-[^\\/]*[\\/]/, 'bunx @edmp/node'],
];

/**
 * The command line that gets this user `edmp <words>`: `edmp …` where it is installed, `npx @edmp/node …` where it was
 * run without installing, the clone's own in a clone. Every hint is written with it.
 */
export function ownCommand(words: string, invocation: Invocation = thisInvocation()): string {
  const { file, script, env } = invocation;
  if (isSource(file)) {
    const [first = ''] = words.split(' ', 1);
    return `${CLONE} ${SCRIPTS.includes(first) ? words : `edmp ${words}`}`;
  }
  const runner = RUNNERS.find(([folder]) => folder.test(script))?.[1];
  if (runner !== undefined) return `${runner} ${words}`;
  // `npx edmp` or `npm exec edmp` beside a package that depends on it: there is no `edmp` on the path.
  return env.npm_command === 'exec' ? `npx edmp ${words}` : `edmp ${words}`;
}

/** A path as a word of a command that can be copied into a shell: quoted where it has more than plain characters. */
export function shellWord(path: string, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return /^[\p{L}\p{N}_@%+=:,./\\~-]+$/u.test(path) ? path : `"${path}"`;
  return /^[\p{L}\p{N}_@%+=:,./-]+$/u.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** Whether this runs from the sources of a clone, which has the documents beside it. */
export function isSource(file: string = import.meta.url): boolean {
  return file.endsWith('.ts');
}

function thisInvocation(): Invocation {
  return { file: import.meta.url, script: process.argv[1] ?? '', env: process.env };
}
