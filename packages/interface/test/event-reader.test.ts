import { EdmpError } from '@edmp/interface';
import { followEvents, MAX_UNREAD_EVENTS } from '@edmp/interface/bounded';
import { describe, expect, it } from 'vitest';

/** A source of numbers that counts its listeners. */
function source() {
  const listeners = new Set<(event: number) => void>();
  return {
    listeners,
    on(listener: (event: number) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    emit(event: number) {
      for (const listener of listeners) listener(event);
    },
  };
}
const lost = (text: string): EdmpError => new EdmpError('ERR_TEST_LOST', text);

describe('events in a loop', () => {
  it('come in order, whether they are waited for or not, until the loop is left', async () => {
    const { on, emit, listeners } = source();
    const events = followEvents(on, lost);
    emit(1);
    emit(2);
    const third = [await events.next(), await events.next(), events.next()] as const;
    emit(3);
    expect([third[0].value, third[1].value, (await third[2]).value]).toEqual([1, 2, 3]);
    emit(4);
    for await (const event of events) {
      expect(event).toBe(4);
      break;
    }
    expect(listeners.size).toBe(0);
    expect((await events.next()).done).toBe(true);
  });

  it('end with ERR_ABORTED when the signal fires, before or while they are waited for', async () => {
    const { on, listeners } = source();
    const controller = new AbortController();
    const waiting = followEvents(on, lost, { signal: controller.signal }).next();
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    await expect(followEvents(on, lost, { signal: controller.signal }).next()).rejects.toMatchObject({
      code: 'ERR_ABORTED',
    });
    expect(listeners.size).toBe(0);
  });

  it('are not kept without bound for a reader that does not read', async () => {
    const { on, emit, listeners } = source();
    const events = followEvents(on, lost);
    for (let n = 0; n <= MAX_UNREAD_EVENTS; n++) emit(n);
    expect(listeners.size).toBe(0);
    for (let n = 0; n < MAX_UNREAD_EVENTS; n++) expect((await events.next()).value).toBe(n);
    await expect(events.next()).rejects.toMatchObject({ code: 'ERR_TEST_LOST' });
    expect((await events.next()).done).toBe(true);
  });
});
