import { describe } from 'vitest';
import type { NetworkSuiteOptions } from './harness.ts';
import { lifecycleCases } from './lifecycle.ts';
import { limitCases } from './limits.ts';
import { requestCases } from './requests.ts';
import { topicCases } from './topics.ts';

/** What every {@link @edmp/interface!index.Network} implementation must do (DESIGN §3.6). Registers vitest cases; call it at the top of a test file. */
export function networkSuite(options: NetworkSuiteOptions): void {
  describe(`network suite: ${options.name}`, () => {
    lifecycleCases(options);
    requestCases(options);
    limitCases(options);
    topicCases(options);
  });
}
