import { describe, expect, it } from 'vitest';
import { shortFork } from '../chain/fork-scenario.ts';
import { shortGap } from '../chain/gap-scenario.ts';
import { shorten } from '../lib/shorten.ts';
import { shrink } from '../lib/shrink.ts';
import type { World } from '../lib/world.ts';
import { PLANTED } from '../market/planted.ts';
import { shortHistory, shrinkHistory } from '../market/shrinking.ts';
import { historyOf } from '../soak/scenario.ts';
import { Homes } from '../town/homes.ts';
import { deaf } from './support/deaf.ts';

describe('shrinking', () => {
  it('leaves what a failure needs, and nothing else', async () => {
    const labels = Array.from({ length: 40 }, (_, i) => `thing ${i}`);
    const fails = async (without: ReadonlySet<string>): Promise<boolean> =>
      !without.has('thing 7') && !without.has('thing 31');
    const { needed, runs } = await shrink(labels, fails, 1_000);
    expect(needed).toEqual(['thing 7', 'thing 31']);
    expect(runs).toBeLessThan(100);
  });

  it('ends at its limit with a list that still fails', async () => {
    const labels = Array.from({ length: 40 }, (_, i) => `thing ${i}`);
    const fails = async (without: ReadonlySet<string>): Promise<boolean> => !without.has('thing 39');
    const { needed, runs } = await shrink(labels, fails, 3);
    expect(runs).toBe(3);
    expect(needed).toContain('thing 39');
  });

  it('finds the one sale and the one purchase that show a planted bug', async () => {
    const bug = PLANTED.find(({ role }) => role.name === 'sellers-send-wrong-keys');
    const short = await shrinkHistory({ seed: 1, only: new Set(), planted: bug?.role });
    expect(short?.rules).toContain('acknowledged-and-unpaid');
    expect(short?.needed.length).toBeLessThanOrEqual(3);
    expect(short?.needed.some((label) => label.endsWith(' buy'))).toBe(true);
  }, 600_000);

  it('finds the one fork that a deaf node shows, in the smallest town', async () => {
    const short = await shorten(shortFork({ seed: 1, nodes: 20, forks: 4, planted: deaf }), 12);
    expect(short?.rules).toEqual(['fork-unknown']);
    expect(short?.size).toBeLessThan(20);
    expect(short?.needed).toHaveLength(1);
  }, 240_000);

  it('finds the one gap that a deaf node shows', async () => {
    const only = (name: string): boolean => name.startsWith('gap of 1, ');
    const short = await shorten(shortGap({ seed: 1, nodes: 12, only, planted: deaf }), 12);
    expect(short?.rules).toEqual(['cheat-hidden']);
    expect(short?.from).toBe(5);
    expect(short?.needed).toHaveLength(1);
  }, 240_000);

  it('finds the stranger whose fork a deaf home of a town does not hear of', async () => {
    const faults = 300;
    const of = (homes: number) => ({
      seed: 3,
      faults,
      around: (world: World) => new Homes(world, homes, deaf),
    });
    const short = await shorten(shortHistory(of, 12, 12), 40, 'fork-unknown');
    expect(short?.needed).toHaveLength(1);
    expect(short?.needed[0]).toMatch(/ stranger$/);
  }, 600_000);

  it('makes a history of a soak short as it was lived there', async () => {
    const bug = PLANTED.find(({ role }) => role.name === 'sellers-send-wrong-keys');
    // Divisible by four: its data is really sealed.
    const of = () => ({ ...historyOf(4, new Set()), planted: bug?.role });
    const short = await shorten(shortHistory(of), 60);
    expect(short?.rules).toContain('acknowledged-and-unpaid');
    expect(short?.needed.length).toBeLessThan(short?.from ?? 0);
    expect(short?.needed.some((label) => label.endsWith(' buy'))).toBe(true);
  }, 600_000);
});
