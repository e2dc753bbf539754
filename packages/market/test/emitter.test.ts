import { MAX_UNREAD_EVENTS } from '@edmp/interface/bounded';
import { describe, expect, it } from 'vitest';
import { safeEmitter } from '../src/codec/emitter.ts';

describe('safeEmitter', () => {
  it('M18 a listener that throws or rejects hurts nobody', async () => {
    const failures: unknown[] = [];
    const heard: number[] = [];
    const emitter = safeEmitter<number>((error) => {
      failures.push(error);
      throw new Error('the log is broken too');
    });
    emitter.on(() => {
      throw new Error('bug in a listener');
    });
    emitter.on(async () => {
      throw new Error('bug in an async listener');
    });
    emitter.on((event) => heard.push(event));
    expect(() => emitter.emit(1)).not.toThrow();
    emitter.emit(2);
    await Promise.resolve();
    await Promise.resolve();
    expect(heard).toEqual([1, 2]);
    expect(failures).toHaveLength(4);
  });

  it('lets one function listen twice, and stop once', () => {
    const emitter = safeEmitter<number>();
    const heard: number[] = [];
    const listener = (event: number): void => {
      heard.push(event);
    };
    const off = emitter.on(listener);
    emitter.on(listener);
    emitter.emit(1);
    off();
    off();
    emitter.emit(2);
    expect(heard).toEqual([1, 1, 2]);
  });

  it('tells a listener that was added while telling only the next event', () => {
    const emitter = safeEmitter<number>();
    const heard: number[] = [];
    emitter.on((event) => {
      if (event === 1) emitter.on((later) => heard.push(later));
    });
    emitter.emit(1);
    emitter.emit(2);
    expect(heard).toEqual([2]);
  });

  it('is read with for await, what is unread first, until it ends', async () => {
    const emitter = safeEmitter<number>();
    const events = emitter.events();
    emitter.emit(1);
    emitter.emit(2);
    const heard: number[] = [];
    const reading = (async () => {
      for await (const event of events) heard.push(event);
    })();
    await Promise.resolve();
    emitter.emit(3);
    emitter.end();
    await reading;
    expect(heard).toEqual([1, 2, 3]);
  });

  it('forgets a reader that left its loop', async () => {
    const emitter = safeEmitter<number>();
    const events = emitter.events();
    emitter.emit(1);
    for await (const event of events) {
      expect(event).toBe(1);
      break;
    }
    emitter.emit(2);
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it('ends the wait of a reader whose signal fires', async () => {
    const emitter = safeEmitter<number>();
    const controller = new AbortController();
    const events = emitter.events({ signal: controller.signal });
    const next = events.next();
    controller.abort();
    await expect(next).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(await events.next()).toEqual({ done: true, value: undefined });
    await expect(emitter.events({ signal: controller.signal }).next()).rejects.toMatchObject({
      code: 'ERR_ABORTED',
    });
  });

  it('tells a reader that is too far behind what it missed', async () => {
    const emitter = safeEmitter<number>();
    const events = emitter.events();
    for (let i = 0; i <= MAX_UNREAD_EVENTS; i++) emitter.emit(i);
    for (let i = 0; i < MAX_UNREAD_EVENTS; i++) expect((await events.next()).value).toBe(i);
    await expect(events.next()).rejects.toMatchObject({ code: 'ERR_MARKET_EVENTS_LOST' });
    expect((await events.next()).done).toBe(true);
  });
});
