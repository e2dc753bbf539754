import { systemEnvironment } from '@edmp/interface';
import { afterEach, describe, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.useRealTimers();
});

describe('systemEnvironment', () => {
  it('tells the time of the system in whole milliseconds', () => {
    const before = Date.now();
    const now = systemEnvironment().now();
    expect(Number.isInteger(now) && now >= before && now <= Date.now()).toBe(true);
  });

  it('runs callbacks once after their delay, unless cancelled', () => {
    vi.useFakeTimers();
    const environment = systemEnvironment();
    const ran: string[] = [];
    environment.schedule(100, () => ran.push('a'));
    environment.schedule(-5, () => ran.push('at once'));
    const cancel = environment.schedule(50, () => ran.push('cancelled'));
    cancel();
    cancel();
    vi.advanceTimersByTime(99);
    expect(ran).toEqual(['at once']);
    vi.advanceTimersByTime(1);
    vi.advanceTimersByTime(1000);
    expect(ran).toEqual(['at once', 'a']);
  });

  it('waits longer than the 2³¹ − 1 ms that one timer takes, and cancels that too', () => {
    vi.useFakeTimers();
    const environment = systemEnvironment();
    const day = 86_400_000;
    let ran = 0;
    environment.schedule(60 * day, () => ran++);
    const cancel = environment.schedule(60 * day, () => (ran += 100));
    vi.advanceTimersByTime(30 * day);
    cancel();
    vi.advanceTimersByTime(30 * day - 1);
    expect(ran).toBe(0);
    vi.advanceTimersByTime(1);
    expect(ran).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives random bytes of any length, also beyond one call of WebCrypto', () => {
    const environment = systemEnvironment();
    expect(environment.randomBytes(0).length).toBe(0);
    const bytes = environment.randomBytes(200_000);
    expect(bytes.length).toBe(200_000);
    for (const start of [0, 65_536, 131_072, 199_900]) {
      expect(bytes.subarray(start, start + 64).some((byte) => byte !== 0)).toBe(true);
    }
    expect(environment.randomBytes(32)).not.toEqual(environment.randomBytes(32));
  });
});
