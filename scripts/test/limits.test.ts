import { describe, expect, it } from 'vitest';
import { declaredLimits, limitsPage, shown } from '../limits.ts';

describe('limits of the sources', () => {
  it('are exported constants that are called so, with what their comments say', () => {
    const text = `/** How {@link x | long} it
     * may be. */
    export const MAX_LENGTH: number = 4;
    const MAX_HIDDEN = 2;
    export const MAXIMAL = 1;
    /** Of a thing. */
    interface ThingLimits {
      /** Most things. */
      readonly things: number;
      readonly rate: Rate;
    }
    /** Defaults. */
    export const THING_LIMITS: ThingLimits = { things: 1, rate };`;
    expect(declaredLimits('a.ts', text)).toEqual([
      { name: 'MAX_LENGTH', says: 'How long it may be.', properties: new Map() },
      {
        name: 'THING_LIMITS',
        says: 'Defaults.',
        properties: new Map([
          ['things', 'Most things.'],
          ['rate', ''],
        ]),
      },
    ]);
  });

  it('are shown in the unit that their names tell', () => {
    expect(shown('MAX_BYTES', 66 * 1024)).toBe('66 KiB');
    expect(shown('MAX_BYTES', 3 << 20)).toBe('3 MiB');
    expect(shown('MAX_BYTES', 65_603)).toBe('65,603 bytes');
    expect(shown('MAX_AHEAD_MS', 300_000)).toBe('5 minutes');
    expect(shown('maxAgeMs', 1_500)).toBe('1500 ms');
    expect(shown('MAX_ITEMS', 65_536)).toBe('65,536');
    expect(shown('MAX_AMOUNT', 2n ** 63n - 1n)).toBe('9,223,372,036,854,775,807');
  });

  it('make a row each, with two tests at most, and nothing that breaks the table', () => {
    const limit = {
      package: '@x/y',
      name: 'MAX_A',
      value: 1,
      says: 'a | <b>',
      source: 'packages/y/src/a.ts',
    };
    const page = limitsPage([limit], () => ['packages/y/test/a.test.ts', 'b.test.ts', 'c.test.ts']);
    expect(page).toContain(
      '| [`MAX_A`](../packages/y/src/a.ts) | 1 | a \\| &lt;b> | [a](../packages/y/test/a.test.ts), [b](../b.test.ts) |',
    );
  });
});
