/**
 * What can go wrong on purpose in a demo: the emulator is unplugged before the meter is read, the buyer bids too
 * little, the seller serves altered ciphertext, or the seller's process dies when it owes the key.
 */
export type DemoFault = 'emulator-down' | 'wrong-price' | 'corrupt-content' | 'kill-seller';

/** All faults, for option parsers. */
export const DEMO_FAULTS: readonly DemoFault[] = [
  'emulator-down',
  'wrong-price',
  'corrupt-content',
  'kill-seller',
];

/** Options of `runDemo`. */
export interface DemoOptions {
  /** Command that runs this CLI: executable and leading arguments. */
  readonly command: readonly string[];
  /** Folder for everything that the demo writes. */
  readonly folder: string;
  /** Seed of the emulated household. */
  readonly seed: number;
  /** Price of the day, minor units. */
  readonly price: bigint;
  /** Label of a community token to pay with, whose notary is a process of its own; absent: test money `DUM1`. */
  readonly currency?: string;
  readonly fault?: DemoFault;
  /** Longest wait for a process to be ready or for the deal to end, ms. */
  readonly timeoutMs: number;
  /** Receives what people read. */
  readonly write: (text: string) => void;
  /** Monotonic clock, ms. */
  readonly now: () => number;
}
