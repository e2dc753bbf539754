import { describe } from 'vitest';
import { deliveryCases } from './delivery.ts';
import { disputeCases } from './disputes.ts';
import type { SettlementSuiteOptions } from './harness.ts';

/** What every {@link @edmp/interface!index.Settlement} must do (DESIGN §5). Registers vitest cases; call it at the top of a test file. */
export function settlementSuite(options: SettlementSuiteOptions): void {
  describe(`settlement suite: ${options.name}`, () => {
    deliveryCases(options);
    disputeCases(options);
  });
}
