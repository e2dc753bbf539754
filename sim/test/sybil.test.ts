import { expect, test } from 'vitest';
import { measureGain, SHAPES } from '../sybil/lab.ts';
import { brokenRules, gainTable } from '../sybil/report.ts';

test.each(SHAPES)('made-up agents in the shape %s gain nothing that they must not', (shape) => {
  const gain = measureGain(7, shape, 40);
  expect(gain.exposureBefore).toBeGreaterThan(0);
  expect(brokenRules(gain)).toEqual([]);
  expect(gain.exposureAfter).toBe(shape === 'washing' ? gain.exposureAfter : gain.exposureBefore);
  if (shape === 'apart') expect(gain).toMatchObject({ bestScore: 0, bestHits: 0 });
  expect(measureGain(7, shape, 40)).toEqual(gain);
});

test('a gain that must not be is told', () => {
  const gain = measureGain(7, 'apart', 10);
  expect(brokenRules({ ...gain, exposureAfter: gain.exposureBefore + 1 })).toHaveLength(1);
  expect(
    brokenRules({ ...gain, bestScore: 1e9, bestHits: 1e9, hitsAfter: 1e9, honestChanged: 1 }),
  ).toHaveLength(4);
  expect(gainTable([gain], 7)).toContain('| apart | 10 |');
});
