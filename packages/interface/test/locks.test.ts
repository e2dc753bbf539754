import { BusyError, keyedMutex, mutex, semaphore, sharedMutex } from '@edmp/interface/bounded';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** A task that a test ends when it likes. */
function manual(log: string[], name: string) {
  let end: (error?: Error) => void = () => {};
  const done = new Promise<string>((resolve, reject) => {
    end = (error) => (error === undefined ? resolve(name) : reject(error));
  });
  // A task may be ended before it runs.
  done.catch(() => {});
  return {
    end: (error?: Error) => end(error),
    task: async () => {
      log.push(`+${name}`);
      try {
        return await done;
      } finally {
        log.push(`-${name}`);
      }
    },
  };
}

/** Lets every promise settle that can. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('mutex', () => {
  it('runs tasks one at a time and in turn, failed ones included, and hands out their results', async () => {
    const log: string[] = [];
    const [a, b, c] = [manual(log, 'a'), manual(log, 'b'), manual(log, 'c')];
    const lock = mutex();
    const results = Promise.allSettled([lock.run(a.task), lock.run(b.task), lock.run(c.task)]);
    c.end();
    b.end(new Error('b failed'));
    await settle();
    expect([log, lock.size]).toEqual([['+a'], 3]);
    a.end();
    const settled = await results;
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(log).toEqual(['+a', '-a', '+b', '-b', '+c', '-c']);
    expect(lock.size).toBe(0);
  });

  it('refuses more than may wait, and goes on after a task that throws at once', async () => {
    const lock = mutex({ max: 2 });
    const log: string[] = [];
    const a = manual(log, 'a');
    const first = lock.run(a.task);
    const second = lock.run(() => {
      throw new Error('at once');
    });
    const third = lock.run(async () => 3);
    await expect(third).rejects.toThrow(BusyError);
    await expect(third).rejects.toMatchObject({ code: 'ERR_BUSY', retryable: true });
    a.end();
    await expect(second).rejects.toThrow('at once');
    expect([await first, await lock.run(async () => 4)]).toEqual(['a', 4]);
  });
});

describe('keyedMutex', () => {
  it('runs equal keys in turn and different ones together, keeps no idle key, and is bounded', async () => {
    const log: string[] = [];
    const [a, b, c] = [manual(log, 'a'), manual(log, 'b'), manual(log, 'c')];
    const lock = keyedMutex<string>({ max: 3, perKey: 2 });
    const results = [lock.run('x', a.task), lock.run('x', b.task), lock.run('y', c.task)];
    await settle();
    expect(log).toEqual(['+a', '+c']);
    expect([lock.hasRoom('x'), lock.hasRoom('z'), lock.size]).toEqual([false, false, 3]);
    await expect(lock.run('z', async () => 1)).rejects.toMatchObject({ code: 'ERR_BUSY' });
    c.end();
    await settle();
    expect([lock.hasRoom('x'), lock.hasRoom('z')]).toEqual([false, true]);
    await expect(lock.run('x', async () => 1)).rejects.toMatchObject({ code: 'ERR_BUSY' });
    a.end(new Error('failed'));
    b.end();
    await Promise.allSettled(results);
    expect(log).toEqual(['+a', '+c', '-c', '-a', '+b', '-b']);
    expect([lock.size, lock.hasRoom('x')]).toEqual([0, true]);
  });
});

describe('sharedMutex', () => {
  it('lets shared tasks overlap, exclusive ones never, and later ones wait their turn', async () => {
    const kinds = fc.array(fc.constantFrom('shared' as const, 'exclusive' as const), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(kinds, fc.infiniteStream(fc.nat()), async (order, picks) => {
        const log: string[] = [];
        const lock = sharedMutex();
        const tasks = order.map((kind, n) => ({ kind, n, ...manual(log, String(n)) }));
        const results = tasks.map(({ kind, task }) => lock[kind](task));
        expect(lock.size).toBe(order.length);
        const left = new Set(tasks);
        while (left.size > 0) {
          await settle();
          const running = tasks.filter(({ n }) => log.includes(`+${n}`) && !log.includes(`-${n}`));
          const exclusive = running.filter(({ kind }) => kind === 'exclusive');
          if (exclusive.length > 0) expect(running.length).toBe(1);
          // Nobody overtakes an exclusive task, and something always runs.
          for (const { n } of running)
            for (const before of tasks.slice(0, n))
              if (before.kind === 'exclusive') expect(log).toContain(`-${before.n}`);
          expect(running.length).toBeGreaterThan(0);
          const picked = running[(picks.next().value ?? 0) % running.length];
          if (picked === undefined) throw new Error('nothing runs');
          left.delete(picked);
          picked.end();
        }
        await Promise.all(results);
        await settle();
        expect(lock.size).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('refuses more than may wait, and goes on after failures', async () => {
    const lock = sharedMutex({ max: 2 });
    const log: string[] = [];
    const [a, b] = [manual(log, 'a'), manual(log, 'b')];
    const [first, second] = [lock.shared(a.task), lock.exclusive(b.task)];
    await expect(lock.shared(async () => 1)).rejects.toMatchObject({ code: 'ERR_BUSY' });
    await expect(lock.exclusive(async () => 1)).rejects.toMatchObject({ code: 'ERR_BUSY' });
    a.end(new Error('a'));
    b.end(new Error('b'));
    expect((await Promise.allSettled([first, second])).map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
    ]);
    expect([await lock.shared(async () => 1), await lock.exclusive(async () => 2)]).toEqual([1, 2]);
  });
});

describe('semaphore', () => {
  it('runs at most its limit at once, all in the end, in the order in which they came', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        async (limit, picks) => {
          const log: string[] = [];
          const gate = semaphore(limit);
          const tasks = picks.map((_, n) => ({ n, ...manual(log, String(n)) }));
          const results = Promise.allSettled(tasks.map(({ task }) => gate.run(task)));
          for (const pick of picks) {
            await settle();
            const running = tasks.filter(({ n }) => log.includes(`+${n}`) && !log.includes(`-${n}`));
            expect(running.length).toBeGreaterThan(0);
            expect(running.length).toBeLessThanOrEqual(limit);
            running[pick % running.length]?.end(pick % 3 === 0 ? new Error('failed') : undefined);
          }
          await results;
          expect(log.filter((line) => line.startsWith('+'))).toEqual(tasks.map(({ n }) => `+${n}`));
          expect(gate.size).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('refuses more than may wait', async () => {
    const gate = semaphore(1, { max: 2 });
    const log: string[] = [];
    const a = manual(log, 'a');
    const results = [gate.run(a.task), gate.run(async () => 'b')];
    await expect(gate.run(async () => 'c')).rejects.toMatchObject({ code: 'ERR_BUSY' });
    a.end();
    expect(await Promise.all(results)).toEqual(['a', 'b']);
  });
});
