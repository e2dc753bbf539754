import type { MeterSource } from '@edmp/interface';

/** A source with something to read, made for one test. */
export interface MeterSourceHarness {
  readonly source: MeterSource;
  /** Id of a device that has at least four readings of one register in the period. */
  readonly device: string;
  /** Start of the period, ms since the epoch, inclusive. */
  readonly from: number;
  /** End of the period, ms since the epoch, exclusive. */
  readonly to: number;
  /** Frees what the harness holds. */
  close?(): Promise<void>;
}

/** Options of `meterSourceSuite`. */
export interface MeterSourceSuiteOptions {
  /** Name of the implementation in test titles. */
  readonly name: string;
  create(): Promise<MeterSourceHarness>;
}

/** Runs `body` over a fresh source and cleans up, whatever happens. */
export async function withSource(
  options: MeterSourceSuiteOptions,
  body: (harness: MeterSourceHarness) => Promise<void>,
): Promise<void> {
  const harness = await options.create();
  try {
    await body(harness);
  } finally {
    await harness.close?.();
  }
}
