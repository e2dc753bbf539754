import { isEdmpError, seededRandom } from '@edmp/interface';
import { formatReading, type ReadMeterFileOptions, readMeterFile, registersOf } from '@edmp/oehu-client';
import { describe, expect, it } from 'vitest';

/** Mutations of each file; the continuous integration asks for ten thousand, by `EDMP_FUZZ_RUNS`. */
const RUNS = Number(process.env.EDMP_FUZZ_RUNS ?? 1000);
const INTERESTING = [...'<>/!()[]{}"\\:,.*-+eE0919SW\0\x1b\xff\r\n'].map((character) =>
  character.charCodeAt(0),
);

/** One to four random edits: change, remove, insert, repeat, swap, cut off. */
function mutate(bytes: Uint8Array, random: ReturnType<typeof seededRandom>): Uint8Array {
  let data = bytes.slice();
  const splice = (at: number, removed: number, added: Uint8Array): void => {
    const next = new Uint8Array(Math.max(0, data.length - removed) + added.length);
    next.set(data.subarray(0, at));
    next.set(added, at);
    next.set(data.subarray(at + removed), at + added.length);
    data = next;
  };
  for (let edits = 1 + random.below(4); edits > 0 && data.length > 10; edits--) {
    const at = random.below(data.length - 8);
    const length = 1 + random.below(8);
    const fresh =
      random.unit() < 0.5 ? random.below(256) : (INTERESTING[random.below(INTERESTING.length)] ?? 0);
    switch (random.below(6)) {
      case 0:
        data[at] = fresh;
        break;
      case 1:
        splice(at, length, new Uint8Array(0));
        break;
      case 2:
        splice(at, 0, Uint8Array.of(fresh));
        break;
      case 3:
        splice(at, 0, data.slice(at, at + 40));
        break;
      case 4:
        data[at] = (data[at] ?? 0) ^ (1 << random.below(8));
        break;
      default:
        if (random.unit() < 0.2) data = data.slice(0, at);
    }
  }
  return data;
}

/**
 * A file's name, its bytes, and what it does not tell of itself. Of an archive the bytes may be those of a file in it, with
 * what packs them: mutations of packed bytes rarely get past the unpacking.
 */
export type MutatedFile = readonly [
  name: string,
  bytes: Uint8Array,
  options: ReadMeterFileOptions,
  pack?: (bytes: Uint8Array) => Uint8Array,
];

/** Every mutation of every file gives readings or a typed error. */
export function mutationSuite(title: string, files: readonly MutatedFile[]): void {
  describe(title, () => {
    if (files.length === 0) it.skip('needs the meter fixtures beside the repository', () => {});
    const asIs = (bytes: Uint8Array): Uint8Array => bytes;
    it.each(files.map(([name, bytes, options, pack = asIs]) => [name, bytes, options, pack] as const))(
      '%s: every mutation gives readings or a typed error',
      (name, original, options, pack) => {
        const runs = RUNS;
        const kind = readMeterFile(pack(original), options).kind;
        const random = seededRandom(1).fork(name);
        const counts = { read: 0, refused: 0 };
        let slowest = 0;
        for (let run = 0; run < runs; run++) {
          const mutated = pack(mutate(original, random));
          const began = performance.now();
          try {
            const file = readMeterFile(mutated, { ...options, ...(run % 2 === 0 ? { kind } : {}) });
            counts.read++;
            for (const reading of file.readings) {
              const isSound = Number.isSafeInteger(reading.value) && reading.value >= 0;
              if (!isSound) expect.unreachable(`run ${run} gave the value ${reading.value}`);
              const at = 'duration' in reading ? reading.start : reading.at;
              if (!Number.isFinite(at)) expect.unreachable(`run ${run} gave the time ${at}`);
            }
            if (run % 50 === 0) {
              for (const reading of file.readings) formatReading(reading);
              registersOf(file.readings);
            }
          } catch (error) {
            if (!isEdmpError(error) || !error.code.startsWith('ERR_METER_')) throw error;
            counts.refused++;
          }
          slowest = Math.max(slowest, performance.now() - began);
        }
        expect(counts.read + counts.refused).toBe(runs);
        expect(counts.refused).toBeGreaterThan(0);
        expect(slowest).toBeLessThan(5000);
      },
      600_000,
    );
  });
}
