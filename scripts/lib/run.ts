import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { root } from './workspace.ts';

/** What a finished program left behind. */
export interface Result {
  readonly code: number;
  readonly output: string;
}

/** How to run a program. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The whole environment of the program, instead of this one with the repository's tools and `env` added. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Kills the program after this many milliseconds (default ten minutes). */
  readonly timeoutMs?: number;
}

/**
 * Runs a program without a shell, its standard input closed, with the repository's tools first on the path. Resolves
 * with its exit code (124 after a timeout, 127 when it cannot be started) and both its outputs in one text.
 */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Result> {
  return new Promise((resolve) => {
    let output = '';
    let timedOut = false;
    const child = spawn(program, args, {
      cwd: options.cwd ?? root,
      env: options.environment ?? {
        ...process.env,
        PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH ?? ''}`,
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that what the program itself started ends with it.
      detached: true,
    });
    const kill = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It ended in the same moment.
      }
    };
    const interrupt = (): void => {
      kill();
      process.exit(130);
    };
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
    const settle = (result: Result): void => {
      clearTimeout(timer);
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
      resolve(result);
    };
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, options.timeoutMs ?? 600_000);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', (error) => {
      settle({ code: 127, output: `${output}${error.message}\n` });
    });
    child.on('close', (code) => {
      settle({ code: timedOut ? 124 : (code ?? 1), output });
    });
  });
}

/** Runs a program and gives its output. Throws with that output when it exits with anything but 0. */
export async function mustRun(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await run(program, args, options);
  if (result.code !== 0) {
    throw new Error(`${program} ${args.join(' ')} exited with ${result.code}\n${result.output}`);
  }
  return result.output;
}

/** Runs the program's body; a thrown error becomes one message and exit code 1. */
export async function main(name: string, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
