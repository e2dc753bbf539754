import { METER_FORMATS } from '@edmp/oehu-client/sources';
import { unzipSync, zipSync } from 'fflate';
import { expect, it } from 'vitest';
import { type MutatedFile, mutationSuite } from './support/mutations.ts';
import { sampleOptions, samples } from './support/samples.ts';

mutationSuite(
  'mutated samples of meter files',
  samples.map(({ name, kind, bytes }) => [`samples/${name}`, bytes, sampleOptions(kind)] as const),
);

mutationSuite(
  'mutated parts of workbooks',
  samples
    .filter(({ name }) => name.endsWith('.xlsx'))
    .flatMap(({ name, kind, bytes }) => {
      // What is not looked at makes nothing but work.
      const parts = unzipSync(bytes, { filter: (part) => /^xl\/(?!theme)/.test(part.name) });
      return Object.entries(parts).map(
        ([part, content]): MutatedFile => [
          `samples/${name}: ${part}`,
          content,
          sampleOptions(kind),
          (changed) => zipSync({ ...parts, [part]: changed }, { level: 0 }),
        ],
      );
    }),
);

it('mutates a sample of every kind that can be read', () => {
  const kinds = new Set(samples.map(({ kind }) => kind));
  expect(METER_FORMATS.map(({ kind }) => kind).filter((kind) => !kinds.has(kind))).toEqual([]);
});
