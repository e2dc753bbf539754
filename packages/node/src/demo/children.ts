import { type ChildProcess, spawn } from 'node:child_process';
import { EdmpError } from '@edmp/interface';

/** A running child process that has said it is ready. */
export interface Child {
  readonly name: string;
  /** The JSON object it printed when ready. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** `true` once the process has ended. */
  exited(): boolean;
  /** Ends the process at once, as a crash would. */
  kill(): void;
  /** Asks the process to end and waits; kills it after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
}

/** Starts and ends the processes of a demo. */
export interface Children {
  /** Starts `edmp <args>` and waits for its ready line. Throws `ERR_DEMO_CHILD` when it ends or says nothing in time. */
  start(name: string, args: readonly string[], timeoutMs: number): Promise<Child>;
  /** Ends every process. */
  stopAll(): Promise<void>;
}

const MAX_STDERR = 4_000;

/** Child processes that run this same CLI and end with this process, whatever ends it. */
export function children(command: readonly string[]): Children {
  const running = new Set<{ readonly process: ChildProcess; child: Child }>();
  const [executable, ...prefix] = command;

  const killAll = (): void => {
    for (const { process } of running) process.kill('SIGKILL');
  };
  process.once('exit', killAll);

  return {
    start(name, args, timeoutMs) {
      return new Promise<Child>((resolve, reject) => {
        // The pipe on stdin is the leash: a child ends when its stdin closes, even if this process is killed.
        const child = spawn(executable ?? process.execPath, [...prefix, ...args, '--ready-json', '--leash'], {
          stdio: ['pipe', 'pipe', 'pipe'],
        });
        let stdout = '';
        let stderr = '';
        let settled = false;
        let ended = false;
        const onEnd: (() => void)[] = [];
        const fail = (message: string): void => {
          if (settled) return;
          settled = true;
          clearTimeout(timer);
          child.kill('SIGKILL');
          reject(
            new EdmpError('ERR_DEMO_CHILD', stderr.trim() === '' ? message : `${message}: ${stderr.trim()}`),
          );
        };
        const timer = setTimeout(() => fail(`The ${name} said nothing for ${timeoutMs} ms`), timeoutMs);
        child.on('error', (error) => fail(`The ${name} could not be started (${error.message})`));
        child.stderr.on('data', (chunk: Buffer) => {
          stderr = (stderr + chunk.toString()).slice(-MAX_STDERR);
        });
        child.stdout.on('data', (chunk: Buffer) => {
          if (settled) return;
          stdout += chunk.toString();
          const line = stdout.split('\n').find((text) => text.startsWith('{"ready"'));
          if (line === undefined || !stdout.includes(`${line}\n`)) return;
          settled = true;
          clearTimeout(timer);
          entry.child = { ...entry.child, ready: JSON.parse(line) as Record<string, unknown> };
          resolve(entry.child);
        });
        child.on('exit', (code, signal) => {
          ended = true;
          running.delete(entry);
          for (const listener of onEnd) listener();
          fail(`The ${name} ended before it was ready (${signal ?? `exit code ${code}`})`);
        });
        child.stdin.on('error', () => {}); // the child may be gone already
        const entry = {
          process: child,
          child: {
            name,
            ready: {},
            exited: () => ended,
            kill: () => void child.kill('SIGKILL'),
            stop: (graceMs = 1_500) =>
              new Promise<void>((done) => {
                if (ended) {
                  done();
                  return;
                }
                const force = setTimeout(() => child.kill('SIGKILL'), graceMs);
                onEnd.push(() => {
                  clearTimeout(force);
                  done();
                });
                child.stdin.end();
              }),
          } as Child,
        };
        running.add(entry);
      });
    },
    async stopAll() {
      await Promise.all([...running].map(({ child }) => child.stop()));
      process.removeListener('exit', killAll);
    },
  };
}
