import { EdmpError, virtualEnvironment } from '@edmp/interface';
import { describe, expect, it } from 'vitest';
import { Keeper } from '../../src/desk/keeper.ts';

const MINUTE = 60_000;
const full = new EdmpError('ERR_STORE_FULL', 'no space is left', { retryable: true });

function keeper() {
  const environment = virtualEnvironment({ seed: 1 });
  const stop = new AbortController();
  const problems: string[] = [];
  const made = new Keeper({ environment, report: (what) => problems.push(what), signal: stop.signal });
  return { environment, stop, problems, keeper: made };
}

describe('what has to be written down', () => {
  it('is tried again until the disk takes it, and then no longer', async () => {
    const world = keeper();
    let tries = 0;
    world.keeper.keep('a', 'keeping a', async () => {
      if (++tries < 4) throw full;
    });
    await world.environment.advance(10 * MINUTE);
    expect(tries).toBe(4);
    expect(world.problems).toEqual([]);
  });

  it('is not written twice at once, and may be again afterwards', async () => {
    const world = keeper();
    let running = 0;
    let most = 0;
    let done = 0;
    const write = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
      done++;
    };
    world.keeper.keep('a', 'keeping a', write);
    world.keeper.keep('a', 'keeping a', write);
    await world.environment.advance(1);
    world.keeper.keep('a', 'keeping a', write);
    await world.environment.advance(1);
    expect([most, done]).toEqual([1, 2]);
  });

  it('reports what is no answer of a store, and ends with the market', async () => {
    const world = keeper();
    world.keeper.keep('bug', 'keeping a bug', () => Promise.reject(new Error('a bug')));
    await world.environment.advance(MINUTE);
    expect(world.problems).toEqual(['keeping a bug']);
    let tries = 0;
    world.keeper.keep('full', 'keeping what never fits', async () => {
      tries++;
      throw full;
    });
    await world.environment.advance(MINUTE);
    world.stop.abort();
    const before = tries;
    await world.environment.advance(60 * MINUTE);
    expect(tries).toBe(before);
    expect(world.problems).toHaveLength(1);
  });

  it('waits in bounded number: the rest is tried once', async () => {
    const world = keeper();
    let tries = 0;
    for (let i = 0; i < 5_000; i++) {
      world.keeper.keep(`${i}`, 'keeping', async () => {
        tries++;
        throw full;
      });
    }
    await world.environment.advance(900);
    expect(tries).toBe(5_000);
    await world.environment.advance(1_000);
    expect(tries).toBe(5_000 + 4_096);
    world.stop.abort();
  });
});
