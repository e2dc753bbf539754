import { describe } from 'vitest';
import { blockCases } from './blocks.ts';
import type { ContentStoreSuiteOptions } from './harness.ts';
import { pinCases } from './pins.ts';

/** What every {@link @edmp/interface!index.ContentStore} must do (DESIGN §5.2). Registers vitest cases; call it at the top of a test file. */
export function contentStoreSuite(options: ContentStoreSuiteOptions): void {
  describe(`content store suite: ${options.name}`, () => {
    blockCases(options);
    pinCases(options);
  });
}
