import { AbortedError, sleep, virtualEnvironment, withDeadline } from '@edmp/interface';
import { rejection } from '@edmp/testing';
import { describe, expect, it } from 'vitest';

const never = (): Promise<never> => new Promise(() => undefined);

describe('sleep', () => {
  it('ends after its time', async () => {
    const environment = virtualEnvironment();
    let awake = false;
    void sleep(environment, 100).then(() => {
      awake = true;
    });
    await environment.advance(99);
    expect(awake).toBe(false);
    await environment.advance(1);
    expect(awake).toBe(true);
  });

  it('ends with ERR_ABORTED before or during the wait, and leaves no timer', async () => {
    const environment = virtualEnvironment();
    const signal = AbortSignal.abort('why');
    expect((await rejection(sleep(environment, 10, { signal }), 'ERR_ABORTED')).cause).toBe('why');
    const controller = new AbortController();
    const waiting = rejection(sleep(environment, 10, { signal: controller.signal }), 'ERR_ABORTED');
    await environment.advance(5);
    controller.abort('later');
    expect((await waiting).cause).toBe('later');
    expect(environment.pendingTimers).toBe(0);
  });

  it('does not mind an abort after its end', async () => {
    const environment = virtualEnvironment();
    const controller = new AbortController();
    await environment.run(sleep(environment, 10, { signal: controller.signal }));
    controller.abort();
    expect(environment.pendingTimers).toBe(0);
  });
});

describe('withDeadline', () => {
  it('passes on the result or the error of a task in time, and leaves no timer', async () => {
    const environment = virtualEnvironment();
    const task = withDeadline(environment, 100, 'the task', async () => {
      await sleep(environment, 50);
      return 7;
    });
    expect(await environment.run(task)).toBe(7);
    const failing = withDeadline(environment, 100, 'the task', async () => {
      throw new RangeError('inside');
    });
    await expect(failing).rejects.toThrow('inside');
    const throwing = withDeadline(environment, 100, 'the task', () => {
      throw new RangeError('at once');
    });
    await expect(throwing).rejects.toThrow('at once');
    expect(environment.pendingTimers).toBe(0);
  });

  it('ends a task that ignores its signal, naming it, and fires the signal', async () => {
    const environment = virtualEnvironment();
    let seen: AbortSignal | undefined;
    const start = environment.now();
    const error = await environment.run(
      rejection(
        withDeadline(environment, 250, 'Fetching the manifest', (signal) => {
          seen = signal;
          return never();
        }),
        'ERR_TIMEOUT',
      ),
    );
    expect(environment.now() - start).toBe(250);
    expect(error.message).toBe('Fetching the manifest took longer than 250 ms');
    expect([error.details, error.retryable]).toEqual([{ timeoutMs: 250 }, true]);
    expect(seen?.aborted).toBe(true);
    expect(seen?.reason).toBe(error);
  });

  it('ends with ERR_ABORTED when the caller aborts, without starting the task if it was before', async () => {
    const environment = virtualEnvironment();
    let started = 0;
    const task = (): Promise<never> => {
      started++;
      return never();
    };
    const signal = AbortSignal.abort();
    await rejection(withDeadline(environment, 10, 'it', task, { signal }), 'ERR_ABORTED');
    expect(started).toBe(0);
    const controller = new AbortController();
    let inner: AbortSignal | undefined;
    const waiting = rejection(
      withDeadline(
        environment,
        1000,
        'it',
        (given) => {
          inner = given;
          return task();
        },
        { signal: controller.signal },
      ),
      'ERR_ABORTED',
    );
    await environment.advance(10);
    controller.abort('enough');
    expect((await waiting).cause).toBe('enough');
    expect(inner?.reason).toBeInstanceOf(AbortedError);
    expect(environment.pendingTimers).toBe(0);
  });

  it('lets a late error of the task go unnoticed', async () => {
    const environment = virtualEnvironment();
    let fail: (error: Error) => void = () => undefined;
    const outcome = rejection(
      withDeadline(environment, 10, 'it', () => new Promise((_, reject) => (fail = reject))),
      'ERR_TIMEOUT',
    );
    await environment.advance(10);
    await outcome;
    fail(new RangeError('too late'));
    await environment.settle();
  });
});
