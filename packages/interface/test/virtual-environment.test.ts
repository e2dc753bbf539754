import { sleep, type VirtualEnvironment, virtualEnvironment } from '@edmp/interface';
import { rejection, thrown } from '@edmp/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** Schedules a note for every delay and returns the list that fills up. */
function notes(environment: VirtualEnvironment, delays: readonly number[]): string[] {
  const start = environment.now();
  const list: string[] = [];
  for (const [i, delay] of delays.entries()) {
    environment.schedule(delay, () => list.push(`${i}@${environment.now() - start}`));
  }
  return list;
}

describe('virtualEnvironment', () => {
  it('stands still until it is moved', async () => {
    const environment = virtualEnvironment({ start: 1000 });
    const list = notes(environment, [10]);
    await environment.settle();
    expect([environment.now(), environment.pendingTimers, environment.nextTimer, list]).toEqual([
      1000,
      1,
      1010,
      [],
    ]);
    await environment.advance(9);
    expect(list).toEqual([]);
    await environment.advance(1);
    expect([list, environment.now(), environment.pendingTimers, environment.nextTimer]).toEqual([
      ['0@10'],
      1010,
      0,
      undefined,
    ]);
    expect(virtualEnvironment().now()).toBe(Date.UTC(2026, 0, 1));
  });

  it('runs timers in order of time and then of scheduling, whatever was cancelled', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ delay: fc.integer({ min: -5, max: 30 }), cancel: fc.boolean() }), {
          maxLength: 60,
        }),
        async (timers) => {
          const environment = virtualEnvironment();
          const ran: number[] = [];
          const cancels = timers.map(({ delay }, i) => environment.schedule(delay, () => ran.push(i)));
          for (const [i, { cancel }] of timers.entries()) {
            if (cancel) {
              cancels[i]!();
              cancels[i]!();
            }
          }
          const wanted = timers
            .map(({ delay, cancel }, i) => ({ at: Math.max(0, delay), cancel, i }))
            .filter(({ cancel }) => !cancel)
            .sort((a, b) => a.at - b.at || a.i - b.i)
            .map(({ i }) => i);
          expect(environment.pendingTimers).toBe(wanted.length);
          await environment.advance(100);
          expect(ran).toEqual(wanted);
          expect(environment.pendingTimers).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('runs what timers schedule inside the same step, and rounds delays up', async () => {
    const environment = virtualEnvironment();
    const start = environment.now();
    const seen: number[] = [];
    environment.schedule(1.2, () => {
      seen.push(environment.now() - start);
      environment.schedule(3, () => seen.push(environment.now() - start));
      environment.schedule(0, () => seen.push(environment.now() - start));
    });
    await environment.advance(10);
    expect(seen).toEqual([2, 2, 5]);
  });

  it('lets promises go on between timers', async () => {
    const environment = virtualEnvironment();
    const steps: string[] = [];
    const walk = async (name: string): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        await sleep(environment, 10);
        steps.push(`${name}${i}`);
      }
    };
    const both = Promise.all([walk('a'), walk('b')]);
    await environment.advance(30);
    await both;
    expect(steps).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2']);
  });

  it('runs until a promise settles, and returns or throws what it gives', async () => {
    const environment = virtualEnvironment();
    const start = environment.now();
    const value = await environment.run(sleep(environment, 5000).then(() => 'done'));
    expect([value, environment.now() - start]).toEqual(['done', 5000]);
    await expect(
      environment.run(
        sleep(environment, 1).then(() => {
          throw new RangeError('inside');
        }),
      ),
    ).rejects.toThrow('inside');
    expect(await environment.run(Promise.resolve(7))).toBe(7);
  });

  it('gives up on a promise that cannot settle, or not in time', async () => {
    const environment = virtualEnvironment();
    await rejection(environment.run(new Promise(() => undefined)), 'ERR_INVALID_ARGUMENT');
    const late = sleep(environment, 1001);
    await rejection(environment.run(late, 1000), 'ERR_INVALID_ARGUMENT');
    await environment.run(late);
  });

  it('waits for work outside its sight as long as no timer is due', async () => {
    const environment = virtualEnvironment();
    const outside = new Promise((resolve) => setTimeout(() => resolve('back'), 20));
    expect(await environment.run(outside)).toBe('back');
  });

  it('notices a clock that is stuck', async () => {
    const environment = virtualEnvironment();
    let count = 0;
    const spin = (): void => {
      count++;
      environment.schedule(0, spin);
    };
    // Many spinners at once keep the number of turns, and so the real time, small.
    for (let i = 0; i < 100_001; i++) environment.schedule(0, () => undefined);
    spin();
    const error = await rejection(environment.advance(1), 'ERR_INVALID_ARGUMENT');
    expect(error.message).toContain('stuck');
    expect(count).toBeGreaterThan(0);
  });

  it('refuses to go back and delays that are no numbers', async () => {
    const environment = virtualEnvironment();
    await rejection(environment.advance(-1), 'ERR_INVALID_ARGUMENT');
    await rejection(environment.advance(Number.NaN), 'ERR_INVALID_ARGUMENT');
    thrown(() => environment.schedule(Number.NaN, () => undefined), 'ERR_INVALID_ARGUMENT');
  });

  it('gives equal runs for equal seeds', () => {
    const draw = (seed: number): string =>
      Buffer.from(virtualEnvironment({ seed }).randomBytes(32)).toString('hex');
    expect(draw(5)).toBe(draw(5));
    expect(draw(5)).not.toBe(draw(6));
    expect(draw(1)).toBe(Buffer.from(virtualEnvironment().randomBytes(32)).toString('hex'));
  });
});
