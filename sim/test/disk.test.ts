import { rejection } from '@edmp/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom, virtualEnvironment } from '../../packages/interface/src/index.ts';
import { type DiskFaults, SimulatedDisk } from '../lib/disk.ts';

const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

function disk(seed: number, faults: Partial<DiskFaults> = {}) {
  const environment = virtualEnvironment({ seed });
  const notes: string[] = [];
  const made = new SimulatedDisk({
    environment,
    random: seededRandom(seed),
    faults,
    note: (note) => notes.push(note),
  });
  return { environment, disk: made, notes };
}

/** Batches of changes over few keys, so that they overlap. */
const batches = fc.array(
  fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.option(fc.string({ maxLength: 3 }))), {
    minLength: 1,
    maxLength: 3,
  }),
  { maxLength: 8 },
);

describe('a simulated disk', () => {
  it('keeps every write that it acknowledged, whole and in order, and a first part of those under way', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.nat(1_000), fc.nat(200), async (writes, seed, ms) => {
        const { disk: under, environment } = disk(seed, { slowMs: 40 });
        const { records } = await under.open();
        let acknowledged = 0;
        for (const batch of writes) {
          records
            .setMany(batch.map(([key, value]) => [key, value === null ? null : bytes(value)] as const))
            .then(() => acknowledged++)
            .catch(() => undefined);
        }
        await environment.advance(ms);
        const sure = acknowledged;
        under.crash();
        const after = await (await under.open()).records.entries('');
        const seen = JSON.stringify(after.map(([key, value]) => [key, text(value)]));
        // What stands is what some first part of the batches gives, at least the acknowledged ones.
        const possible: string[] = [];
        const model = new Map<string, string>();
        for (let count = 0; ; count++) {
          const sorted = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
          if (count >= sure) possible.push(JSON.stringify(sorted));
          if (count === writes.length) break;
          for (const [key, value] of writes[count] ?? []) {
            if (value === null) model.delete(key);
            else model.set(key, value);
          }
        }
        expect(possible).toContain(seen);
      }),
      { numRuns: 60 },
    );
  });

  it('has nothing to do with a process that has ended', async () => {
    const { disk: under } = disk(1);
    const before = await under.open();
    await before.records.set('a', bytes('1'));
    under.crash();
    await rejection(before.records.set('a', bytes('2')), 'ERR_STORE_CLOSED');
    await rejection(before.records.get('a'), 'ERR_STORE_CLOSED');
    await rejection(before.blocks.count(), 'ERR_STORE_CLOSED');
    expect(text(await (await under.open()).records.get('a'))).toBe('1');
  });

  it('takes acknowledged writes back when it lies about its syncs', async () => {
    const { disk: under, notes } = disk(3, { lostSync: 2 });
    for (let i = 0; !notes.includes('lost-sync') && i < 20; i++) {
      const { records } = await under.open();
      for (let n = 0; n < 20; n++) await records.set('a', bytes(String(n)));
      under.crash();
    }
    expect(notes).toContain('lost-sync');
    expect(Number(text(await (await under.open()).records.get('a')))).toBeLessThan(19);
  });

  it('rots one bit of a record, and is full, when told to', async () => {
    const { disk: under, notes } = disk(4, { bitRot: 1 });
    const { records } = await under.open();
    await records.set('a', bytes('0000'));
    for (let i = 0; !notes.includes('bit-rot') && i < 20; i++) under.crash();
    expect(text(await (await under.open()).records.get('a'))).not.toBe('0000');
    under.setFaults({ full: 1 });
    await rejection((await under.open()).records.set('b', bytes('1')), 'ERR_STORE_FULL');
  });

  it('goes back to a backup', async () => {
    const { disk: under } = disk(5);
    const first = await under.open();
    await first.records.set('a', bytes('1'));
    const image = under.snapshot();
    await first.records.set('a', bytes('2'));
    under.restore(image);
    expect(text(await (await under.open()).records.get('a'))).toBe('1');
  });
});
