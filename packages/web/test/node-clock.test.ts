import { describe, expect, it } from 'vitest';
import { createNodeClock } from '../src/state/node-clock.ts';
import { newestFullDay } from '../src/text/days.ts';
import { isRunning } from '../src/text/expiry.ts';

const NODE = Date.UTC(2026, 10, 22, 12);

describe('the node’s clock in the page', () => {
  it('knows nothing before the node has said anything', () => {
    expect(createNodeClock(() => 5).now()).toBeUndefined();
  });

  it('moves the node’s last word on by what has passed since, in whole milliseconds', () => {
    let elapsed = 1_000.7;
    const clock = createNodeClock(() => elapsed);
    clock.heard(NODE);
    expect(clock.now()).toBe(NODE);
    elapsed += 90_000.5;
    expect(clock.now()).toBe(NODE + 90_000);
    // A computer that slept did not count; the node's next word sets it right, also backwards.
    clock.heard(NODE + 3_600_000);
    expect(clock.now()).toBe(NODE + 3_600_000);
    clock.heard(NODE - 10);
    expect(clock.now()).toBe(NODE - 10);
  });

  it('never asks the browser for the date', () => {
    const { now } = Date;
    Date.now = () => expect.unreachable('the page asked for the date');
    try {
      const clock = createNodeClock();
      clock.heard(NODE);
      const told = clock.now() ?? 0;
      expect(told).toBeGreaterThanOrEqual(NODE);
    } finally {
      Date.now = now;
    }
  });
});

describe('the day that is proposed for sale', () => {
  it('is the one before the last reading, in the zone of the meter', () => {
    const read = (lastUpdate: number | null, zone: string): string =>
      newestFullDay({ lastUpdate, zone }, NODE + 86_400_000);
    expect(read(NODE, 'Europe/Amsterdam')).toBe('2026-11-21');
    expect(read(NODE, 'Pacific/Auckland')).toBe('2026-11-22');
    expect(read(null, 'Europe/Amsterdam')).toBe('2026-11-22');
  });
});

describe('what ends by itself', () => {
  it('runs until its end, and while the node has not told its clock', () => {
    expect(isRunning({ expires: NODE }, NODE - 1)).toBe(true);
    expect(isRunning({ expires: NODE }, NODE)).toBe(false);
    expect(isRunning({ expires: NODE }, undefined)).toBe(true);
  });
});
