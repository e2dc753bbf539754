import { mutationSuite } from './support/mutations.ts';
import { sampleOptions, samples } from './support/samples.ts';

mutationSuite(
  'mutated samples of meter files',
  samples.map(({ name, kind, bytes }) => [`samples/${name}`, bytes, sampleOptions(kind)] as const),
);
