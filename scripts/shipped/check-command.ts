import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { bareEnvironment, mustRunBare, runBare, whyFailed } from './bare.ts';
import { visitPage } from './check-browser.ts';
import { emptyFolder } from './folders.ts';
import { answering } from './registry.ts';
import type { Report } from './report.ts';

const DEMO_MS = 150_000;
const PAGE_MS = 90_000;
const STOP_MS = 20_000;
const VISIT_MS = 30_000;

/** Runs `edmp` as somebody does who has nothing but Node: by `npx`, in an empty folder, with empty caches. */
export class CommandCheck {
  readonly #report: Report;
  readonly #work: string;
  readonly #npmrc: string;

  constructor(report: Report, work: string, npmrc: string) {
    this.#report = report;
    this.#work = work;
    this.#npmrc = npmrc;
  }

  /** `npx @edmp/node demo --json`: exits with 0, its last line says that everything holds. */
  async demo(name: string, bin: string, npx: readonly string[]): Promise<void> {
    await this.#report.check(`npx  ${npx.slice(1).join(' ')} demo --json  ${name}`, async () => {
      const folder = await emptyFolder(this.#work, `demo-${name}`, this.#npmrc, [bin]);
      const finished = await mustRunBare(
        folder.user,
        folder.path,
        ['npx', ...npx, 'demo', '--json'],
        DEMO_MS,
      );
      const last = finished.output.trim().split('\n').at(-1) ?? '';
      const said = JSON.parse(last) as Record<string, unknown>;
      for (const field of ['ok', 'identical', 'chainsValid']) {
        if (said[field] !== true)
          throw new Error(`expected ${field} to be true in its last line, got ${last}`);
      }
    });
  }

  /** `npx @edmp/node start`: serves its page; ends at once when it is told to. Gives ms to the page, caches empty. */
  async start(name: string, bin: string): Promise<number | undefined> {
    return this.#report.check(
      `npx  @edmp/node start  ${name}`,
      async () => {
        const folder = await emptyFolder(this.#work, `start-${name}`, this.#npmrc, [bin]);
        const begun = performance.now();
        const child = spawn('npx', ['-y', '@edmp/node', 'start', '--http', '0'], {
          cwd: folder.path,
          env: bareEnvironment(folder.user),
          stdio: ['ignore', 'pipe', 'pipe'],
          detached: true,
        });
        let output = '';
        for (const stream of [child.stdout, child.stderr]) {
          stream.setEncoding('utf8').on('data', (text: string) => {
            output += text;
          });
        }
        const ended = once(child, 'close');
        const alive = (): boolean => child.exitCode === null && child.signalCode === null;
        const signal = (which: NodeJS.Signals): void => {
          if (child.pid === undefined) return;
          try {
            process.kill(-child.pid, which);
          } catch {
            // Its whole group has ended.
          }
        };
        const end = (): void => signal('SIGKILL');
        process.once('exit', end);
        try {
          const url = await printedAddress(() => output, alive, begun + PAGE_MS);
          const page = await answering(url, alive, PAGE_MS);
          const html = await page.text();
          if (!/<html[\s>]/.test(html) || !/<script/.test(html)) {
            throw new Error(`expected the page's HTML from ${url}, got ${html.slice(0, 200)}`);
          }
          const ms = performance.now() - begun;
          // What the page is made of has to be in the package too.
          await visitPage(url, (visited) =>
            visited.getByRole('navigation').first().waitFor({ timeout: VISIT_MS }),
          );
          signal('SIGTERM');
          const stopped = await Promise.race([ended, sleep(STOP_MS, undefined, { ref: false })]);
          if (stopped === undefined) throw new Error(`still runs ${STOP_MS / 1000} s after SIGTERM`);
          return ms;
        } catch (error) {
          throw new Error(`${error instanceof Error ? error.message : error}\n${output.slice(-2_000)}`);
        } finally {
          process.off('exit', end);
          end();
        }
      },
      (ms) => `${(ms / 1000).toFixed(1)} s to the page`,
    );
  }

  /** On a Node that is too old: one sentence that says what is needed, and an exit code. */
  async refusesOldNode(name: string, bin: string): Promise<void> {
    await this.#report.check(`npx  @edmp/node demo  ${name}`, async () => {
      const folder = await emptyFolder(this.#work, `old-${name}`, this.#npmrc, [bin]);
      const finished = await runBare(folder.user, folder.path, ['npx', '-y', '@edmp/node', 'demo'], DEMO_MS);
      if (finished.code === 0 || finished.code === 124)
        throw new Error(`expected a refusal; ${whyFailed(finished)}`);
      const said = finished.output
        .split('\n')
        .filter((line) => line.trim() !== '' && !line.startsWith('npm '))
        .join('\n');
      if (!/\b22\.\d+/.test(said) || !/node/i.test(said) || /SyntaxError|^\s+at /m.test(said)) {
        throw new Error(`expected a sentence that names the Node it needs and no stack, got\n${said}`);
      }
    });
  }
}

/** The address that `edmp start` prints, without what follows `#`. */
async function printedAddress(output: () => string, alive: () => boolean, until: number): Promise<string> {
  for (;;) {
    const [found] = /http:\/\/127\.0\.0\.1:\d+\/[^\s#]*/.exec(output()) ?? [];
    if (found !== undefined) return found;
    if (!alive()) throw new Error('it ended before it printed an address');
    if (performance.now() > until) throw new Error(`it printed no address in ${PAGE_MS / 1000} s`);
    await sleep(50);
  }
}
