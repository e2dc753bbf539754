import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Environment, virtualEnvironment } from '@edmp/interface';
import type { MeterReading } from '@edmp/oehu-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MountView } from '../../src/meter-service.ts';
import { ArrivalGuard } from '../../src/meters/arrival-guard.ts';
import { type MeterMounts, openMeterMounts } from '../../src/meters/meter-mounts.ts';
import { eventually } from '../e2e/support/two-nodes.ts';
import { fakeHomeWizard, fakeHomeWizardV2, measurementAt } from '../support/fake-homewizard.ts';
import { countedWh, DAY_START } from '../support/p1-day.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const zone = 'Europe/Amsterdam';
let folder: string;
let mounts: MeterMounts;
let events: string[];
/** What the clock of the computer is wrong by, ms. */
let wrong: number;
let time: ReturnType<typeof virtualEnvironment>;

/** A computer whose clock can be set while its timers go on. */
const open = (): void => {
  const environment: Environment = { ...time, now: () => time.now() + wrong };
  mounts = openMeterMounts({
    folder: { readingsFile: join(folder, 'readings.sqlite'), metersFile: join(folder, 'meters.json') },
    environment,
    zone,
    uptime: () => time.now(),
  });
  events = [];
  mounts.on(({ text }) => events.push(text));
};
const view = async (): Promise<MountView> => {
  const [first] = await mounts.mounts();
  if (first === undefined) throw new Error('no mount');
  return first;
};
/** Registers of electricity, as often as they were kept. */
const registers = async (): Promise<readonly MeterReading[]> => {
  const range = { from: DAY_START - 86_400_000, to: DAY_START + 3 * 86_400_000 };
  const all = (await mounts.registers('home', { ...range, commodity: 'electricity', flow: 'import' })) ?? [];
  return (all as readonly MeterReading[]).filter(({ tariff }) => tariff === 1);
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edmp-clocks-'));
  wrong = 0;
  time = virtualEnvironment({ start: DAY_START });
});
afterEach(async () => {
  await mounts.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('while the clock of the computer is set', () => {
  it.each([
    ['back by three hours', -3 * HOUR, 'back by 3 hours'],
    ['forward by five hours', 5 * HOUR, 'forward by 5 hours'],
  ])(
    '%s, a meter that times itself is recorded as if nothing was, and its owner is told',
    async (_, by, told) => {
      await using meter = await fakeHomeWizardV2('first', 0, true);
      open();
      meter.pressButton();
      await mounts.addMeter({ address: meter.url, name: 'home' });
      await eventually('subscription', async () => meter.lines.size > 0 || undefined);
      for (let n = 0; n < 30; n++) {
        if (n === 10) wrong = by;
        if (n === 20) wrong = 0;
        await time.advance(MINUTE);
        meter.push({ type: 'measurement', data: measurementAt(time.now()) });
        const at = time.now();
        await eventually('reading', async () => (await view()).newest === at || undefined);
      }
      const kept = await registers();
      expect(kept.map(({ at }) => at)).toEqual(
        Array.from({ length: 30 }, (_, n) => DAY_START + (n + 1) * MINUTE),
      );
      for (const { at, value } of kept) expect(value).toBe(countedWh(at).low * 1_000);
      expect((await view()).problem).toContain('The clock of this computer was set');
      const way = told.split(' ')[0] ?? '';
      expect(events).toContain(`Meter home runs on a computer whose clock was set ${way}`);
    },
  );

  it('and back again, a meter that the computer times never has two values at one time, nor goes backwards', async () => {
    await using meter = await fakeHomeWizard(() => time.now());
    open();
    await mounts.addMeter({ address: meter.url, name: 'home', every: 60 });
    await eventually('first answer', async () => (await view()).state === 'live' || undefined);
    const problems = new Set<string>();
    for (let n = 0; n < 240; n++) {
      if (n === 20) wrong = 2 * HOUR;
      if (n === 40) wrong = 0;
      const before = meter.answered();
      await time.advance(MINUTE);
      await eventually('question', async () => meter.answered() > before || undefined);
      const { problem } = await view();
      if (problem !== null) problems.add(problem.slice(0, 90));
    }
    await eventually('last', async () => (await view()).newest === DAY_START + 240 * MINUTE || undefined);
    const kept = await registers();
    for (const [i, { at, value }] of kept.entries()) {
      if (i === 0) continue;
      expect(at).toBeGreaterThan(kept[i - 1]?.at ?? 0);
      expect(value).toBeGreaterThanOrEqual(kept[i - 1]?.value ?? 0);
    }
    expect([...problems].join('\n')).toContain('set forward by 2 hours');
    expect([...problems].join('\n')).toContain('what it times is not kept');
    // From then on everything is kept as before.
    expect(kept.filter(({ at }) => at > DAY_START + 170 * MINUTE)).toHaveLength(70);
  });

  it('to another year, readings that cannot be are told and not kept in silence', async () => {
    await using meter = await fakeHomeWizardV2('first', 0, true);
    open();
    meter.pressButton();
    await mounts.addMeter({ address: meter.url, name: 'home' });
    await eventually('subscription', async () => meter.lines.size > 0 || undefined);
    wrong = -400 * 86_400_000;
    meter.push({ type: 'measurement', data: measurementAt(DAY_START) });
    await eventually(
      'problem',
      async () => (await view()).problem?.includes('have a time that cannot be') || undefined,
    );
    expect(await registers()).toEqual([]);
    wrong = 0;
    meter.push({ type: 'measurement', data: measurementAt(DAY_START + MINUTE) });
    await eventually('reading', async () => (await view()).newest === DAY_START + MINUTE || undefined);
  });
});

it('a meter whose certificate changed goes on under its name once its owner paired it anew', async () => {
  const first = await fakeHomeWizardV2('first', 0, true);
  open();
  first.pressButton();
  await mounts.addMeter({ address: first.url, name: 'home' });
  await eventually('subscription', async () => first.lines.size > 0 || undefined);
  first.push({ type: 'measurement', data: measurementAt(DAY_START) });
  await eventually('reading', async () => (await view()).newest === DAY_START || undefined);
  await first[Symbol.asyncDispose]();
  await using second = await fakeHomeWizardV2('second', Number(new URL(first.url).port), true);
  for (const token of first.tokens) second.tokens.add(token);
  await eventually('refusal', async () => {
    await time.advance(30_000);
    return (await view()).problem?.includes('shows another certificate') || undefined;
  });
  expect(events).toContain('Meter home was lost');
  expect(second.said).toEqual([]);
  await mounts.removeMeter('home');
  second.pressButton();
  await mounts.addMeter({ address: second.url, name: 'home' });
  await eventually('subscription', async () => second.lines.size > 0 || undefined);
  for (const at of [DAY_START, DAY_START + MINUTE])
    second.push({ type: 'measurement', data: measurementAt(at) });
  await eventually('reading', async () => (await view()).newest === DAY_START + MINUTE || undefined);
  expect((await registers()).map(({ at }) => at)).toEqual([DAY_START, DAY_START + MINUTE]);
});

it('the guard keeps every register apart, and never waits for a clock that was a day ahead', () => {
  open();
  const guard = new ArrivalGuard();
  const reading = (at: number, register = 'a'): MeterReading => ({
    commodity: 'electricity',
    flow: 'import',
    tariff: 'total',
    at,
    value: 1,
    unit: 'uKWh',
    trust: 'unsigned',
    record: 'r',
    register,
  });
  const kept = (at: number, now: number, register?: string): number =>
    guard.take([reading(at, register)], now).readings.length;
  expect(kept(DAY_START, DAY_START)).toBe(1);
  expect(kept(DAY_START - HOUR, DAY_START - HOUR)).toBe(0);
  expect(kept(DAY_START - HOUR, DAY_START - HOUR, 'b')).toBe(1);
  // The meter's own time.
  expect(kept(DAY_START - HOUR, DAY_START)).toBe(1);
  expect(guard.take([reading(DAY_START - HOUR)], DAY_START - HOUR).heldUntil).toBe(DAY_START);
  expect(guard.take([reading(DAY_START - 30_000)], DAY_START - 30_000)).toEqual({
    readings: [],
    heldUntil: undefined,
  });
  expect(kept(DAY_START - 27 * HOUR, DAY_START - 27 * HOUR)).toBe(1);
});
