import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bounds } from '../lib/bounds.ts';
import { clockVariables, datedTests, type TestClock, testClocks } from '../lib/clocks.ts';
import { root } from '../lib/workspace.ts';

const NOW = Date.UTC(2026, 10, 27, 21);
const localTime = (zone: string, at: number): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(at);

/** What a program prints that is run by a clock. */
function printed(clock: TestClock, program: string): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', program], {
    encoding: 'utf8',
    timeout: bounds.start,
    env: { ...process.env, ...clockVariables(clock, Date.now()) },
  });
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

describe('the clocks to test by', () => {
  it('are sixteen months ahead, on the change day and after it, in the three zones', () => {
    const [ahead, forward, back, ...others] = testClocks(NOW);
    expect(others).toEqual([]);
    expect([ahead, forward, back].map((clock) => clock?.zone)).toEqual([
      'Pacific/Auckland',
      'America/Los_Angeles',
      'Asia/Kolkata',
    ]);
    expect(ahead?.at).toBe(Date.UTC(2028, 2, 27, 21));
    const amsterdam = (at: number): string => localTime('Europe/Amsterdam', at);
    expect(amsterdam(forward!.at)).toBe('2028-03-26 01:59:00');
    expect(amsterdam(forward!.at + 60_000)).toBe('2028-03-26 03:00:00');
    expect(amsterdam(back!.at)).toBe('2027-11-01 00:05:00');
    expect(amsterdam(back!.at - 25 * 3_600_000)).toBe('2027-10-31 00:05:00');
  });

  it('run tests that are there', () => {
    const paths = [...datedTests, ...testClocks(NOW).flatMap(({ more }) => more)];
    for (const path of paths) expect(existsSync(join(root, path)), path).toBe(true);
  });
});

describe('a program by another clock', () => {
  const began = Date.now();
  const clock = testClocks(began)[0]!;
  const facts = `JSON.stringify({
    times: [Date.now(), new Date().getTime(), Date.parse(Date())],
    given: new Date(5).getTime(),
    isDate: new Date() instanceof Date && new Date().constructor === Date,
    isSubclass: new (class Day extends Date {})() instanceof Date,
    elapsed: performance.now(),
    zone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
    day: new Date(2026, 4, 3).toLocaleDateString(),
  })`;

  it.each([
    ['itself', `console.log(${facts})`],
    [
      'one that it starts',
      `console.log(String(require('node:child_process').execFileSync(process.execPath, ['-p', ${JSON.stringify(facts)}])))`,
    ],
  ])('sees its date, zone and language, and nothing else moved: %s', (_, program) => {
    const told = JSON.parse(printed(clock, program));
    for (const time of told.times) expect(Math.abs(time - clock.at)).toBeLessThan(bounds.start);
    expect(told.elapsed).toBeLessThan(bounds.start);
    expect(told).toMatchObject({
      given: 5,
      isDate: true,
      isSubclass: true,
      zone: 'Pacific/Auckland',
      day: '3.5.2026',
    });
  });
});
