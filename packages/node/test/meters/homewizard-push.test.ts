import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Environment, systemEnvironment, virtualEnvironment } from '@edmp/interface';
import { intervalSeries } from '@edmp/oehu-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LiveView, MountView } from '../../src/meter-service.ts';
import { HOMEWIZARD_LIMITS } from '../../src/meters/feeds/feed-budget.ts';
import { type MeterMounts, openMeterMounts } from '../../src/meters/meter-mounts.ts';
import { eventually } from '../e2e/support/two-nodes.ts';
import { type FakeHomeWizard, fakeHomeWizardV2, measurementAt } from '../support/fake-homewizard.ts';
import { DAY_END, DAY_START, expectedQuarters } from '../support/p1-day.ts';

const zone = 'Europe/Amsterdam';
const MINUTE = 60_000;
let folder: string;
let mounts: MeterMounts;
let events: string[];

const open = (environment: Environment): void => {
  mounts = openMeterMounts({
    folder: { readingsFile: join(folder, 'readings.sqlite'), metersFile: join(folder, 'meters.json') },
    environment,
    zone,
  });
  events = [];
  mounts.on(({ text }) => events.push(text));
};
const until = (what: string, is: (view: MountView) => boolean): Promise<MountView> =>
  eventually(what, async () => (await mounts.mounts()).find(is));
const moments = async (): Promise<readonly number[]> => {
  const range = {
    from: DAY_START - 86_400_000,
    to: DAY_END,
    commodity: 'electricity',
    flow: 'import',
  } as const;
  const all = (await mounts.registers('p1', range)) ?? [];
  return [...new Set(all.map(({ at }) => at))].sort((a, b) => a - b);
};
const tell = (meter: FakeHomeWizard, at: number): void =>
  meter.push({ type: 'measurement', data: measurementAt(at) });
const mount = async (meter: FakeHomeWizard, every?: number): Promise<void> => {
  meter.pressButton();
  await mounts.addMeter({ address: meter.url, name: 'p1', ...(every === undefined ? {} : { every }) });
};
const listening = (meter: FakeHomeWizard): Promise<true> =>
  eventually('subscription', async () => (meter.lines.size > 0 ? true : undefined));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edmp-push-'));
});
afterEach(async () => {
  await mounts.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('a HomeWizard meter that pushes', () => {
  it('is heard at once and recorded once a minute, exactly; it is not asked', async () => {
    await using meter = await fakeHomeWizardV2('first', 0, true);
    open(systemEnvironment());
    const live: LiveView[] = [];
    mounts.onLive((one) => live.push(one));
    await mount(meter);
    await listening(meter);
    const [token = ''] = meter.tokens;
    expect(meter.said.map((one) => JSON.parse(one))).toEqual([
      { type: 'authorization', data: token },
      { type: 'subscribe', data: 'measurement' },
    ]);
    for (let at = DAY_START; at <= DAY_START + 3_600_000; at += 20_000) tell(meter, at);
    await until('last one', ({ newest }) => newest === DAY_START + 3_600_000);
    expect(await moments()).toEqual(Array.from({ length: 61 }, (_, n) => DAY_START + n * MINUTE));
    const range = {
      from: DAY_START,
      to: DAY_START + 3_600_000,
      commodity: 'electricity',
      flow: 'import',
    } as const;
    const { values } = intervalSeries([...((await mounts.registers('p1', range)) ?? [])], {
      ...range,
      step: 'PT15M',
      zone,
    });
    expect(values).toEqual(expectedQuarters().slice(0, 4));
    expect(live[0]).toMatchObject({ importW: 0, exportW: 250 });
    expect(meter.answered()).toBe(0);
    expect(await mounts.mounts()).toMatchObject([{ state: 'live', problem: null }]);
  });

  it('is connected to again after it went away, and nothing that it told is lost or doubled', async () => {
    const first = await fakeHomeWizardV2('first', 0, true);
    open(systemEnvironment());
    await mount(first);
    await listening(first);
    tell(first, DAY_START);
    await until('first', ({ newest }) => newest === DAY_START);
    const tokens = [...first.tokens];
    const port = Number(new URL(first.url).port);
    await first[Symbol.asyncDispose]();
    await until('loss', ({ state, problem }) => state === 'lost' && problem !== null);
    await using second = await fakeHomeWizardV2('first', port, true);
    for (const token of tokens) second.tokens.add(token);
    await listening(second);
    tell(second, DAY_START);
    tell(second, DAY_START + MINUTE);
    await until('second', ({ newest }) => newest === DAY_START + MINUTE);
    expect(await moments()).toEqual([DAY_START, DAY_START + MINUTE]);
    expect(events.filter((text) => text.endsWith('was lost'))).toHaveLength(1);
  });

  it('is asked instead where its firmware does not push, where it falls silent, and where its owner says how often', async () => {
    const clock = virtualEnvironment({ start: DAY_START });
    open(clock);
    await using old = await fakeHomeWizardV2();
    await mount(old);
    await until('answer', ({ state }) => state === 'live');
    expect(old.answered()).toBeGreaterThan(0);
    await mounts.removeMeter('p1');

    await using silent = await fakeHomeWizardV2('first', 0, true);
    await mount(silent);
    await listening(silent);
    expect(silent.answered()).toBe(0);
    await clock.advance(90_000);
    await eventually('question', async () => silent.answered() > 0 || undefined);
    // After a while it is tried again.
    await eventually('gone', async () => silent.lines.size === 0 || undefined);
    for (let n = 0; n < 62 && silent.lines.size === 0; n++) {
      const before = silent.answered();
      await clock.advance(10_000);
      await eventually(
        'question or push',
        async () => silent.answered() > before || silent.lines.size > 0 || undefined,
      );
    }
    await listening(silent);
    await mounts.removeMeter('p1');

    await using asked = await fakeHomeWizardV2('first', 0, true);
    await mount(asked, 5);
    await until('answer', ({ state }) => state === 'live');
    expect(asked.said).toEqual([]);
  });

  it('is told no token before its certificate is the right one', async () => {
    const meter = await fakeHomeWizardV2('first', 0, true);
    open(systemEnvironment());
    await mount(meter);
    await listening(meter);
    const tokens = [...meter.tokens];
    await meter[Symbol.asyncDispose]();
    await using other = await fakeHomeWizardV2('second', Number(new URL(meter.url).port), true);
    for (const token of tokens) other.tokens.add(token);
    const lost = await until('refusal', ({ problem }) => problem?.includes('certificate') === true);
    expect(lost.problem).toContain('shows another certificate');
    expect([other.said, other.answered()]).toEqual([[], 0]);
  });

  it('that forgot the token says what to do', async () => {
    await using meter = await fakeHomeWizardV2('first', 0, true);
    open(systemEnvironment());
    await mount(meter);
    await listening(meter);
    tell(meter, DAY_START);
    await until('first', ({ state }) => state === 'live');
    meter.tokens.clear();
    for (const line of meter.lines) line.close();
    await until('refusal', ({ problem }) => problem?.includes('add it again') === true);
  });

  it.each([
    ['no JSON', 'rubbish', 'no message of API v2'],
    ['no message', [], 'no message of API v2'],
    ['another topic', { type: 'system', data: {} }, null],
  ])('goes on after %s', async (_, message, problem) => {
    await using meter = await fakeHomeWizardV2('first', 0, true);
    open(systemEnvironment());
    await mount(meter);
    await listening(meter);
    tell(meter, DAY_START);
    await until('first', ({ state }) => state === 'live');
    meter.push(message);
    tell(meter, DAY_START + MINUTE);
    const view = await until('second', ({ newest }) => newest === DAY_START + MINUTE);
    if (problem === null) expect(view.problem).toBeNull();
    else expect(view.problem).toContain(problem);
  });

  it.each([
    ['a measurement that is none', { type: 'measurement', data: { x: 1 } }, /HomeWizard/],
    [
      'a message that is too large',
      { type: 'measurement', data: 'x'.repeat(70_000) },
      /does not push|payload/i,
    ],
    ['an error', { type: 'error', data: { message: 'request:unknown' } }, /request:unknown/],
  ])('is let go of after %s, and comes again', async (_, message, why) => {
    await using meter = await fakeHomeWizardV2('first', 0, true);
    open(systemEnvironment());
    await mount(meter);
    await listening(meter);
    tell(meter, DAY_START);
    await until('first', ({ state }) => state === 'live');
    meter.push(message);
    expect((await until('loss', ({ state }) => state === 'lost')).problem).toMatch(why);
    await listening(meter);
    tell(meter, DAY_START + MINUTE);
    await until('second', ({ newest, state }) => newest === DAY_START + MINUTE && state === 'live');
  });

  it('without end takes neither the processor nor the disk, and its owner is told once', async () => {
    await using meter = await fakeHomeWizardV2('first', 0, true);
    const clock = virtualEnvironment({ start: DAY_END });
    open(clock);
    await mount(meter);
    await listening(meter);
    for (let n = 0; n < 6_000; n++) tell(meter, DAY_START - n * MINUTE);
    const view = await until('complaint', ({ problem }) => problem?.includes('messages a second') === true);
    expect(view.state).toBe('live');
    // Its clock stands still: no more than the burst is read.
    expect((await moments()).length).toBeLessThanOrEqual(HOMEWIZARD_LIMITS.messages.burst);
    for (let n = 0; n < 20; n++) await clock.advance(1_000);
    await eventually(
      'more',
      async () => (await moments()).length > HOMEWIZARD_LIMITS.messages.burst || undefined,
    );
    expect(events.filter((text) => text === 'Meter p1 tells more than is taken in')).toHaveLength(1);
  });
});
