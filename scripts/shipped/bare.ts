import { mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Result, run } from '../lib/run.ts';

/** Variables that carry what this machine's user, or the package manager that runs this script, has set up. */
const personal = /^(npm_|pnpm_|yarn_|bun_|deno_|xdg_|edmp_|corepack_|node_options$|node_path$|init_cwd$)/i;

/** A user that owns nothing yet: an empty home, and the folders of one runtime first on the path. */
export interface BareUser {
  readonly home: string;
  /** Folders put before the system's path, those of this repository's tools taken out. */
  readonly path: readonly string[];
}

/** The environment of a program that a {@link BareUser} starts. */
export function bareEnvironment(user: BareUser): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !personal.test(name)) environment[name] = value;
  }
  const system = (process.env.PATH ?? '').split(delimiter).filter((part) => !part.includes('node_modules'));
  const temporary = join(user.home, 'tmp');
  mkdirSync(temporary, { recursive: true });
  return {
    ...environment,
    PATH: [...user.path, ...system].join(delimiter),
    HOME: user.home,
    USERPROFILE: user.home,
    TMPDIR: temporary,
    npm_config_cache: join(user.home, '.npm'),
    npm_config_update_notifier: 'false',
    NO_COLOR: '1',
    CI: '1',
  };
}

/** A finished program, and how long it took. */
export interface Finished extends Result {
  readonly ms: number;
}

/** Runs a program as a {@link BareUser} in `cwd`; code 124 when it did not end by itself within `timeoutMs`. */
export async function runBare(
  user: BareUser,
  cwd: string,
  [program, ...args]: readonly [string, ...string[]],
  timeoutMs: number,
): Promise<Finished> {
  const start = performance.now();
  const result = await run(program, args, { cwd, environment: bareEnvironment(user), timeoutMs });
  return { ...result, ms: performance.now() - start };
}

/** The same; throws with the program's output when it exits with anything but 0. */
export async function mustRunBare(
  user: BareUser,
  cwd: string,
  command: readonly [string, ...string[]],
  timeoutMs: number,
): Promise<Finished> {
  const result = await runBare(user, cwd, command, timeoutMs);
  if (result.code !== 0) throw new Error(`${command.join(' ')}: ${whyFailed(result)}`);
  return result;
}

/** One text of why a program failed, with the end of what it printed. */
export function whyFailed({ code, output, ms }: Finished): string {
  const end = output.trim().split('\n').slice(-25).join('\n');
  return code === 124
    ? `did not end by itself in ${Math.round(ms / 1000)} s\n${end}`
    : `exited with ${code}\n${end}`;
}
