import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isIntervalReading } from '@edmp/oehu-client/sources';
import { sqliteReadingStore } from '@edmp/oehu-client/sqlite';
import { countedWh } from '../support/p1-day.ts';
import type { LeakShape } from './leak.ts';
import { type MemoryReport, memoryReport } from './memory-report.ts';
import type { MemorySample } from './memory-sample.ts';
import { pick, SHIFTS, SOAK_START, soakSecond } from './meter-plan.ts';

/** What a soak found; the first three must be 0. */
export interface SoakResult {
  /** Readings that were said to be accepted and are neither there nor in the history of what replaced them. */
  readonly lost: number;
  /** Moments of a register that are there twice. */
  readonly doubled: number;
  /** Readings that no telegram told. */
  readonly invented: number;
  /** Sent until the last reading that each life accepted. */
  readonly telegrams: number;
  readonly accepted: number;
  readonly stored: number;
  readonly corrected: number;
  readonly disconnects: number;
  readonly restarts: number;
  readonly kills: number;
  /** What the longest life held on to, and whether that is flat. */
  readonly memory: MemoryReport;
}

/** Length and faults of a soak. */
export interface SoakOptions {
  readonly seed: number;
  /** Simulated seconds, one telegram each. */
  readonly seconds: number;
  /** Lives that are killed at a moment of their own. */
  readonly kills: number;
  /** Lives that end in order before the last, which takes {@link LAST_LIFE} of the time. */
  readonly restarts: number;
  /** What every life is to leak, to see that it is found. Default: nothing. */
  readonly leak?: LeakShape;
}

/** The part of the time that the last life gets: long enough for its memory to tell. */
const LAST_LIFE = 3 / 7;
/**
 * Memory is measured without what the engine itself goes on filling. Optimised code hangs lists of dependents on shapes
 * of objects, which grow for a hundred thousand telegrams; the young generation doubles at a moment of its own.
 */
const ENGINE = [
  '--expose-gc',
  '--no-opt',
  '--no-maglev',
  '--no-lazy-feedback-allocation',
  '--min-semi-space-size=16',
  '--max-semi-space-size=16',
] as const;

const child = fileURLToPath(new URL('./meter-child.ts', import.meta.url));

/** Lets a node read a port for a long time, kills and restarts it on the way, and holds what it kept against what was told. */
export async function meterSoak({ seed, seconds, kills, restarts, leak }: SoakOptions): Promise<SoakResult> {
  const folder = await mkdtemp(join(tmpdir(), 'edmp-soak-'));
  const [path, log] = [join(folder, 'readings.sqlite'), join(folder, 'accepted.log')];
  try {
    const lives = kills + restarts + 1;
    const before = seconds * (1 - LAST_LIFE);
    let from = 0;
    let killed = 0;
    for (let life = 0; life < lives; life++) {
      const isLast = life === lives - 1;
      const to = isLast ? seconds : Math.floor((before * (life + 1)) / (lives - 1));
      // Every life but the last either ends in order at its end or is killed before.
      const due = (count: number): number => Math.floor((count * kills) / Math.max(1, lives - 1));
      const isKilled = !isLast && due(life + 1) > due(life);
      const size = existsSync(log) ? statSync(log).size : 0;
      // A minute of four registers is about 150 bytes.
      const bytes = isKilled
        ? size + (((to - from) / 60) * 150 * (10 + (pick(seed, 8, life) % 60))) / 100
        : Number.POSITIVE_INFINITY;
      if (await live([seed, from, to, path, log, leak ?? 'none'], log, bytes)) killed++;
      from = Math.min(seconds, Math.max(from, lastSecond(log) + 1) + (isLast ? 0 : pick(seed, 9, life) % 90));
    }
    return { ...(await compare(seed, path, log)), kills: killed, restarts: lives - 1 - killed };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One life; whether it was killed, which it is when the log has so many bytes. */
function live(words: readonly (string | number)[], log: string, killAt: number): Promise<boolean> {
  const node = [process.execPath, '--conditions=edmp-source', ...ENGINE, child, ...words.map(String)];
  return new Promise((resolve, reject) => {
    const running = spawn(node[0] ?? '', node.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    running.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2_000);
    });
    const watch = setInterval(() => {
      if (existsSync(log) && statSync(log).size >= killAt) running.kill('SIGKILL');
    }, 5);
    running.on('exit', (code, signal) => {
      clearInterval(watch);
      if (signal === 'SIGKILL' && killAt < Number.POSITIVE_INFINITY) resolve(true);
      else if (code === 0) resolve(false);
      else reject(new Error(`The node of the soak ended with ${code ?? signal}: ${said}`));
    });
  });
}

const entries = (log: string): readonly (readonly string[])[] =>
  readFileSync(log, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' '));

/** The newest second of the port that a log tells of. */
function lastSecond(log: string): number {
  return entries(log).reduce(
    (last, [kind, second]) => (kind === 's' || kind === 'e' ? Math.max(last, Number(second)) : last),
    0,
  );
}

/** The seconds whose telegrams may have said a moment. */
function soakSecondsOf(at: number): number[] {
  return [0, ...SHIFTS].map((shift) => Math.floor((at - shift - SOAK_START) / 1_000));
}

const COUNTED = { '1-0:1.8.1': 'low', '1-0:1.8.2': 'high' } as const;

/** Whether some telegram said that a register had a value at a moment. */
function wasTold(seed: number, register: string, at: number, value: number): boolean {
  return soakSecondsOf(at).some((n) => {
    if (n < 0) return false;
    const moment = SOAK_START + n * 1_000;
    const { told } = soakSecond(seed, n);
    // Without a time of its own a telegram is of when it came.
    if ((told ?? moment) !== at) return false;
    const counter = COUNTED[register as keyof typeof COUNTED];
    return value === (counter === undefined ? 0 : countedWh(moment)[counter] * 1_000);
  });
}

async function compare(
  seed: number,
  path: string,
  log: string,
): Promise<Omit<SoakResult, 'kills' | 'restarts'>> {
  await using store = sqliteReadingStore({ path });
  const all = { meter: 'soak', from: 0, to: Number.MAX_SAFE_INTEGER };
  const stored = (await store.range(all)).filter((reading) => !isIntervalReading(reading));
  const replaced = (await store.replaced(all)).map(({ reading }) => reading);
  const known = new Set<string>();
  const moments = new Set<string>();
  let invented = 0;
  let doubled = 0;
  for (const reading of [...stored, ...replaced]) {
    if (isIntervalReading(reading)) continue;
    const { register = '', at, value } = reading;
    known.add(`${register} ${at} ${value}`);
    if (!wasTold(seed, register, at, value)) invented++;
  }
  for (const reading of stored) {
    const key = isIntervalReading(reading) ? '' : `${reading.register} ${reading.at}`;
    if (moments.has(key)) doubled++;
    moments.add(key);
  }
  const said = entries(log);
  const accepted = said.filter(([kind]) => kind === 'r');
  const lost = accepted.filter(([, ...reading]) => !known.has(reading.join(' '))).length;
  const [telegrams, disconnects] = counts(said);
  return {
    lost,
    doubled,
    invented,
    telegrams,
    accepted: accepted.length,
    stored: stored.length,
    corrected: replaced.length,
    disconnects,
    memory: memoryReport(longestLife(said)),
  };
}

/** Telegrams that were sent and connections that were lost, as far as each life could tell. */
function counts(said: readonly (readonly string[])[]): readonly [telegrams: number, disconnects: number] {
  let [telegrams, disconnects] = [0, 0];
  let life = [0, 0];
  for (const [kind, , sent, lost] of [...said, ['b']]) {
    if (kind === 's' || kind === 'e') life = [Number(sent), Number(lost)];
    if (kind !== 'b') continue;
    telegrams += life[0] ?? 0;
    disconnects += life[1] ?? 0;
    life = [0, 0];
  }
  return [telegrams, disconnects];
}

/** What the longest life held at its regular points. */
function longestLife(said: readonly (readonly string[])[]): readonly MemorySample[] {
  let life: MemorySample[] = [];
  let longest = life;
  for (const [kind, sample = ''] of said) {
    if (kind === 'm') life.push(JSON.parse(sample) as MemorySample);
    else if (kind === 'b') life = [];
    if (life.length > longest.length) longest = life;
  }
  return longest;
}
