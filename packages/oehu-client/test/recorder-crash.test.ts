import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import type { AnyReading } from '@edmp/oehu-client/sources';
import { sqliteReadingStore } from '@edmp/oehu-client/sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bounds } from '../../../scripts/lib/bounds.ts';
import { recordWorkload, START, STEPS } from './support/recorder-workload.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edmp-recorder-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Moment and amount of each reading that holds after the first `steps` steps. */
function after(steps: number): ReadonlyMap<number, number> {
  const held = new Map<number, number>();
  for (const reading of STEPS.slice(0, steps).flat()) held.set(momentOf(reading), reading.value);
  return held;
}

const momentOf = (reading: AnyReading): number => ('at' in reading ? reading.at : reading.start);

/** A store found after a crash has exactly what some whole number of steps gave, none fewer than were accepted; the rest can follow. */
async function expectSound(path: string, accepted: number): Promise<number> {
  const store = sqliteReadingStore({ path });
  const all = { meter: 'home', from: START - 1, to: START + 86_400_000 };
  const held = async () =>
    new Map((await store.range(all)).map((reading) => [momentOf(reading), reading.value] as const));
  const found = await held();
  const steps = STEPS.findIndex((_, i) => same(after(i), found));
  const whole = steps < 0 && same(after(STEPS.length), found) ? STEPS.length : steps;
  expect(whole, 'a whole number of steps').toBeGreaterThanOrEqual(accepted);
  for (const readings of STEPS) await store.add('home', readings, START);
  expect(same(await held(), after(STEPS.length))).toBe(true);
  expect(await store.replaced(all)).toHaveLength(3);
  await store.close();
  return whole;
}

const same = (a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): boolean =>
  a.size === b.size && [...a].every(([at, value]) => b.get(at) === value);

describe('a store of readings', () => {
  it('killed before any SQL statement has whole steps, and all that it accepted', async () => {
    const path = join(folder, 'live.sqlite');
    const crashes: { readonly path: string; readonly accepted: number }[] = [];
    let accepted = 0;
    const snapshot = (): void => {
      const target = join(folder, `crash-${crashes.length}`);
      mkdirSync(target);
      for (const suffix of ['', '-wal'])
        if (existsSync(path + suffix)) copyFileSync(path + suffix, join(target, `live.sqlite${suffix}`));
      crashes.push({ path: join(target, 'live.sqlite'), accepted });
    };
    const { run } = StatementSync.prototype;
    const { exec } = DatabaseSync.prototype;
    try {
      StatementSync.prototype.run = function (...values) {
        snapshot();
        return run.apply(this, values as never);
      };
      DatabaseSync.prototype.exec = function (sql) {
        snapshot();
        return exec.call(this, sql);
      };
      await recordWorkload(path, (step) => {
        accepted = step + 1;
      });
    } finally {
      StatementSync.prototype.run = run;
      DatabaseSync.prototype.exec = exec;
    }
    expect(accepted).toBe(STEPS.length);
    const found = new Set<number>();
    for (const crash of crashes) found.add(await expectSound(crash.path, crash.accepted));
    expect(crashes.length).toBeGreaterThan(30);
    expect([...found].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it(
    'of a process that is really killed has the same',
    async () => {
      const child = fileURLToPath(new URL('./support/recorder-child.ts', import.meta.url));
      let killed = 0;
      for (const statement of [4, 12, 20, 33, 10_000]) {
        const path = join(folder, `killed-${statement}.sqlite`);
        const log = `${path}.log`;
        const { status, signal, stderr } = spawnSync(
          process.execPath,
          ['--conditions=edmp-source', child, path, log, String(statement)],
          { timeout: bounds.start, encoding: 'utf8' },
        );
        expect(status === 0 || signal === 'SIGKILL', stderr).toBe(true);
        if (signal === 'SIGKILL') killed += 1;
        const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').filter(Boolean) : [];
        await expectSound(path, lines.length);
      }
      expect(killed).toBe(4);
    },
    bounds.journey,
  );
});
