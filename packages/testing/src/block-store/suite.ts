import { describe } from 'vitest';
import type { BlockStoreSuiteOptions } from './harness.ts';
import { persistenceCases } from './persistence.ts';
import { propertyCases } from './properties.ts';
import { queryCases } from './queries.ts';
import { sharingCases } from './sharing.ts';
import { writeCases } from './writes.ts';

/** What every {@link @edmp/interface!index.BlockStore} implementation must do (DESIGN §3.5). Registers vitest cases; call it at the top of a test file. */
export function blockStoreSuite(options: BlockStoreSuiteOptions): void {
  describe(`block store suite: ${options.name}`, () => {
    queryCases(options);
    writeCases(options);
    persistenceCases(options);
    sharingCases(options);
    propertyCases(options);
  });
}
